use crate::{Email, Instant, Metadata, PersonName, User, UserId};

/// What users are shown of their own account: nothing that is secret, and nothing that decides what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Whose profile.
    pub id: UserId,
    /// The address to log in with and to write to.
    pub email: Email,
    /// What the user wants to be called.
    pub name: PersonName,
    /// When the address was proved to be the user's.
    pub email_verified_at: Option<Instant>,
    /// Free data of the deployment.
    pub metadata: Metadata,
    /// When the account was opened.
    pub created_at: Instant,
    /// When anything of the account last changed, log-ins aside.
    pub updated_at: Instant,
    /// When the user last logged in.
    pub last_login_at: Option<Instant>,
}

impl Profile {
    /// Which version of the profile this is.
    #[must_use]
    pub fn version(&self) -> ProfileVersion {
        ProfileVersion { user: self.id, updated_at: self.updated_at, last_login_at: self.last_login_at }
    }
}

impl From<User> for Profile {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email,
            name: user.name,
            email_verified_at: user.email_verified_at,
            metadata: user.metadata,
            created_at: user.created_at,
            updated_at: user.updated_at,
            last_login_at: user.last_login_at,
        }
    }
}

/// What changes with every change of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProfileVersion {
    /// Whose profile.
    pub user: UserId,
    /// When anything of the account last changed, log-ins aside.
    pub updated_at: Instant,
    /// When the user last logged in.
    pub last_login_at: Option<Instant>,
}

/// A profile as the fast store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CachedProfile {
    /// The profile as the durable store has it.
    pub profile: Profile,
    /// From when on it is not to be believed. What has changed is looked for as far back as a copy can live.
    pub expires_at: Instant,
}
