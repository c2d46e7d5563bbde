//! The use cases and workers of Archon Auth over the ports of archon-domain.
