use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{
    Email, Instant, IssuedToken, LinkedIdentity, Metadata, PasswordHash, PersonName, QueuedMail, SessionId,
    TokenDigest, UserId,
};

/// An account and everything that is true of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Identifies the user for ever.
    pub id: UserId,
    /// The address to log in with and to write to.
    pub email: Email,
    /// What the user wants to be called.
    pub name: PersonName,
    /// The hash of the password; `None` for accounts that only log in with a provider.
    pub password: Option<PasswordHash>,
    /// When the address was proved to be the user's.
    pub email_verified_at: Option<Instant>,
    /// What the user may do beyond using their own account.
    pub roles: BTreeSet<Role>,
    /// Whether the user may log in.
    pub status: UserStatus,
    /// Free data of the deployment.
    pub metadata: Metadata,
    /// When the account was opened.
    pub created_at: Instant,
    /// When anything of the account last changed, log-ins aside.
    pub updated_at: Instant,
    /// When the user last logged in.
    pub last_login_at: Option<Instant>,
    /// Failed log-ins counted before this instant are void: set by a completed password reset and by
    /// an administrator's unlock, so that both hold on every replica and whatever the counter store lost.
    pub attempts_void_before: Instant,
}

impl User {
    /// Whether the address was proved to be the user's.
    #[must_use]
    pub fn email_verified(&self) -> bool {
        self.email_verified_at.is_some()
    }

    /// Whether the user administers the service.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        self.roles.contains(&Role::admin())
    }

    /// Whether the user can administer the service now: the account is active and has the role `admin`.
    #[must_use]
    pub fn can_administer(&self) -> bool {
        self.status == UserStatus::Active && self.is_administrator()
    }
}

/// Whether a user may log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserStatus {
    /// The user may log in.
    Active,
    /// An administrator has shut the account.
    Disabled,
}

impl UserStatus {
    /// The word that storage keeps.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

impl FromStr for UserStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "active" => Ok(Self::Active),
            "disabled" => Ok(Self::Disabled),
            other => Err(format!("unknown user status {other:?}")),
        }
    }
}

/// What a user may do, as a word of at most 32 lower-case letters, digits, `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Role(String);

impl Role {
    /// Reads a role.
    ///
    /// # Errors
    /// A sentence that says what a role looks like.
    pub fn parse(text: &str) -> Result<Self, String> {
        let allowed = |letter: char| {
            letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_' || letter == '-'
        };
        if text.is_empty() || text.len() > 32 || !text.chars().all(allowed) {
            return Err(format!("{text:?} is no role: use 1 to 32 of a-z, 0-9, _ and -"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The role every user has.
    #[must_use]
    pub fn user() -> Self {
        Self("user".to_owned())
    }

    /// The role that opens the administration.
    #[must_use]
    pub fn admin() -> Self {
        Self("admin".to_owned())
    }

    /// The role as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// A new account and what comes with it, stored together or not at all.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The account.
    pub user: User,
    /// The token that the verification mail carries, if one is sent.
    pub verification: Option<IssuedToken>,
    /// Who the user is to the provider that the account was opened with, if any.
    pub identity: Option<LinkedIdentity>,
    /// The mails to queue.
    pub mails: Vec<QueuedMail>,
}

/// What became of a [`NewAccount`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountOpening {
    /// The account is stored.
    Opened,
    /// Another account has the address; nothing was stored.
    EmailTaken,
    /// Another account has the identity; nothing was stored.
    IdentityTaken,
}

/// A change to an account that needs nothing but the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amendment {
    /// The user's own changes; what is `None` stays.
    Profile {
        /// The new name.
        name: Option<PersonName>,
        /// The new metadata, in place of all of the old.
        metadata: Option<Metadata>,
    },
    /// Shut or open the account.
    Status(UserStatus),
    /// The roles, in place of all of the old.
    Roles(BTreeSet<Role>),
    /// Void the failed log-ins counted before now.
    Unlock,
}

impl Amendment {
    /// Whether nobody can administer the service by this account afterwards.
    #[must_use]
    pub fn ends_administration(&self) -> bool {
        match self {
            Self::Status(status) => *status == UserStatus::Disabled,
            Self::Roles(roles) => !roles.contains(&Role::admin()),
            Self::Profile { .. } | Self::Unlock => false,
        }
    }
}

/// What became of an [`Amendment`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amended {
    /// It holds; the account as it is now.
    Changed(Box<User>),
    /// There is no such account.
    Unknown,
    /// Nobody could administer the service any more; nothing was changed.
    LastAdministrator,
}

/// What became of an account that was to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountDeletion {
    /// It is gone, and these sessions with it.
    Deleted(Vec<SessionId>),
    /// There is no such account.
    Unknown,
    /// Nobody could administer the service any more; nothing was deleted.
    LastAdministrator,
}

/// A new password for an account.
#[derive(Debug, Clone)]
pub struct PasswordChange {
    /// Whose password.
    pub user: UserId,
    /// What gives the right to change it.
    pub right: PasswordRight,
    /// The hash of the new password.
    pub hash: PasswordHash,
    /// How many hashes to remember, the new one included.
    pub history_depth: usize,
    /// The session that goes on; all others of the user end.
    pub keep_session: Option<SessionId>,
    /// Whether failed log-ins counted before now are void from now on.
    pub lifts_lock: bool,
    /// The mails to queue.
    pub mails: Vec<QueuedMail>,
}

/// What gives the right to change a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordRight {
    /// The caller has checked against this hash, or may replace it without; another one by now means that
    /// somebody was faster.
    Replaces(Option<PasswordHash>),
    /// A reset token, which is spent with the change. Whoever holds it reads the account's mails, so the
    /// address counts as verified from now on.
    ResetToken(TokenDigest),
}

/// What became of a [`PasswordChange`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordChangeOutcome {
    /// The new password holds and these sessions have ended.
    Changed(Vec<SessionId>),
    /// The right is gone: the password was changed in the meantime, the token is spent or too old, or there is no
    /// such account. Nothing was stored.
    Superseded,
}
