use archon_domain::{
    AccountDeletion, EventKind, Password, StoreError, TerminationReason, User, UserFilter, UserStatus,
};
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
    /// It is the only active account with the role `admin`.
    #[error("this is the last active administrator; make another account an administrator first")]
    LastAdministrator,
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
        match self.remove_account(&user, TerminationReason::EndedByUser).await.map_err(Fault::from)? {
            AccountDeletion::Deleted(_) => {}
            AccountDeletion::Unknown => return Err(DeleteAccountError::AccountGone),
            AccountDeletion::LastAdministrator => return Err(DeleteAccountError::LastAdministrator),
        }
        let deleted = Happening::new(EventKind::AccountDeleted).user(user.id).session(&caller.session.id);
        self.recorder.record(deleted.client(&caller.client)).await;
        Ok(())
    }

    /// Ends the sessions of an account and deletes it with everything that belongs to it.
    ///
    /// The sessions end first: with the account their rows go, and nobody could find out any more what a replica
    /// that dies in between has not told the fast store.
    pub(crate) async fn remove_account(
        &self,
        user: &User,
        reason: TerminationReason,
    ) -> Result<AccountDeletion, StoreError> {
        // Who is refused stays logged in. Of administrators who go at the same time, the store refuses the last.
        if self.is_last_administrator(user).await? {
            return Ok(AccountDeletion::LastAdministrator);
        }
        self.ports.sessions.end_all_but(user.id, None, reason, self.now()).await?;
        self.ports.users.delete_account(user.id).await
    }

    async fn is_last_administrator(&self, user: &User) -> Result<bool, StoreError> {
        if !user.can_administer() {
            return Ok(false);
        }
        let can_administer = UserFilter {
            status: Some(UserStatus::Active),
            administrator: Some(true),
            ..UserFilter::default()
        };
        let administrators = self.ports.directory.page(&can_administer, None, 2).await?;
        Ok(administrators.iter().all(|administrator| administrator.id == user.id))
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
