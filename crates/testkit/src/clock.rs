use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use archon_domain::Instant;
use archon_domain::ports::Clock;
use tokio::sync::Notify;

/// A clock that stands still until it is turned.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<Mutex<Dial>>);

#[derive(Debug)]
struct Dial {
    now: Instant,
    watchers: Vec<Arc<Notify>>,
}

impl TestClock {
    /// A clock that shows `now`, in whole microseconds.
    #[must_use]
    pub fn at(now: Instant) -> Self {
        let now = Instant::from_timestamp_micros(now.timestamp_micros()).unwrap_or(now);
        Self(Arc::new(Mutex::new(Dial { now, watchers: Vec::new() })))
    }

    /// Turns the clock forward.
    pub fn advance(&self, by: Duration) {
        let mut dial = self.dial();
        dial.now += by;
        for watcher in &dial.watchers {
            watcher.notify_one();
        }
    }

    /// Wakes whoever waits for `watcher` at each turn: what is due by this clock is not late by the real one.
    pub(crate) fn wake(&self, watcher: Arc<Notify>) {
        self.dial().watchers.push(watcher);
    }

    fn dial(&self) -> MutexGuard<'_, Dial> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        self.dial().now
    }
}
