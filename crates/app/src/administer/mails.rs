use archon_domain::{MailId, OutboxCounts, QueuedMail};

use super::{AdministerError, Mandate};
use crate::{Auth, Fault};

impl Auth {
    /// How the mails stand that were not sent yet.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn mail_counts(&self) -> Result<OutboxCounts, Fault> {
        Ok(self.ports.outbox.counts().await?)
    }

    /// The mails that were given up, the latest first, at most `limit`.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn failed_mails(&self, limit: u32) -> Result<Vec<QueuedMail>, Fault> {
        Ok(self.ports.outbox.failed(limit).await?)
    }

    /// Queues a mail again that was given up.
    ///
    /// # Errors
    /// See [`AdministerError`].
    pub async fn retry_mail(&self, mandate: &Mandate, id: MailId) -> Result<(), AdministerError> {
        if self.ports.outbox.retry(Some(id), self.now()).await.map_err(Fault::from)? == 0 {
            return Err(AdministerError::UnknownMail);
        }
        self.mail_queued.notify_one();
        self.recorder.record(mandate.action("retry_mail", id)).await;
        Ok(())
    }

    /// Queues every mail again that was given up; returns how many.
    ///
    /// # Errors
    /// When the outbox is away.
    pub async fn retry_mails(&self, mandate: &Mandate) -> Result<u64, Fault> {
        let count = self.ports.outbox.retry(None, self.now()).await?;
        self.mail_queued.notify_one();
        let retried = mandate.action("retry_mails", "every failed mail");
        self.recorder.record(retried.detail("count", count)).await;
        Ok(count)
    }
}
