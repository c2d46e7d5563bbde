//! Mails to a user that a stranger can cause.

use archon_domain::{Bucket, MailMessage, RateKey, User};
use tracing::Instrument as _;

use crate::{Auth, Fault};

impl Auth {
    /// Queues a mail that somebody else has caused, if the user's budget of such mails allows it.
    ///
    /// Nobody waits for it and nothing depends on it: the answer to whoever has caused it must not say, by its
    /// time or by a failure, whose address that is. So it is the one mail that a killed process can lose.
    pub(crate) fn mail_unasked(&self, user: &User, message: MailMessage) {
        let mail = self.mail_to(user, message, self.now());
        let (limits, outbox) = (self.ports.limits.clone(), self.ports.outbox.clone());
        let (key, queued) = (RateKey::User(user.id), self.mail_queued());
        let work = async move {
            if limits.take_whoever_asks(Bucket::StrangerMail, &key).await?.is_none_or(|taken| taken.allowed) {
                outbox.queue(mail).await?;
                queued.notify_one();
            }
            Ok::<(), Fault>(())
        };
        let logged = async {
            if let Err(error) = work.await {
                tracing::warn!(error = &error as &dyn std::error::Error, "a mail was not queued");
            }
        };
        tokio::spawn(logged.in_current_span());
    }
}
