//! The contract suites that every adapter of a storage port must pass.
