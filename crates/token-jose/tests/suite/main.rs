//! What the crate promises, by its public names alone.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod encrypted_key_store;
mod file_key_store;
mod fixture;
mod hostile;
mod keys;
mod sealing;
mod tokens;
