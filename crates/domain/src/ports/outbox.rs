use async_trait::async_trait;

use crate::{Instant, MailId, OutboxCounts, QueuedMail, StoreError};

/// Keeps mails until they are sent. Mails that a change causes get in with the change, by other ports.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Queues a mail that no change of an account causes.
    ///
    /// # Contract
    /// - MUST keep a mail until it is sent, however it was queued.
    /// - MUST refuse a mail to an account that is gone as a conflict.
    async fn queue(&self, mail: QueuedMail) -> Result<(), StoreError>;

    /// Takes up to `limit` due mails for sending, the longest due first; nobody else is given them until `lease_until`.
    ///
    /// # Contract
    /// - MUST give each due mail to one caller only, however many ask at the same time.
    /// - MUST give a mail again once its lease has passed without an outcome.
    /// - MUST count the attempt when it gives a mail.
    async fn claim(
        &self,
        limit: u32,
        lease_until: Instant,
        now: Instant,
    ) -> Result<Vec<QueuedMail>, StoreError>;

    /// Reports that a mail was sent, and forgets it with the secrets it carries.
    ///
    /// # Contract
    /// - MUST forget a mail that was sent.
    async fn sent(&self, id: MailId) -> Result<(), StoreError>;

    /// Reports that a mail was not sent; `next_attempt_at` is `None` when it is given up.
    ///
    /// # Contract
    /// - MUST keep a mail that failed with its last error, and try it again when told to.
    /// - MUST not give a mail that was given up.
    async fn postpone(
        &self,
        id: MailId,
        next_attempt_at: Option<Instant>,
        error: &str,
    ) -> Result<(), StoreError>;

    /// How the outbox stands.
    ///
    /// # Contract
    /// - MUST count pending and failed mails apart.
    async fn counts(&self) -> Result<OutboxCounts, StoreError>;

    /// The mails that wait, whether due or not, the longest due first, at most `limit`.
    ///
    /// # Contract
    /// - MUST list the mails that wait as they stand, the longest due first, and give none of them away.
    async fn pending(&self, limit: u32) -> Result<Vec<QueuedMail>, StoreError>;

    /// The mails that were given up, the latest first.
    async fn failed(&self, limit: u32) -> Result<Vec<QueuedMail>, StoreError>;

    /// Queues given-up mails again with all their tries, one or all; returns how many.
    ///
    /// # Contract
    /// - MUST queue given-up mails again with their attempts at zero.
    async fn retry(&self, id: Option<MailId>, now: Instant) -> Result<u64, StoreError>;
}
