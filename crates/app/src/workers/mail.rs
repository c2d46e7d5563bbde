use std::sync::Arc;
use std::time::Duration;

use archon_domain::ports::{Clock, Entropy, Mailer, Outbox};
use archon_domain::{DeliveryError, QueuedMail, RetrySchedule, Span, StoreError};
use tokio::sync::{Notify, watch};

use crate::Auth;

/// Sends what the outbox holds.
///
/// A mail leaves the outbox only once its server has taken it: a process that dies in between sends it
/// once more, under the same Message-ID.
pub struct MailWorker {
    outbox: Arc<dyn Outbox>,
    mailer: Arc<dyn Mailer>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    schedule: RetrySchedule,
    queued: Arc<Notify>,
}

impl MailWorker {
    /// Mails claimed and sent at the same time.
    const BATCH: u32 = 8;

    /// How long a claimed mail is nobody else's: longer than a batch may take, and no longer than a mail
    /// should wait whose process died over it.
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
            () = self.send_until(stop) => {}
            () = patience => tracing::warn!("stopped before the mail server had answered; the mails wait"),
        }
    }

    async fn send_until(&self, mut stop: watch::Receiver<bool>) {
        loop {
            // Asked before the look, so that what was queued up to the order to stop is still sent.
            let is_last = *stop.borrow() || stop.has_changed().is_err();
            while self.send_batch().await {}
            if is_last {
                return;
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => {}
                () = self.queued.notified() => {}
                () = tokio::time::sleep(Self::LOOK) => {}
            }
        }
    }

    /// Sends a few of the mails that are due; false when there is none, or the outbox is away.
    async fn send_batch(&self) -> bool {
        let now = self.clock.now();
        let claimed = match self.outbox.claim(Self::BATCH, now + Self::LEASE, now).await {
            Ok(claimed) => claimed,
            Err(error) => {
                log_failure("mails wait: the outbox is away", &error);
                return false;
            }
        };
        let any = !claimed.is_empty();
        futures::future::join_all(claimed.into_iter().map(|queued| self.send(queued))).await;
        any
    }

    async fn send(&self, queued: QueuedMail) {
        let id = queued.mail.id;
        let kind = queued.mail.message.kind();
        let outcome = self.mailer.deliver(&queued.mail).await;
        let word = match &outcome {
            Ok(()) => "sent",
            Err(DeliveryError::Temporary(_)) => "postponed",
            Err(DeliveryError::Permanent(_)) => "failed",
        };
        metrics::counter!("archon_mails_total", "kind" => kind, "outcome" => word).increment(1);
        let stored = match &outcome {
            Ok(()) => self.outbox.sent(id).await,
            Err(error) => self.keep(&queued, error).await,
        };
        if let Err(error) = stored {
            log_failure("the outcome of a mail was not stored; it may be sent again", &error);
        }
    }

    /// Keeps a mail that was not sent, for its next try or for an operator.
    async fn keep(&self, queued: &QueuedMail, error: &DeliveryError) -> Result<(), StoreError> {
        let next = match error {
            DeliveryError::Temporary(_) => {
                self.schedule.next_attempt(queued.attempts, self.jitter(), self.clock.now())
            }
            DeliveryError::Permanent(_) => None,
        };
        let (id, attempts) = (queued.mail.id, queued.attempts);
        match next {
            Some(at) => {
                tracing::warn!(mail_id = %id, attempts, next_attempt = %at, %error, "a mail was not sent")
            }
            None => tracing::error!(mail_id = %id, attempts, %error, "a mail was given up"),
        }
        self.outbox.postpone(id, next, &error.to_string()).await
    }

    /// A number from 0 to 1.
    fn jitter(&self) -> f64 {
        let mut random = [0; 4];
        self.entropy.fill(&mut random);
        f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX)
    }
}

fn log_failure(what: &str, error: &StoreError) {
    tracing::warn!(error = error as &dyn std::error::Error, "{what}");
}
