use async_trait::async_trait;

use crate::{
    AccountDeletion, AccountOpening, Amended, Amendment, ClientNetwork, EmailKey, Instant, NewAccount,
    ProfileVersion, StoreError, User, UserId,
};

/// Keeps accounts.
#[async_trait]
pub trait UserRepo: Send + Sync {
    /// Opens an account.
    ///
    /// # Contract
    /// - MUST store the account, its verification token, its identity and its mails together or not at all.
    /// - MUST answer `EmailTaken` and store nothing when another account has the address, its case aside.
    /// - MUST answer `IdentityTaken` and store nothing when another account has the identity.
    /// - MUST let exactly one of many concurrent openings of one address win, and one of one identity.
    async fn open_account(&self, account: NewAccount) -> Result<AccountOpening, StoreError>;

    /// The account with this id.
    ///
    /// # Contract
    /// - MUST return every field as it was stored.
    async fn find(&self, id: UserId) -> Result<Option<User>, StoreError>;

    /// The account with this address.
    ///
    /// # Contract
    /// - MUST find an account by its address whatever the case.
    async fn find_by_email(&self, email: &EmailKey) -> Result<Option<User>, StoreError>;

    /// Changes an account and sets `updated_at` to `now`.
    ///
    /// # Contract
    /// - MUST change what the amendment names and nothing else.
    /// - MUST set `attempts_void_before` to `now` on `Unlock`.
    /// - MUST answer `Unknown` for an unknown account.
    /// - MUST answer `LastAdministrator` and change nothing when the only active account with the role `admin`
    ///   would lose it or be disabled.
    /// - MUST leave an active administrator, however many of them are disabled, demoted or deleted at the same time.
    async fn amend(&self, id: UserId, amendment: Amendment, now: Instant) -> Result<Amended, StoreError>;

    /// Records a log-in from a network.
    ///
    /// # Contract
    /// - MUST set `last_login_at` and leave `updated_at` alone.
    /// - MUST make the network known to the account from `now` on.
    async fn record_login(&self, id: UserId, network: ClientNetwork, now: Instant) -> Result<(), StoreError>;

    /// The accounts that were opened, changed or logged in to at or after `since`, by the version of their
    /// profiles.
    ///
    /// # Contract
    /// - MUST name every account that was changed or logged in to since, in its present version, and no others.
    async fn changed_since(&self, since: Instant) -> Result<Vec<ProfileVersion>, StoreError>;

    /// Whether the account has logged in from the network at or after `since`.
    ///
    /// # Contract
    /// - MUST know a network for its last log-in only, per account.
    async fn knows_network(
        &self,
        id: UserId,
        network: ClientNetwork,
        since: Instant,
    ) -> Result<bool, StoreError>;

    /// The networks the account has logged in from, with the last log-in of each, the latest first.
    ///
    /// # Contract
    /// - MUST list the networks of the account only, each once, the latest first.
    async fn known_networks(&self, id: UserId) -> Result<Vec<(ClientNetwork, Instant)>, StoreError>;

    /// Forgets networks of every account whose last log-in was before `before`; returns how many.
    ///
    /// # Contract
    /// - MUST forget networks that were not used since, and no others.
    async fn forget_networks(&self, before: Instant) -> Result<u64, StoreError>;

    /// Deletes an account with everything that belongs to it in this store; names the sessions that went with it.
    ///
    /// # Contract
    /// - MUST delete the account's sessions, identities, tokens, password history and unsent mails with it.
    /// - MUST name every session that it deleted.
    /// - MUST free the address for a new account.
    /// - MUST answer `LastAdministrator` and delete nothing when it is the only active account with the role
    ///   `admin`.
    async fn delete_account(&self, id: UserId) -> Result<AccountDeletion, StoreError>;
}
