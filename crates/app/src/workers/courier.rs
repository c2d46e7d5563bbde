use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use archon_domain::ports::{Clock, Entropy};
use archon_domain::{
    DeliveryError, Instant, RetrySchedule, Span, StoreError, StoreErrorKind, mask_addresses,
};
use async_trait::async_trait;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// A queue of messages, and the way that they go.
#[async_trait]
pub(super) trait Dispatch: Send + Sync + 'static {
    /// What is sent.
    type Message: Send + Sync + 'static;

    /// What one of them is called in the log.
    const NAME: &'static str;

    /// Takes messages that are due; nobody else is given them until `lease_until`.
    async fn claim(
        &self,
        limit: u32,
        lease_until: Instant,
        now: Instant,
    ) -> Result<Vec<Self::Message>, StoreError>;

    /// Tries to send one.
    async fn deliver(&self, message: &Self::Message, now: Instant) -> Result<(), DeliveryError>;

    /// Stores that one was sent.
    async fn sent(&self, message: &Self::Message) -> Result<(), StoreError>;

    /// Stores that one was not sent, why, and when it is tried again; `None` when it is given up.
    async fn postpone(
        &self,
        message: &Self::Message,
        next: Option<Instant>,
        error: &str,
    ) -> Result<(), StoreError>;

    /// Identifies one.
    fn id(message: &Self::Message) -> impl Display + Send;

    /// How often one was tried, this time included.
    fn attempts(message: &Self::Message) -> u32;

    /// Counts a try, how it has ended (`sent`, `postponed` or `failed`) and how long it has taken.
    fn count(message: &Self::Message, outcome: &'static str, took: Duration);
}

/// Sends what a queue holds: some at a time, again later what was not taken, and up to a point.
///
/// A message leaves its queue only once the other side has taken it: a process that dies in between sends it once
/// more, under the same id. Couriers of several processes share the messages of one queue.
pub(super) struct Courier<D> {
    pub(super) dispatch: D,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) schedule: RetrySchedule,
    /// Told when there is a message to send.
    pub(super) queued: Arc<Notify>,
}

/// What is to be stored of a message whose try is over.
enum Verdict {
    Sent,
    Postponed(Instant),
    GivenUp,
}

impl<D: Dispatch> Courier<D> {
    /// Messages that are under way at the same time; one that the other side keeps waiting holds up none but itself.
    /// More than a mail server takes at a time, so that the next is at hand when its turn comes.
    const AT_A_TIME: usize = 8;

    /// How long a try may take, however patient the transport is: its turn may have to be waited for.
    const LONGEST_TRY: Duration = Duration::from_secs(70);

    /// How long a courier goes on trying to store what became of a message.
    const LONGEST_STORING: Duration = Duration::from_secs(20);

    /// How long a claimed message is nobody else's: longer than the two above together, by as much as the clocks
    /// of two replicas may differ; and no longer than a message should wait whose process died over it.
    const LEASE: Span = Span::minutes(2);

    /// How often retries and the messages of other processes are looked for.
    const LOOK: Duration = Duration::from_secs(1);

    /// How long a stop waits for the other side.
    const LAST_WORDS: Duration = Duration::from_secs(10);

    /// Sends messages as they fall due, until told to stop; then sends what is due and returns, soon even when
    /// the other side is silent. What is not sent then is sent after the next start.
    pub(super) async fn run(self, stop: watch::Receiver<bool>) {
        let mut told = stop.clone();
        let patience = async move {
            let _ = told.wait_for(|stop| *stop).await;
            tokio::time::sleep(Self::LAST_WORDS).await;
        };
        tokio::select! {
            () = Arc::new(self).send_until(stop) => {}
            () = patience => {
                tracing::warn!("stopped before the other side had answered; what is due waits: {}", D::NAME);
            }
        }
    }

    async fn send_until(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut looks = tokio::time::interval(Self::LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut under_way = JoinSet::new();
        let mut may_be_due = true;
        loop {
            // Asked before the look, so that what was queued up to the order to stop is still sent.
            let is_last = *stop.borrow() || stop.has_changed().is_err();
            let free = Self::AT_A_TIME - under_way.len();
            if may_be_due && free > 0 {
                let claimed = self.claim(free).await;
                may_be_due = claimed.len() == free;
                for message in claimed {
                    under_way.spawn(Arc::clone(&self).send(message));
                }
            }
            if is_last && under_way.is_empty() {
                return;
            }
            tokio::select! {
                // One that has panicked has said so, and its message is tried again after its lease.
                Some(_) = under_way.join_next() => while under_way.try_join_next().is_some() {},
                () = self.queued.notified() => may_be_due = true,
                _ = looks.tick() => may_be_due = true,
                _ = stop.wait_for(|stop| *stop), if !is_last => may_be_due = true,
            }
        }
    }

    /// Claims a few of the messages that are due; none when the store is away.
    async fn claim(&self, places: usize) -> Vec<D::Message> {
        let (now, limit) = (self.clock.now(), u32::try_from(places).unwrap_or(u32::MAX));
        self.dispatch.claim(limit, now + Self::LEASE, now).await.unwrap_or_else(|error| {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the store is away, and what is due waits: {}", D::NAME);
            Vec::new()
        })
    }

    async fn send(self: Arc<Self>, message: D::Message) {
        let begun = tokio::time::Instant::now();
        let outcome = self.deliver(&message).await;
        let took = begun.elapsed();
        let (verdict, words) = match outcome {
            Ok(()) => (Verdict::Sent, String::new()),
            Err(error) => (self.judge(&message, &error), error.to_string()),
        };
        D::count(&message, verdict.word(), took);
        self.store(&message, &verdict, &words).await;
    }

    /// Tries to deliver a message, for as long as it is surely nobody else's.
    async fn deliver(&self, message: &D::Message) -> Result<(), DeliveryError> {
        let delivering = self.dispatch.deliver(message, self.clock.now());
        let trying = tokio::time::timeout(Self::LONGEST_TRY, delivering);
        trying.await.unwrap_or_else(|_| {
            Err(DeliveryError::Temporary(format!("no answer within {:?}", Self::LONGEST_TRY)))
        })
    }

    /// Whether a message that was not sent is tried again, and when.
    fn judge(&self, message: &D::Message, error: &DeliveryError) -> Verdict {
        let (id, attempts) = (D::id(message), D::attempts(message));
        let next = match error {
            DeliveryError::Temporary(_) => {
                self.schedule.next_attempt(attempts, self.jitter(), self.clock.now())
            }
            DeliveryError::Permanent(_) => None,
        };
        // Servers like to repeat the address.
        let error = mask_addresses(&error.to_string());
        match next {
            Some(at) => {
                tracing::warn!(%id, attempts, next_attempt = %at, error, "{} was not sent", D::NAME);
                Verdict::Postponed(at)
            }
            None => {
                tracing::error!(%id, attempts, error, "{} was given up", D::NAME);
                Verdict::GivenUp
            }
        }
    }

    /// Stores what became of a message. While the store is away this goes on trying: a message that is not known to
    /// be sent will be sent again.
    async fn store(&self, message: &D::Message, verdict: &Verdict, words: &str) {
        let storing = async {
            loop {
                let stored = match verdict {
                    Verdict::Sent => self.dispatch.sent(message).await,
                    Verdict::Postponed(next) => self.dispatch.postpone(message, Some(*next), words).await,
                    Verdict::GivenUp => self.dispatch.postpone(message, None, words).await,
                };
                match stored {
                    Err(error) if may_pass(&error) => tokio::time::sleep(Self::LOOK).await,
                    stored => return stored,
                }
            }
        };
        let gone = StoreError::new(StoreErrorKind::Unavailable, "store what became of a message");
        let stored = tokio::time::timeout(Self::LONGEST_STORING, storing).await.unwrap_or(Err(gone));
        if let Err(error) = stored {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "what became of {} was not stored; it may be sent again", D::NAME);
        }
    }

    /// A number from 0 to 1.
    fn jitter(&self) -> f64 {
        let mut random = [0; 4];
        self.entropy.fill(&mut random);
        f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX)
    }
}

impl Verdict {
    const fn word(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Postponed(_) => "postponed",
            Self::GivenUp => "failed",
        }
    }
}

/// Whether the same call may succeed later.
fn may_pass(error: &StoreError) -> bool {
    matches!(error.kind(), StoreErrorKind::Unavailable | StoreErrorKind::Conflict)
}
