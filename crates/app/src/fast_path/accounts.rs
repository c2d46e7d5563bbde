use std::sync::Arc;

use archon_domain::ports::{Credentials, SessionStore, UserRepo};
use archon_domain::{
    AccountDeletion, AccountOpening, Amended, Amendment, ClientNetwork, EmailKey, Instant, IssuedToken,
    NewAccount, PasswordChange, PasswordChangeOutcome, PasswordHash, ProfileVersion, QueuedMail, StoreError,
    TokenDigest, TokenPurpose, User, UserId,
};
use async_trait::async_trait;

use super::copies::{Changed, Copies};
use super::with_ended_lately;

/// The durable store of accounts; profiles that change, and sessions that go with an account, are forgotten in
/// the fast store.
pub(crate) struct CachedUsers {
    pub(crate) durable: Arc<dyn UserRepo>,
    pub(crate) copies: Arc<Copies>,
}

/// The durable store of credentials; profiles that change, and sessions that end with a password, are forgotten
/// in the fast store.
pub(crate) struct CachedCredentials {
    pub(crate) durable: Arc<dyn Credentials>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) copies: Arc<Copies>,
}

#[async_trait]
impl UserRepo for CachedUsers {
    async fn open_account(&self, account: NewAccount) -> Result<AccountOpening, StoreError> {
        self.durable.open_account(account).await
    }

    async fn find(&self, id: UserId) -> Result<Option<User>, StoreError> {
        self.durable.find(id).await
    }

    async fn find_by_email(&self, email: &EmailKey) -> Result<Option<User>, StoreError> {
        self.durable.find_by_email(email).await
    }

    async fn amend(&self, id: UserId, amendment: Amendment, now: Instant) -> Result<Amended, StoreError> {
        let amended = self.durable.amend(id, amendment, now).await;
        // Also when the answer was lost.
        self.copies.forget(id).await;
        amended
    }

    async fn record_login(&self, id: UserId, network: ClientNetwork, now: Instant) -> Result<(), StoreError> {
        let recorded = self.durable.record_login(id, network, now).await;
        self.copies.forget(id).await;
        recorded
    }

    async fn changed_since(&self, since: Instant) -> Result<Vec<ProfileVersion>, StoreError> {
        self.durable.changed_since(since).await
    }

    async fn knows_network(
        &self,
        id: UserId,
        network: ClientNetwork,
        since: Instant,
    ) -> Result<bool, StoreError> {
        self.durable.knows_network(id, network, since).await
    }

    async fn known_networks(&self, id: UserId) -> Result<Vec<(ClientNetwork, Instant)>, StoreError> {
        self.durable.known_networks(id).await
    }

    async fn forget_networks(&self, before: Instant) -> Result<u64, StoreError> {
        self.durable.forget_networks(before).await
    }

    async fn delete_account(&self, id: UserId) -> Result<AccountDeletion, StoreError> {
        let deleted = self.durable.delete_account(id).await;
        let sessions = match &deleted {
            Ok(AccountDeletion::Deleted(sessions)) => sessions.clone(),
            // An error may be a deletion whose answer was lost.
            Ok(AccountDeletion::Unknown | AccountDeletion::LastAdministrator) | Err(_) => Vec::new(),
        };
        self.copies.forget(Changed { sessions, users: vec![id] }).await;
        deleted
    }
}

#[async_trait]
impl Credentials for CachedCredentials {
    async fn upgrade_hash(
        &self,
        user: UserId,
        from: &PasswordHash,
        to: &PasswordHash,
    ) -> Result<bool, StoreError> {
        self.durable.upgrade_hash(user, from, to).await
    }

    async fn password_history(&self, user: UserId, depth: usize) -> Result<Vec<PasswordHash>, StoreError> {
        self.durable.password_history(user, depth).await
    }

    async fn change_password(
        &self,
        change: PasswordChange,
        now: Instant,
    ) -> Result<PasswordChangeOutcome, StoreError> {
        let user = change.user;
        let outcome = self.durable.change_password(change, now).await;
        let ended = match &outcome {
            Ok(PasswordChangeOutcome::Changed(ended)) => ended.clone(),
            // An error may be a change whose answer was lost, and what supersedes this one may be itself.
            Ok(PasswordChangeOutcome::Superseded) | Err(_) => Vec::new(),
        };
        let sessions = with_ended_lately(&*self.sessions, ended, now).await;
        self.copies.forget(Changed { sessions, users: vec![user] }).await;
        outcome
    }

    async fn issue_token(&self, token: IssuedToken, mails: Vec<QueuedMail>) -> Result<(), StoreError> {
        self.durable.issue_token(token, mails).await
    }

    async fn token_owner(
        &self,
        digest: &TokenDigest,
        purpose: TokenPurpose,
        now: Instant,
    ) -> Result<Option<UserId>, StoreError> {
        self.durable.token_owner(digest, purpose, now).await
    }

    async fn verify_email(&self, digest: &TokenDigest, now: Instant) -> Result<Option<User>, StoreError> {
        let verified = self.durable.verify_email(digest, now).await?;
        if let Some(user) = &verified {
            self.copies.forget(user.id).await;
        }
        Ok(verified)
    }

    async fn purge_tokens(&self, before: Instant) -> Result<u64, StoreError> {
        self.durable.purge_tokens(before).await
    }
}
