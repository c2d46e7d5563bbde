use std::future::Future;
use std::time::Duration;

use archon_domain::Instant;
use tokio::time;

/// The longest that anybody waits for a provider, retries included.
const PATIENCE: Duration = Duration::from_secs(10);

/// What one caller asks of a provider: when it began, and until when it must be over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visit {
    now: Instant,
    deadline: time::Instant,
}

impl Visit {
    /// A visit that begins now.
    pub(crate) fn begin(now: Instant) -> Self {
        Self { now, deadline: time::Instant::now() + PATIENCE }
    }

    /// When it began, by the clock of the service.
    pub(crate) fn now(&self) -> Instant {
        self.now
    }

    /// Until when it must be over, by the machine's timer.
    pub(crate) fn deadline(&self) -> time::Instant {
        self.deadline
    }

    /// The same visit, over after `patience` at the latest.
    pub(crate) fn at_most(self, patience: Duration) -> Self {
        Self { deadline: self.deadline.min(time::Instant::now() + patience), ..self }
    }

    /// Waits for something while the visit lasts.
    pub(crate) async fn wait<T>(&self, something: impl Future<Output = T>) -> Option<T> {
        time::timeout_at(self.deadline, something).await.ok()
    }
}
