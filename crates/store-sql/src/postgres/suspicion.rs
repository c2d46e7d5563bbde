//! What the connections of a pool know about each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A suspicion that one connection casts on all that were made before: when a server falls silent, each
/// of them would otherwise cost a request its whole patience.
#[derive(Debug, Clone, Default)]
pub(super) struct Suspicion {
    cast: Arc<AtomicU64>,
    seen: u64,
}

impl Suspicion {
    /// For a connection that is made now.
    pub(super) fn for_new(&self) -> Self {
        Self { cast: Arc::clone(&self.cast), seen: self.cast.load(Ordering::Acquire) }
    }

    /// Casts it on every connection there is.
    pub(super) fn cast(&self) {
        self.cast.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether it was cast since the connection was made.
    pub(super) fn is_cast(&self) -> bool {
        self.cast.load(Ordering::Acquire) != self.seen
    }
}
