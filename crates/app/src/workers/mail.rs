use std::sync::Arc;
use std::time::Duration;

use archon_domain::ports::{Clock, Entropy, Mailer, Outbox};
use archon_domain::{
    DeliveryError, Instant, MailId, QueuedMail, RetrySchedule, Span, StoreError, StoreErrorKind,
    mask_addresses,
};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::Auth;

/// Sends what the outbox holds.
///
/// A mail leaves the outbox only once its server has taken it: a process that dies in between sends it
/// once more, under the same Message-ID. Workers of several processes share the mails of one outbox.
pub struct MailWorker {
    outbox: Arc<dyn Outbox>,
    mailer: Arc<dyn Mailer>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    schedule: RetrySchedule,
    queued: Arc<Notify>,
}

/// What is to be stored of a mail whose try is over.
enum Verdict {
    Sent,
    Postponed(Instant),
    GivenUp,
}

impl MailWorker {
    /// Mails that are under way at the same time; one that its server keeps waiting holds up none but itself.
    /// More than a mail server takes at a time, so that the next is at hand when its turn comes.
    const AT_A_TIME: usize = 8;

    /// How long a try may take, however patient the transport is: its turn may have to be waited for.
    const LONGEST_TRY: Duration = Duration::from_secs(70);

    /// How long a worker goes on trying to store what became of a mail.
    const LONGEST_STORING: Duration = Duration::from_secs(20);

    /// How long a claimed mail is nobody else's: longer than the two above together, by as much as the clocks
    /// of two replicas may differ; and no longer than a mail should wait whose process died over it.
    const LEASE: Span = Span::minutes(2);

    /// How often retries and the mails of other processes are looked for.
    const LOOK: Duration = Duration::from_secs(1);

    /// How long a stop waits for the mail server.
    const LAST_WORDS: Duration = Duration::from_secs(10);

    /// A worker for the mails of `auth`.
    #[must_use]
    pub fn new(auth: &Auth, schedule: RetrySchedule) -> Self {
        let ports = &auth.ports;
        Self {
            outbox: Arc::clone(&ports.outbox),
            mailer: Arc::clone(&ports.mailer),
            clock: Arc::clone(&ports.clock),
            entropy: Arc::clone(&ports.entropy),
            schedule,
            queued: auth.mail_queued(),
        }
    }

    /// Sends mails as they fall due, until told to stop; then sends what is due and returns, soon even when
    /// the mail server is silent. What is not sent then is sent after the next start.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let mut told = stop.clone();
        let patience = async move {
            let _ = told.wait_for(|stop| *stop).await;
            tokio::time::sleep(Self::LAST_WORDS).await;
        };
        tokio::select! {
            () = Arc::new(self).send_until(stop) => {}
            () = patience => tracing::warn!("stopped before the mail server had answered; the mails wait"),
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
                for queued in claimed {
                    under_way.spawn(Arc::clone(&self).send(queued));
                }
            }
            if is_last && under_way.is_empty() {
                return;
            }
            tokio::select! {
                // One that has panicked has said so, and its mail is tried again after its lease.
                Some(_) = under_way.join_next() => while under_way.try_join_next().is_some() {},
                () = self.queued.notified() => may_be_due = true,
                _ = looks.tick() => may_be_due = true,
                _ = stop.wait_for(|stop| *stop), if !is_last => may_be_due = true,
            }
        }
    }

    /// Claims a few of the mails that are due; none when the outbox is away.
    async fn claim(&self, places: usize) -> Vec<QueuedMail> {
        let (now, limit) = (self.clock.now(), u32::try_from(places).unwrap_or(u32::MAX));
        self.outbox.claim(limit, now + Self::LEASE, now).await.unwrap_or_else(|error| {
            log_failure("mails wait: the outbox is away", &error);
            Vec::new()
        })
    }

    async fn send(self: Arc<Self>, queued: QueuedMail) {
        let begun = tokio::time::Instant::now();
        let outcome = self.deliver(&queued).await;
        let took = begun.elapsed();
        let (verdict, words) = match outcome {
            Ok(()) => (Verdict::Sent, String::new()),
            Err(error) => (self.judge(&queued, &error), error.to_string()),
        };
        let (kind, word) = (queued.mail.message.kind(), verdict.word());
        metrics::counter!("archon_mails_total", "kind" => kind, "outcome" => word).increment(1);
        metrics::histogram!("archon_mail_send_seconds", "outcome" => word).record(took.as_secs_f64());
        self.store(queued.mail.id, &verdict, &words).await;
    }

    /// Tries to deliver a mail, for as long as it is surely nobody else's.
    async fn deliver(&self, queued: &QueuedMail) -> Result<(), DeliveryError> {
        let trying = tokio::time::timeout(Self::LONGEST_TRY, self.mailer.deliver(&queued.mail));
        trying.await.unwrap_or_else(|_| {
            Err(DeliveryError::Temporary(format!("no answer within {:?}", Self::LONGEST_TRY)))
        })
    }

    /// Whether a mail that was not sent is tried again, and when.
    fn judge(&self, queued: &QueuedMail, error: &DeliveryError) -> Verdict {
        let next = match error {
            DeliveryError::Temporary(_) => {
                self.schedule.next_attempt(queued.attempts, self.jitter(), self.clock.now())
            }
            DeliveryError::Permanent(_) => None,
        };
        let (id, attempts) = (queued.mail.id, queued.attempts);
        // Servers like to repeat the address.
        let error = mask_addresses(&error.to_string());
        match next {
            Some(at) => {
                tracing::warn!(mail_id = %id, attempts, next_attempt = %at, error, "a mail was not sent");
                Verdict::Postponed(at)
            }
            None => {
                tracing::error!(mail_id = %id, attempts, error, "a mail was given up");
                Verdict::GivenUp
            }
        }
    }

    /// Stores what became of a mail. While the outbox is away this goes on trying: a mail that is not known to
    /// be sent will be sent again.
    async fn store(&self, id: MailId, verdict: &Verdict, words: &str) {
        let storing = async {
            loop {
                let stored = match verdict {
                    Verdict::Sent => self.outbox.sent(id).await,
                    Verdict::Postponed(next) => self.outbox.postpone(id, Some(*next), words).await,
                    Verdict::GivenUp => self.outbox.postpone(id, None, words).await,
                };
                match stored {
                    Err(error) if may_pass(&error) => tokio::time::sleep(Self::LOOK).await,
                    stored => return stored,
                }
            }
        };
        let gone = StoreError::new(StoreErrorKind::Unavailable, "store the outcome of a mail");
        let stored = tokio::time::timeout(Self::LONGEST_STORING, storing).await.unwrap_or(Err(gone));
        if let Err(error) = stored {
            log_failure("the outcome of a mail was not stored; it may be sent again", &error);
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

fn log_failure(what: &str, error: &StoreError) {
    tracing::warn!(error = error as &dyn std::error::Error, "{what}");
}
