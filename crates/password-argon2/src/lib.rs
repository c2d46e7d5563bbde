//! Argon2id on a bounded pool of threads of its own.
