use archon_domain::{Client, EventKind, Notice, OneTimeToken, TokenPurpose, User};
use thiserror::Error;

use crate::recorder::Happening;
use crate::register::Verification;
use crate::{Auth, Caller, Fault};

/// Why no address was verified.
#[derive(Debug, Error)]
pub enum VerifyEmailError {
    /// The token is unknown, used, expired or for something else: one answer for all.
    #[error("the token is invalid or expired")]
    InvalidToken,
    /// The service could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Why no mail was sent again.
#[derive(Debug, Error)]
pub enum ResendError {
    /// The account was deleted a moment ago.
    #[error("the account is gone")]
    AccountGone,
    /// The service could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What came of asking for another verification mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resent {
    /// A mail with a new link is queued.
    Queued,
    /// The address is verified already; there is nothing to send.
    AlreadyVerified,
}

impl Auth {
    /// Marks an address as verified by the token from its mail.
    ///
    /// # Errors
    /// See [`VerifyEmailError`].
    pub async fn verify_email(&self, token: &str, client: &Client) -> Result<User, VerifyEmailError> {
        let token = OneTimeToken::parse(token).ok_or(VerifyEmailError::InvalidToken)?;
        let verified = self.ports.credentials.verify_email(&token.digest(), self.now()).await;
        let user = verified.map_err(Fault::from)?.ok_or(VerifyEmailError::InvalidToken)?;
        self.recorder.record(Happening::new(EventKind::EmailVerified).user(user.id).client(client)).await;
        self.ports.notices.post(Notice::TokenSpent { token, purpose: TokenPurpose::VerifyEmail });
        Ok(user)
    }

    /// Queues another verification mail for the caller.
    ///
    /// # Errors
    /// See [`ResendError`].
    pub async fn resend_verification(&self, caller: &Caller) -> Result<Resent, ResendError> {
        let user = self.ports.users.find(caller.user).await.map_err(Fault::from)?;
        let user = user.ok_or(ResendError::AccountGone)?;
        if user.email_verified() {
            return Ok(Resent::AlreadyVerified);
        }
        self.send_verification(&user).await?;
        Ok(Resent::Queued)
    }

    /// Queues another verification mail.
    pub(crate) async fn send_verification(&self, user: &User) -> Result<(), Fault> {
        let Verification { token, issued, mail } = self.verification_for(user, self.now());
        self.ports.credentials.issue_token(issued.clone(), vec![mail]).await?;
        self.mail_queued.notify_one();
        self.ports.notices.post(Notice::TokenIssued { token, issued });
        Ok(())
    }
}
