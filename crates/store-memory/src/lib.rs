//! Every storage port in memory: the reference semantics, and the fast path of a single node.
