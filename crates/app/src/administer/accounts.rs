use std::collections::BTreeSet;

use archon_domain::{
    AccountDeletion, AccountOpening, Amended, Amendment, Email, EventKind, Metadata, NewAccount, NewPassword,
    PasswordChange, PasswordChangeOutcome, PasswordRight, PersonName, Role, TerminationReason, User, UserId,
    UserStatus,
};

use super::{AdministerError, Mandate};
use crate::recorder::Happening;
use crate::{Auth, Fault};

/// Open an account for somebody.
#[derive(Debug)]
pub struct CreateUser {
    /// The address to log in with.
    pub email: Email,
    /// The password, accepted by the policy.
    pub password: NewPassword,
    /// What the user wants to be called.
    pub name: PersonName,
    /// What the user may do.
    pub roles: BTreeSet<Role>,
    /// Whether the administrator vouches for the address.
    pub email_verified: bool,
}

impl Auth {
    /// The user with this id.
    ///
    /// # Errors
    /// See [`AdministerError`].
    pub async fn user(&self, id: UserId) -> Result<User, AdministerError> {
        let user = self.ports.users.find(id).await.map_err(Fault::from)?;
        user.ok_or(AdministerError::UnknownUser)
    }

    /// The user with this address.
    ///
    /// # Errors
    /// See [`AdministerError`].
    pub async fn user_by_email(&self, email: &Email) -> Result<User, AdministerError> {
        let user = self.ports.users.find_by_email(email.key()).await.map_err(Fault::from)?;
        user.ok_or(AdministerError::UnknownUser)
    }

    /// Opens an account without logging anybody in and without mails.
    ///
    /// # Errors
    /// See [`AdministerError`].
    pub async fn create_user(&self, mandate: &Mandate, create: CreateUser) -> Result<User, AdministerError> {
        self.refuse_breached("password", &create.password).await.map_err(AdministerError::Weak)?;
        let hash = self.ports.passwords.hash(create.password.password()).await.map_err(Fault::from)?;
        let now = self.now();
        let user = User {
            id: UserId::generate(now, &*self.ports.entropy),
            email: create.email,
            name: create.name,
            password: Some(hash),
            email_verified_at: create.email_verified.then_some(now),
            roles: create.roles,
            status: UserStatus::Active,
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
            last_login_at: None,
            attempts_void_before: now,
        };
        let account =
            NewAccount { user: user.clone(), verification: None, identity: None, mails: Vec::new() };
        match self.ports.users.open_account(account).await.map_err(Fault::from)? {
            AccountOpening::Opened => {
                let created = mandate.action_on(user.id, "create_user");
                self.recorder.record(created.detail("roles", words(&user.roles))).await;
                Ok(user)
            }
            AccountOpening::EmailTaken | AccountOpening::IdentityTaken => Err(AdministerError::EmailExists),
        }
    }

    /// Lifts the lock of failed log-ins, on every replica.
    ///
    /// # Errors
    /// See [`AdministerError`].
    pub async fn unlock_user(&self, mandate: &Mandate, id: UserId) -> Result<User, AdministerError> {
        let user = self.amend_user(id, Amendment::Unlock).await?;
        self.recorder.record(mandate.action_on(id, "unlock_user")).await;
        self.ports.attempts.clear(user.email.key()).await.map_err(Fault::from)?;
        let unlocked = Happening::new(EventKind::AccountUnlocked).user(user.id);
        self.recorder.record(unlocked.detail("actor", mandate.actor().to_string())).await;
        Ok(user)
    }

    /// Shuts an account and ends its sessions, on every replica.
    ///
    /// # Errors
    /// See [`AdministerError`].
    pub async fn disable_user(&self, mandate: &Mandate, id: UserId) -> Result<User, AdministerError> {
        let user = self.amend_user(id, Amendment::Status(UserStatus::Disabled)).await?;
        self.recorder.record(mandate.action_on(id, "disable_user")).await;
        self.end_every_session(id).await?;
        Ok(user)
    }

    /// Opens a shut account again.
    ///
    /// # Errors
    /// See [`AdministerError`].
    pub async fn enable_user(&self, mandate: &Mandate, id: UserId) -> Result<User, AdministerError> {
        let user = self.amend_user(id, Amendment::Status(UserStatus::Active)).await?;
        self.recorder.record(mandate.action_on(id, "enable_user")).await;
        Ok(user)
    }

    /// Sets a user's roles. Tokens given out before keep theirs until they expire.
    ///
    /// # Errors
    /// See [`AdministerError`].
    pub async fn set_roles(
        &self,
        mandate: &Mandate,
        id: UserId,
        roles: BTreeSet<Role>,
    ) -> Result<User, AdministerError> {
        let user = self.amend_user(id, Amendment::Roles(roles)).await?;
        let set = mandate.action_on(id, "set_roles").detail("roles", words(&user.roles));
        self.recorder.record(set).await;
        Ok(user)
    }

    /// Sets a user's password, ends every session and lifts the lock.
    ///
    /// # Errors
    /// See [`AdministerError`].
    pub async fn set_password(
        &self,
        mandate: &Mandate,
        id: UserId,
        password: &NewPassword,
    ) -> Result<User, AdministerError> {
        let user = self.user(id).await?;
        let hash = self.hash_unused(&user, password).await?;
        let change = PasswordChange {
            user: id,
            right: PasswordRight::Replaces(user.password.clone()),
            hash,
            history_depth: self.policy.password_history,
            keep_session: None,
            lifts_lock: true,
            mails: Vec::new(),
        };
        match self.ports.credentials.change_password(change, self.now()).await.map_err(Fault::from)? {
            PasswordChangeOutcome::Changed(ended) => {
                self.recorder.record(mandate.action_on(id, "set_password")).await;
                self.record_terminations(&ended, id, TerminationReason::PasswordChanged, None).await;
                self.ports.attempts.clear(user.email.key()).await.map_err(Fault::from)?;
                self.user(id).await
            }
            PasswordChangeOutcome::Superseded => Err(AdministerError::Superseded),
        }
    }

    /// Deletes an account with everything that belongs to it; security events stay until they are old enough to
    /// be forgotten.
    ///
    /// # Errors
    /// See [`AdministerError`].
    pub async fn delete_user(&self, mandate: &Mandate, id: UserId) -> Result<(), AdministerError> {
        let (user, reason) = (self.user(id).await?, TerminationReason::EndedByAdministrator);
        match self.remove_account(&user, reason).await.map_err(Fault::from)? {
            AccountDeletion::Deleted(_) => {
                self.recorder.record(mandate.action_on(id, "delete_user")).await;
                let deleted = Happening::new(EventKind::AccountDeleted).user(id);
                self.recorder.record(deleted.detail("actor", mandate.actor().to_string())).await;
                Ok(())
            }
            AccountDeletion::Unknown => Err(AdministerError::UnknownUser),
            AccountDeletion::LastAdministrator => Err(AdministerError::LastAdministrator),
        }
    }

    async fn amend_user(&self, id: UserId, amendment: Amendment) -> Result<User, AdministerError> {
        match self.ports.users.amend(id, amendment, self.now()).await.map_err(Fault::from)? {
            Amended::Changed(user) => Ok(*user),
            Amended::Unknown => Err(AdministerError::UnknownUser),
            Amended::LastAdministrator => Err(AdministerError::LastAdministrator),
        }
    }
}

fn words(roles: &BTreeSet<Role>) -> Vec<String> {
    roles.iter().map(ToString::to_string).collect()
}
