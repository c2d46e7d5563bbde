use crate::{Instant, QueuedMail, SessionId, UserId};

/// Who a user is to a provider: another way to log in.
///
/// An identity belongs to one account. An account may have several, also of one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedIdentity {
    /// Whose identity.
    pub user: UserId,
    /// The provider's name in configuration and paths.
    pub provider: String,
    /// What the provider calls the user, for ever; unique within the provider. 1 to 300 bytes.
    pub subject: String,
    /// The address that the provider had when the identity was linked, as it wrote it.
    pub email: Option<String>,
    /// When it was linked.
    pub created_at: Instant,
}

/// An identity to be linked to an account that is there already.
#[derive(Debug, Clone)]
pub struct IdentityLink {
    /// The identity, with the account that it is linked to.
    pub identity: LinkedIdentity,
    /// What gives the right to link it.
    pub right: LinkRight,
    /// The mails to queue.
    pub mails: Vec<QueuedMail>,
}

/// What gives the right to link an identity to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkRight {
    /// The user is logged in and asked for it.
    LoggedIn,
    /// The provider vouches that the account's address is the user's.
    ///
    /// Where nobody has proved the address before, this does, and whoever opened the account is not known to be
    /// the user: everything that lets them back in goes (OWASP: pre-hijacking of accounts).
    ProvedAddress,
}

/// What became of an [`IdentityLink`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Linking {
    /// The identity is linked to the account.
    Linked {
        /// The sessions that were ended, where the link proved the address for the first time; `None` where
        /// nothing but the link is new.
        reclaimed: Option<Vec<SessionId>>,
    },
    /// It is linked already, to this account; nothing was stored.
    AlreadyLinked(UserId),
    /// The account is gone; nothing was stored.
    NoAccount,
}

/// What became of the wish to unlink a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unlinking {
    /// These identities are gone.
    Unlinked(Vec<LinkedIdentity>),
    /// No identity of the provider is linked to the account.
    NotLinked,
    /// The account would have neither a password nor another identity; nothing was changed.
    LastWayIn,
}

impl Unlinking {
    /// What becomes of the wish, where these identities are linked to the account.
    #[must_use]
    pub fn judge(linked: Vec<LinkedIdentity>, provider: &str, has_password: bool) -> Self {
        let (unlinked, kept): (Vec<_>, Vec<_>) =
            linked.into_iter().partition(|identity| identity.provider == provider);
        if unlinked.is_empty() {
            Self::NotLinked
        } else if kept.is_empty() && !has_password {
            Self::LastWayIn
        } else {
            Self::Unlinked(unlinked)
        }
    }
}
