use archon_domain::{Instant, OutboxCounts, QueuedMail};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// How the mails stand that were not sent yet.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MailQueue)]
pub(crate) struct MailQueueBody {
    /// Mails still to be sent.
    #[schema(minimum = 0)]
    pending: u64,
    /// Mails that were given up.
    #[schema(minimum = 0)]
    failed: u64,
    /// When the oldest mail was queued that is still to be sent.
    oldest_pending: Option<DateTime<Utc>>,
    /// For how many seconds that one has waited.
    #[schema(minimum = 0)]
    oldest_pending_seconds: Option<i64>,
}

impl MailQueueBody {
    pub(crate) fn new(counts: OutboxCounts, now: Instant) -> Self {
        let OutboxCounts { pending, failed, oldest_pending } = counts;
        let age = |queued_at: Instant| (now - queued_at).num_seconds().max(0);
        Self { pending, failed, oldest_pending, oldest_pending_seconds: oldest_pending.map(age) }
    }
}

/// A mail that was given up.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FailedMail)]
pub(crate) struct FailedMailBody {
    id: Uuid,
    /// What it says, by the name of its template.
    #[schema(example = "verify_email")]
    kind: &'static str,
    #[schema(format = Email, example = "ada@example.com")]
    to: String,
    user_id: Uuid,
    queued_at: DateTime<Utc>,
    /// How often it was tried.
    #[schema(minimum = 0, example = 8)]
    attempts: u32,
    /// What the last try ended with, in the words of the mail server.
    last_error: Option<String>,
}

impl From<QueuedMail> for FailedMailBody {
    fn from(queued: QueuedMail) -> Self {
        let QueuedMail { mail, queued_at, attempts, last_error, next_attempt_at: _ } = queued;
        Self {
            id: mail.id.as_uuid(),
            kind: mail.message.kind(),
            to: mail.to.as_typed().to_owned(),
            user_id: mail.user.as_uuid(),
            queued_at,
            attempts,
            last_error,
        }
    }
}

/// The mails that were given up, the latest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FailedMails)]
pub(crate) struct FailedMailsBody {
    mails: Vec<FailedMailBody>,
    /// How many were given up, those that are not listed included.
    #[schema(minimum = 0)]
    total: u64,
}

impl FailedMailsBody {
    pub(crate) fn new(mails: Vec<QueuedMail>, counts: OutboxCounts) -> Self {
        Self { mails: mails.into_iter().map(FailedMailBody::from).collect(), total: counts.failed }
    }
}

/// How many mails were queued again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RetriedMails)]
pub(crate) struct RetriedBody {
    #[schema(minimum = 0, example = 1)]
    pub(crate) retried: u64,
}
