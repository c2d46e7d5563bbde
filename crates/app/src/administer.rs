use std::collections::BTreeSet;

use archon_domain::{
    AccountOpening, Amendment, Email, EventKind, FieldError, Metadata, NewAccount, NewPassword,
    PasswordChange, PasswordChangeOutcome, PasswordRight, PersonName, Role, TerminationReason, User, UserId,
    UserStatus,
};
use thiserror::Error;

use crate::new_password::NewPasswordError;
use crate::recorder::Happening;
use crate::{Auth, Fault};

/// Who administers, for the record: a person at the command line or an administrator's account.
#[derive(Debug, Clone)]
pub struct Actor(pub String);

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

/// Why an administrator's wish was not done.
#[derive(Debug, Error)]
pub enum AdministerError {
    /// There is no such user.
    #[error("there is no such user")]
    UnknownUser,
    /// Another account has the address.
    #[error("another account has this e-mail address")]
    EmailExists,
    /// The password was made public.
    #[error("the password {}", sentences(.0))]
    Weak(Vec<FieldError>),
    /// The password is one of the user's latest.
    #[error("the password is one of the user's latest; choose another one")]
    Reused,
    /// Another change to the account was faster.
    #[error("the account was changed a moment ago; look at it and try again")]
    Superseded,
    /// The service could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
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
    pub async fn create_user(&self, actor: &Actor, create: CreateUser) -> Result<User, AdministerError> {
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
                self.record_action(actor, "create_user", &user).await;
                Ok(user)
            }
            AccountOpening::EmailTaken | AccountOpening::IdentityTaken => Err(AdministerError::EmailExists),
        }
    }

    /// Lifts the lock of failed log-ins, on every replica.
    ///
    /// # Errors
    /// See [`AdministerError`].
    pub async fn unlock_user(&self, actor: &Actor, id: UserId) -> Result<User, AdministerError> {
        let user = self.amend_user(actor, "unlock", id, Amendment::Unlock).await?;
        self.ports.attempts.clear(user.email.key()).await.map_err(Fault::from)?;
        let unlocked = Happening::new(EventKind::AccountUnlocked).user(user.id);
        self.recorder.record(unlocked.detail("actor", actor.0.clone())).await;
        Ok(user)
    }

    /// Shuts an account and ends its sessions.
    ///
    /// # Errors
    /// See [`AdministerError`].
    pub async fn disable_user(&self, actor: &Actor, id: UserId) -> Result<User, AdministerError> {
        let disabled = Amendment::Status(UserStatus::Disabled);
        let user = self.amend_user(actor, "disable", id, disabled).await?;
        let reason = TerminationReason::EndedByAdministrator;
        let ended =
            self.ports.sessions.end_all_but(id, None, reason, self.now()).await.map_err(Fault::from)?;
        self.record_terminations(&ended, id, reason, None).await;
        Ok(user)
    }

    /// Opens a shut account again.
    ///
    /// # Errors
    /// See [`AdministerError`].
    pub async fn enable_user(&self, actor: &Actor, id: UserId) -> Result<User, AdministerError> {
        self.amend_user(actor, "enable", id, Amendment::Status(UserStatus::Active)).await
    }

    /// Sets a user's roles. Tokens given out before keep theirs until they expire.
    ///
    /// # Errors
    /// See [`AdministerError`].
    pub async fn set_roles(
        &self,
        actor: &Actor,
        id: UserId,
        roles: BTreeSet<Role>,
    ) -> Result<User, AdministerError> {
        self.amend_user(actor, "set_roles", id, Amendment::Roles(roles)).await
    }

    /// Sets a user's password, ends every session and lifts the lock.
    ///
    /// # Errors
    /// See [`AdministerError`].
    pub async fn set_password(
        &self,
        actor: &Actor,
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
                self.record_terminations(&ended, id, TerminationReason::PasswordChanged, None).await;
                self.ports.attempts.clear(user.email.key()).await.map_err(Fault::from)?;
                self.record_action(actor, "reset_password", &user).await;
                self.user(id).await
            }
            PasswordChangeOutcome::Superseded => Err(AdministerError::Superseded),
        }
    }

    async fn amend_user(
        &self,
        actor: &Actor,
        action: &str,
        id: UserId,
        amendment: Amendment,
    ) -> Result<User, AdministerError> {
        let amended = self.ports.users.amend(id, amendment, self.now()).await.map_err(Fault::from)?;
        let user = amended.ok_or(AdministerError::UnknownUser)?;
        self.record_action(actor, action, &user).await;
        Ok(user)
    }

    async fn record_action(&self, actor: &Actor, action: &str, user: &User) {
        let happening = Happening::new(EventKind::AdminAction).user(user.id);
        self.recorder.record(happening.detail("action", action).detail("actor", actor.0.clone())).await;
    }
}

impl From<NewPasswordError> for AdministerError {
    fn from(error: NewPasswordError) -> Self {
        match error {
            NewPasswordError::Weak(errors) => Self::Weak(errors),
            NewPasswordError::Reused => Self::Reused,
            NewPasswordError::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// What is wrong with a password, as the rest of a sentence.
fn sentences(errors: &[FieldError]) -> String {
    errors.iter().map(|error| error.message.as_ref()).collect::<Vec<_>>().join("; it ")
}
