//! The binary archon-auth: configuration, wiring, command line.
