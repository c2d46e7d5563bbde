use async_trait::async_trait;

use crate::{IdentityLink, Instant, LinkedIdentity, Linking, StoreError, Unlinking, UserId};

/// Keeps who users are to providers. The first identity of a new account is stored with it, by
/// [`crate::ports::UserRepo::open_account`].
#[async_trait]
pub trait Identities: Send + Sync {
    /// The identity that a provider knows by this subject.
    ///
    /// # Contract
    /// - MUST find an identity by its provider and its subject, both to the letter.
    async fn find(&self, provider: &str, subject: &str) -> Result<Option<LinkedIdentity>, StoreError>;

    /// The identities of an account, the first linked first.
    ///
    /// # Contract
    /// - MUST list the identities of the account only, the first linked first.
    async fn list(&self, user: UserId) -> Result<Vec<LinkedIdentity>, StoreError>;

    /// Links an identity to an account.
    ///
    /// # Contract
    /// - MUST link an identity to one account, however many ask at the same time, and name that to the others.
    /// - MUST answer `NoAccount` and store nothing where the account is gone.
    /// - MUST queue the mails together with the link or not at all.
    /// - MUST leave the account as it is for a user who is logged in, and where the address was verified before.
    /// - MUST verify an address that is proved for the first time, remove the password with its history and every
    ///   other identity, void every one-time token, and end every session, naming those it ended, all in one step
    ///   with the link.
    async fn link(&self, link: IdentityLink, now: Instant) -> Result<Linking, StoreError>;

    /// Removes every identity of one provider from an account.
    ///
    /// # Contract
    /// - MUST remove the account's identities of the provider, name them, and leave all others alone.
    /// - MUST leave every account a password or an identity, however many ask at the same time.
    async fn unlink(&self, user: UserId, provider: &str) -> Result<Unlinking, StoreError>;
}
