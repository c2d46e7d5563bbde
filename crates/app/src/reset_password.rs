use archon_domain::{
    Client, EventKind, FieldError, MailMessage, Notice, OneTimeToken, Password, PasswordChange,
    PasswordChangeOutcome, PasswordHash, PasswordRight, SessionId, TerminationReason, TokenPurpose, User,
};
use thiserror::Error;

use crate::auth::describe;
use crate::new_password::NewPasswordError;
use crate::recorder::Happening;
use crate::{Auth, Fault};

/// Set a new password with the token from a mail.
#[derive(Debug)]
pub struct ResetPassword {
    /// The token as presented.
    pub token: String,
    /// The new password as typed; judged once it is known whose it is.
    pub new: Password,
    /// Who asks.
    pub client: Client,
}

/// Why the password was not reset. The token is not spent, whatever it is.
#[derive(Debug, Error)]
pub enum ResetPasswordError {
    /// The token is unknown, used, expired or for something else: one answer for all.
    #[error("the token is invalid or expired")]
    InvalidToken,
    /// The new password does not meet the policy.
    #[error("the new password does not meet the policy")]
    Weak(Vec<FieldError>),
    /// The new password is one of the latest.
    #[error("the new password was used before")]
    Reused,
    /// The service could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Auth {
    /// Sets a new password, spends the token, verifies the address it was mailed to, ends every session, lifts
    /// the lock and mails a notice.
    ///
    /// # Errors
    /// See [`ResetPasswordError`]; the old password then holds, and the token works once more.
    pub async fn reset_password(&self, command: ResetPassword) -> Result<User, ResetPasswordError> {
        let ResetPassword { token, new, client } = command;
        let token = OneTimeToken::parse(&token).ok_or(ResetPasswordError::InvalidToken)?;
        let user = self.reset_token_owner(&token).await?.ok_or(ResetPasswordError::InvalidToken)?;
        let new = self.judge_new_password(&user, &new).map_err(ResetPasswordError::Weak)?;
        let hash = self.hash_unused(&user, &new).await?;
        let ended = self.spend_reset_token(&token, &user, hash.clone(), &client).await?;
        self.tell_of_reset(token, &user, &ended, &client).await;
        let now = self.now();
        Ok(User {
            password: Some(hash),
            email_verified_at: user.email_verified_at.or(Some(now)),
            attempts_void_before: now,
            updated_at: now,
            ..user
        })
    }

    /// Whether a reset token could be spent now; spends nothing.
    ///
    /// # Errors
    /// When the database does not say.
    pub async fn reset_token_is_good(&self, token: &str) -> Result<bool, Fault> {
        match OneTimeToken::parse(token) {
            Some(token) => Ok(self.reset_token_owner(&token).await?.is_some()),
            None => Ok(false),
        }
    }

    async fn reset_token_owner(&self, token: &OneTimeToken) -> Result<Option<User>, Fault> {
        let (digest, purpose) = (token.digest(), TokenPurpose::ResetPassword);
        match self.ports.credentials.token_owner(&digest, purpose, self.now()).await? {
            Some(owner) => Ok(self.ports.users.find(owner).await?),
            None => Ok(None),
        }
    }

    /// Puts the new hash in the place of the old one; names the sessions that this has ended.
    async fn spend_reset_token(
        &self,
        token: &OneTimeToken,
        user: &User,
        hash: PasswordHash,
        client: &Client,
    ) -> Result<Vec<SessionId>, ResetPasswordError> {
        let now = self.now();
        let message = MailMessage::PasswordChanged { at: now, device: describe(client) };
        let change = PasswordChange {
            user: user.id,
            right: PasswordRight::ResetToken(token.digest()),
            hash,
            history_depth: self.policy.password_history,
            keep_session: None,
            lifts_lock: true,
            mails: vec![self.mail_to(user, message, now)],
        };
        match self.ports.credentials.change_password(change, now).await.map_err(Fault::from)? {
            PasswordChangeOutcome::Changed(ended) => Ok(ended),
            // Somebody else has spent it while the password was being hashed, or it has expired.
            PasswordChangeOutcome::Superseded => Err(ResetPasswordError::InvalidToken),
        }
    }

    async fn tell_of_reset(&self, token: OneTimeToken, user: &User, ended: &[SessionId], client: &Client) {
        self.mail_queued.notify_one();
        self.ports.notices.post(Notice::TokenSpent { token, purpose: TokenPurpose::ResetPassword });
        // The change has voided the failures so far; what is cleared here is only how they are counted, and that
        // must not turn a reset that is done into a failure.
        if let Err(error) = self.ports.attempts.clear(user.email.key()).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "failed log-ins were not cleared");
        }
        let completed = Happening::new(EventKind::PasswordResetCompleted).user(user.id);
        self.recorder.record(completed.client(client)).await;
        if !user.email_verified() {
            let verified = Happening::new(EventKind::EmailVerified).user(user.id);
            self.recorder.record(verified.client(client)).await;
        }
        let reason = TerminationReason::PasswordChanged;
        self.record_terminations(ended, user.id, reason, Some(client)).await;
    }
}

impl From<NewPasswordError> for ResetPasswordError {
    fn from(error: NewPasswordError) -> Self {
        match error {
            NewPasswordError::Weak(errors) => Self::Weak(errors),
            NewPasswordError::Reused => Self::Reused,
            NewPasswordError::Fault(fault) => Self::Fault(fault),
        }
    }
}
