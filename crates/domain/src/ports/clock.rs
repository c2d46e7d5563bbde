use std::fmt::Debug;

use crate::Instant;

/// Tells the time.
pub trait Clock: Send + Sync + Debug {
    /// Now, in whole microseconds (what every database can keep).
    fn now(&self) -> Instant;
}

/// Yields random bits that nobody can guess.
pub trait Entropy: Send + Sync + Debug {
    /// Fills `bytes` from a cryptographically secure source.
    fn fill(&self, bytes: &mut [u8]);
}
