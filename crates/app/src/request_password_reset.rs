use std::time::Duration;

use archon_domain::{
    Client, Email, EventKind, Instant, IssuedToken, MailMessage, Notice, OneTimeToken, StoreErrorKind,
    TokenPurpose, User, UserId,
};
use tokio::time::Instant as Moment;

use crate::recorder::Happening;
use crate::{Auth, Fault};

/// What answers to a reset wait for. Longer than the work takes, and short enough not to be noticed.
const BEAT: Duration = Duration::from_millis(250);

/// Ask for a mail with a link that sets a new password.
#[derive(Debug)]
pub struct RequestPasswordReset {
    /// The account's address, if there is such an account.
    pub email: Email,
    /// Who asks.
    pub client: Client,
}

impl Auth {
    /// Mails a link that sets a new password, if the address belongs to an account.
    ///
    /// Whether it does, nobody learns (OWASP Forgot Password Cheat Sheet): not from the outcome, and not from
    /// its time, since every answer leaves on a beat (`BEAT` in this module).
    ///
    /// # Errors
    /// When the database does not take the link, or would not.
    pub async fn request_password_reset(&self, command: RequestPasswordReset) -> Result<(), Fault> {
        let came = Moment::now();
        let outcome = self.issue_reset(&command).await;
        tokio::time::sleep_until(next_beat(came, came.elapsed())).await;
        outcome
    }

    async fn issue_reset(&self, command: &RequestPasswordReset) -> Result<(), Fault> {
        let RequestPasswordReset { email, client } = command;
        let user = self.ports.users.find_by_email(email.key()).await?;
        let requested = Happening::new(EventKind::PasswordResetRequested).client(client);
        match user {
            Some(user) => {
                let issued = self.issue_reset_to(&user).await?;
                let requested = if issued { requested.user(user.id) } else { requested };
                self.recorder.record(requested).await;
            }
            None => {
                self.issue_reset_to_nobody().await?;
                self.recorder.record(requested).await;
            }
        }
        Ok(())
    }

    /// Stores a token with the mail that carries it; false when the account was deleted a moment ago.
    async fn issue_reset_to(&self, user: &User) -> Result<bool, Fault> {
        let (token, issued) = self.reset_token_for(user.id, self.now());
        let link = self.policy.links.reset_password(&token);
        let message = MailMessage::PasswordReset { link, expires_at: issued.expires_at };
        let mail = self.mail_to(user, message, issued.issued_at);
        match self.ports.credentials.issue_token(issued.clone(), vec![mail]).await {
            Ok(()) => {
                self.mail_queued.notify_one();
                self.ports.notices.post(Notice::TokenIssued { token, issued });
                Ok(true)
            }
            Err(error) if error.kind() == StoreErrorKind::Conflict && self.is_gone(user.id).await? => {
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Asks the database for a token of nobody's, which it refuses, so that one that takes no writes fails an
    /// unknown address like a known one. Nothing is stored.
    async fn issue_reset_to_nobody(&self) -> Result<(), Fault> {
        let now = self.now();
        let (_, issued) = self.reset_token_for(UserId::generate(now, &*self.ports.entropy), now);
        match self.ports.credentials.issue_token(issued, Vec::new()).await {
            Err(error) if error.kind() != StoreErrorKind::Conflict => Err(error.into()),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn reset_token_for(&self, user: UserId, now: Instant) -> (OneTimeToken, IssuedToken) {
        let token = OneTimeToken::generate(&*self.ports.entropy);
        let issued = IssuedToken {
            digest: token.digest(),
            user,
            purpose: TokenPurpose::ResetPassword,
            issued_at: now,
            expires_at: now + self.policy.reset_password_for,
        };
        (token, issued)
    }
}

/// The first multiple of the beat, counted from when the request came, that is later than now.
fn next_beat(came: Moment, elapsed: Duration) -> Moment {
    let beats = elapsed.as_millis() / BEAT.as_millis() + 1;
    came + BEAT * u32::try_from(beats).unwrap_or(u32::MAX)
}
