use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use archon_domain::ports::{Mailer, Outbox};
use archon_domain::{DeliveryError, Instant, QueuedMail, RetrySchedule, StoreError};
use async_trait::async_trait;
use tokio::sync::watch;

use super::courier::{Courier, Dispatch};
use crate::Auth;

/// Sends what the outbox holds.
///
/// A mail leaves the outbox only once its server has taken it: a process that dies in between sends it
/// once more, under the same Message-ID. Workers of several processes share the mails of one outbox.
pub struct MailWorker(Courier<Mails>);

/// The outbox, and the mail server.
struct Mails {
    outbox: Arc<dyn Outbox>,
    mailer: Arc<dyn Mailer>,
}

impl MailWorker {
    /// A worker for the mails of `auth`.
    #[must_use]
    pub fn new(auth: &Auth, schedule: RetrySchedule) -> Self {
        let ports = &auth.ports;
        Self(Courier {
            dispatch: Mails { outbox: Arc::clone(&ports.outbox), mailer: Arc::clone(&ports.mailer) },
            clock: Arc::clone(&ports.clock),
            entropy: Arc::clone(&ports.entropy),
            schedule,
            queued: auth.mail_queued(),
        })
    }

    /// Sends mails as they fall due, until told to stop; then sends what is due and returns, soon even when
    /// the mail server is silent. What is not sent then is sent after the next start.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        self.0.run(stop).await;
    }
}

#[async_trait]
impl Dispatch for Mails {
    type Message = QueuedMail;

    const NAME: &'static str = "a mail";

    async fn claim(
        &self,
        limit: u32,
        lease_until: Instant,
        now: Instant,
    ) -> Result<Vec<QueuedMail>, StoreError> {
        self.outbox.claim(limit, lease_until, now).await
    }

    async fn deliver(&self, queued: &QueuedMail, _: Instant) -> Result<(), DeliveryError> {
        self.mailer.deliver(&queued.mail).await
    }

    async fn sent(&self, queued: &QueuedMail) -> Result<(), StoreError> {
        self.outbox.sent(queued.mail.id).await
    }

    async fn postpone(
        &self,
        queued: &QueuedMail,
        next: Option<Instant>,
        error: &str,
    ) -> Result<(), StoreError> {
        self.outbox.postpone(queued.mail.id, next, error).await
    }

    fn id(queued: &QueuedMail) -> impl Display + Send {
        queued.mail.id
    }

    fn attempts(queued: &QueuedMail) -> u32 {
        queued.attempts
    }

    fn count(queued: &QueuedMail, outcome: &'static str, took: Duration) {
        let kind = queued.mail.message.kind();
        metrics::counter!("archon_mails_total", "kind" => kind, "outcome" => outcome).increment(1);
        metrics::histogram!("archon_mail_send_seconds", "outcome" => outcome).record(took.as_secs_f64());
    }
}
