use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use archon_domain::Instant;
use archon_domain::ports::{Clock, Entropy};
use chrono::DateTime;

/// A clock that stands still until it is turned.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<Mutex<Instant>>);

impl TestClock {
    /// Microseconds since 1970 at which every test clock starts: 2026-01-05T10:00:00.123456Z.
    const START: i64 = 1_767_607_200_123_456;

    /// Turns the clock forward.
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now += by;
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(DateTime::from_timestamp_micros(Self::START).unwrap_or_default())))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Random bits that are the same in every run: SplitMix64 from a seed. For tests only.
#[derive(Debug, Clone)]
pub struct TestEntropy(Arc<Mutex<u64>>);

impl TestEntropy {
    /// Bits that follow from `seed`.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(seed)))
    }
}

impl Entropy for TestEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = *state;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let random = (mixed ^ (mixed >> 31)).to_le_bytes();
            chunk.copy_from_slice(&random[..chunk.len()]);
        }
    }
}
