//! Tells users of log-ins with a device that was not seen before.

use archon_domain::{Client, Instant, MailMessage, User};

use crate::auth::describe;
use crate::{Auth, Fault};

impl Auth {
    /// Whether a user is to be told of a log-in that is about to succeed: its device is new.
    ///
    /// A user whose address is not verified is told nothing, since it may be somebody else's; nor of the first
    /// log-in, when everything is new. `user` is the account as it was before this log-in.
    pub(crate) async fn is_new_device(&self, user: &User, client: &Client) -> Result<bool, Fault> {
        let is_told = self.policy.mail_new_devices && user.email_verified();
        let Some(last_login_at) = user.last_login_at.filter(|_| is_told) else { return Ok(false) };
        // Sessions that are younger than the last log-in are of log-ins that broke off: nobody was told of them.
        let device = client.user_agent.fingerprint();
        Ok(!self.ports.sessions.knows_device(user.id, &device, last_login_at).await?)
    }

    /// Queues the mail. No token is given out before it is queued, so that no log-in goes untold.
    pub(crate) async fn mail_new_device(
        &self,
        user: &User,
        client: &Client,
        now: Instant,
    ) -> Result<(), Fault> {
        let message = MailMessage::NewDevice { at: now, device: describe(client) };
        self.ports.outbox.queue(self.mail_to(user, message, now)).await?;
        self.mail_queued.notify_one();
        Ok(())
    }
}
