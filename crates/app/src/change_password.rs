use archon_domain::{
    EventKind, FieldError, MailMessage, Password, PasswordChange, PasswordChangeOutcome, PasswordRight,
    TerminationReason,
};
use thiserror::Error;

use crate::auth::describe;
use crate::new_password::NewPasswordError;
use crate::recorder::Happening;
use crate::{Auth, Caller, Fault, OwnPasswordError};

/// Change the caller's password.
#[derive(Debug)]
pub struct ChangePassword {
    /// The present password.
    pub current: Password,
    /// The new password as typed; judged once it is known whose it is.
    pub new: Password,
}

/// Why the password was not changed.
#[derive(Debug, Error)]
pub enum ChangePasswordError {
    /// The present password was not accepted.
    #[error(transparent)]
    Current(OwnPasswordError),
    /// The new password does not meet the policy.
    #[error("the new password does not meet the policy")]
    Weak(Vec<FieldError>),
    /// The new password is one of the latest.
    #[error("the new password was used before")]
    Reused,
    /// Another change was faster.
    #[error("the password was changed a moment ago")]
    Superseded,
    /// The account was deleted a moment ago.
    #[error("the account is gone")]
    AccountGone,
    /// The service could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Auth {
    /// Changes the caller's password, ends every other session and mails a notice.
    ///
    /// # Errors
    /// See [`ChangePasswordError`]; the old password then holds.
    pub async fn change_password(
        &self,
        caller: &Caller,
        command: ChangePassword,
    ) -> Result<(), ChangePasswordError> {
        let user = self.ports.users.find(caller.user).await.map_err(Fault::from)?;
        let user = user.ok_or(ChangePasswordError::AccountGone)?;
        let new = self.judge_new_password(&user, &command.new).map_err(ChangePasswordError::Weak)?;
        self.check_password(&user.email, Some(&user), &command.current, &caller.client).await?;
        let hash = self.hash_unused(&user, &new).await?;
        let now = self.now();
        let message = MailMessage::PasswordChanged { at: now, device: describe(&caller.client) };
        let change = PasswordChange {
            user: user.id,
            right: PasswordRight::Replaces(user.password.clone()),
            hash,
            history_depth: self.policy.password_history,
            keep_session: Some(caller.session.id.clone()),
            lifts_lock: false,
            mails: vec![self.mail_to(&user, message, now)],
        };
        match self.ports.credentials.change_password(change, now).await.map_err(Fault::from)? {
            PasswordChangeOutcome::Changed(ended) => {
                self.mail_queued.notify_one();
                let changed = Happening::new(EventKind::PasswordChanged).user(user.id);
                self.recorder.record(changed.session(&caller.session.id).client(&caller.client)).await;
                let reason = TerminationReason::PasswordChanged;
                self.record_terminations(&ended, user.id, reason, Some(&caller.client)).await;
                Ok(())
            }
            PasswordChangeOutcome::Superseded => Err(ChangePasswordError::Superseded),
        }
    }
}

impl From<OwnPasswordError> for ChangePasswordError {
    fn from(error: OwnPasswordError) -> Self {
        match error {
            OwnPasswordError::Fault(fault) => Self::Fault(fault),
            refused @ (OwnPasswordError::Wrong | OwnPasswordError::Locked { .. }) => Self::Current(refused),
        }
    }
}

impl From<NewPasswordError> for ChangePasswordError {
    fn from(error: NewPasswordError) -> Self {
        match error {
            NewPasswordError::Weak(errors) => Self::Weak(errors),
            NewPasswordError::Reused => Self::Reused,
            NewPasswordError::Fault(fault) => Self::Fault(fault),
        }
    }
}
