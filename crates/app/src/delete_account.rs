use archon_domain::{EventKind, Password, TerminationReason};
use thiserror::Error;

use crate::recorder::Happening;
use crate::{Auth, Caller, Fault, OwnPasswordError};

/// Delete the caller's account.
#[derive(Debug)]
pub struct DeleteAccount {
    /// The present password; none for an account without one.
    pub password: Option<Password>,
}

/// Why an account was not deleted.
#[derive(Debug, Error)]
pub enum DeleteAccountError {
    /// The account has a password and none was given.
    #[error("the password is missing")]
    PasswordRequired,
    /// The password was not accepted.
    #[error(transparent)]
    Password(OwnPasswordError),
    /// The account was deleted a moment ago.
    #[error("the account is gone")]
    AccountGone,
    /// The service could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Auth {
    /// Deletes the caller's account with everything that belongs to it; security events stay until they
    /// are old enough to be forgotten.
    ///
    /// # Errors
    /// See [`DeleteAccountError`]; the account then stands.
    pub async fn delete_account(
        &self,
        caller: &Caller,
        command: DeleteAccount,
    ) -> Result<(), DeleteAccountError> {
        let user = self.ports.users.find(caller.user).await.map_err(Fault::from)?;
        let user = user.ok_or(DeleteAccountError::AccountGone)?;
        match (&user.password, &command.password) {
            (None, _) => {}
            (Some(_), None) => return Err(DeleteAccountError::PasswordRequired),
            (Some(_), Some(password)) => {
                self.check_password(&user.email, Some(&user), password, &caller.client).await?;
            }
        }
        let reason = TerminationReason::EndedByUser;
        self.ports.sessions.end_all_but(user.id, None, reason, self.now()).await.map_err(Fault::from)?;
        if self.ports.users.delete_account(user.id).await.map_err(Fault::from)?.is_none() {
            return Err(DeleteAccountError::AccountGone);
        }
        let deleted = Happening::new(EventKind::AccountDeleted).user(user.id).session(&caller.session.id);
        self.recorder.record(deleted.client(&caller.client)).await;
        Ok(())
    }
}

impl From<OwnPasswordError> for DeleteAccountError {
    fn from(error: OwnPasswordError) -> Self {
        match error {
            OwnPasswordError::Fault(fault) => Self::Fault(fault),
            refused @ (OwnPasswordError::Wrong | OwnPasswordError::Locked { .. }) => Self::Password(refused),
        }
    }
}
