use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use archon_domain::Notice;
use archon_domain::ports::{Clock, Noticeboard, Outbox};
use tokio::sync::mpsc;

use crate::fast_path::Breaker;
use crate::workers::NoticeWriter;

/// How many notices may wait to be put up.
const QUEUE: usize = 1024;

/// Takes notices off the hands of use cases, for operators who watch.
///
/// Nothing waits for it and nothing is kept: when the queue is full, notices are dropped.
#[derive(Clone)]
pub struct Notices(Option<Queue>);

#[derive(Clone)]
struct Queue {
    sender: mpsc::Sender<Notice>,
    losses: Losses,
}

/// Counts what is not put up, and says so once until something is again.
#[derive(Clone, Default)]
pub(crate) struct Losses(Arc<AtomicBool>);

impl Notices {
    /// For deployments without a fast store, where there is no place to watch.
    #[must_use]
    pub fn unwatched() -> Self {
        Self(None)
    }

    /// Notices that `board` shows, and the worker that puts them up.
    pub(crate) fn watched(
        board: Arc<dyn Noticeboard>,
        outbox: Arc<dyn Outbox>,
        breaker: Arc<Breaker>,
        clock: Arc<dyn Clock>,
    ) -> (Self, NoticeWriter) {
        let (sender, queue) = mpsc::channel(QUEUE);
        let losses = Losses::default();
        let writer = NoticeWriter { queue, board, outbox, breaker, clock, losses: losses.clone() };
        (Self(Some(Queue { sender, losses })), writer)
    }

    /// Whether anybody can see them.
    pub(crate) fn are_watched(&self) -> bool {
        self.0.is_some()
    }

    /// Puts a notice up soon, or never.
    pub(crate) fn post(&self, notice: Notice) {
        if let Some(queue) = &self.0
            && queue.sender.try_send(notice).is_err()
        {
            queue.losses.count(1);
        }
    }
}

impl Losses {
    pub(crate) fn count(&self, notices: usize) {
        metrics::counter!("archon_notices_dropped_total").increment(notices as u64);
        if !self.0.swap(true, Ordering::Relaxed) {
            tracing::warn!(notices, "operators do not see everything in the fast store");
        }
    }

    pub(crate) fn are_over(&self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
