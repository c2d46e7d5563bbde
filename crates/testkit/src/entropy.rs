use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use archon_domain::ports::Entropy;

/// Random bits that follow from a seed (SplitMix64), so that a run can be repeated. For tests only.
///
/// What is drawn in pieces of another size comes from another stream: the four bytes that a worker draws
/// behind the requests, whenever it happens to, change no identifier.
#[derive(Debug, Clone)]
pub struct TestEntropy {
    seed: u64,
    streams: Arc<Mutex<BTreeMap<usize, u64>>>,
}

/// How far apart the states of a stream lie, and the streams themselves; SplitMix64's own constant.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl TestEntropy {
    /// Bits that follow from `seed`.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { seed, streams: Arc::default() }
    }
}

impl Entropy for TestEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let size = bytes.len();
        let state = streams.entry(size).or_insert_with(|| mixed(self.seed ^ mixed(size as u64)));
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(STEP);
            chunk.copy_from_slice(&mixed(*state).to_le_bytes()[..chunk.len()]);
        }
    }
}

fn mixed(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}
