use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use archon_domain::{StoreError, StoreErrorKind};

/// Whether the fast store is to be relied on, shared by all that ask it.
///
/// Closed: it is asked, and waited for as long as the patience goes. The first call that fails or takes
/// longer opens it. Open: nobody asks and nobody waits; the durable store and what runs in process do the
/// work. Only the keeper closes it again, once the fast store answers and is up to date.
///
/// It begins open.
pub struct Breaker {
    closed: AtomicBool,
    patience: Duration,
}

/// That the fast store has not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Away {
    /// It was not asked, because the breaker is open: nothing has happened.
    NotAsked,
    /// It was asked, and what was asked for may have happened.
    NoAnswer,
}

impl Breaker {
    /// How long a call may take unless told otherwise.
    pub const DEFAULT_PATIENCE: Duration = Duration::from_millis(50);

    /// An open breaker; a call may take as long as `patience` once it is closed.
    #[must_use]
    pub fn new(patience: Duration) -> Self {
        metrics::gauge!("archon_fast_store_up").set(0.0);
        Self { closed: AtomicBool::new(false), patience }
    }

    /// Whether the fast store is relied on.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Makes a call of the fast store if it is relied on, and relies on it no more if the call fails.
    /// `what` is a short phrase for the log.
    ///
    /// # Errors
    /// That there is no answer; why is in the log.
    pub async fn call<T>(
        &self,
        what: &'static str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Away> {
        if self.is_closed() { self.attempt(what, call).await } else { Err(Away::NotAsked) }
    }

    /// Makes a call whether or not the fast store is relied on.
    pub(crate) async fn attempt<T>(
        &self,
        what: &'static str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, Away> {
        self.within_patience(what, call).await.map_err(|error| {
            self.open(what, &error);
            Away::NoAnswer
        })
    }

    /// Waits for a call as long as a request would; what becomes of it does not matter to the breaker.
    pub(crate) async fn within_patience<T>(
        &self,
        what: &'static str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        within(self.patience, what, call).await
    }

    /// Relies on the fast store no more, because of a call that failed.
    pub(crate) fn open(&self, what: &'static str, failure: &StoreError) {
        metrics::counter!("archon_fast_store_failures_total", "call" => what).increment(1);
        if self.closed.swap(false, Ordering::SeqCst) {
            metrics::gauge!("archon_fast_store_up").set(0.0);
            tracing::warn!(
                what,
                error = failure as &dyn std::error::Error,
                "the fast store is away; serving from the database"
            );
        }
    }

    /// Relies on the fast store from now on.
    pub(crate) fn close(&self) {
        if !self.closed.swap(true, Ordering::SeqCst) {
            metrics::gauge!("archon_fast_store_up").set(1.0);
            tracing::info!("the fast store answers and is up to date");
        }
    }
}

impl fmt::Debug for Breaker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Breaker").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

/// Waits for a call of the fast store, no longer than `limit`.
async fn within<T>(
    limit: Duration,
    what: &'static str,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let late = |elapsed| Err(StoreError::new(StoreErrorKind::Unavailable, what).with_source(elapsed));
    tokio::time::timeout(limit, call).await.unwrap_or_else(late)
}

/// Waits for a call that no request waits for: longer than any request would.
pub(crate) async fn in_time<T>(
    what: &'static str,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    within(Duration::from_secs(1), what, call).await
}
