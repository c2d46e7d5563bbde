//! Argon2id on a bounded pool of threads of its own.
//!
//! [`Argon2Hasher`] hashes on its own threads, each with memory of its own that is allocated once;
//! its queue is bounded, and who finds it full is told so at once. So neither a flood of log-ins nor
//! callers that have gone away can take the machine's memory or the request threads' time.

mod calibrate;
mod hasher;
mod memory;
mod parameters;
mod phc;
mod pool;
#[cfg(test)]
mod tests;

pub use calibrate::calibrate;
pub use hasher::Argon2Hasher;
pub use parameters::{Argon2Parameters, PoolSettings};
