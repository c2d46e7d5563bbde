use std::collections::HashMap;

use archon_domain::ports::UserRepo;
use archon_domain::{
    AccountDeletion, AccountOpening, Amended, Amendment, ClientNetwork, EmailKey, Instant, NewAccount,
    Profile, ProfileVersion, StoreError, User, UserId,
};
use async_trait::async_trait;

use crate::MemoryStore;
use crate::state::{Account, State, conflict, key_of};

#[async_trait]
impl UserRepo for MemoryStore {
    async fn open_account(&self, account: NewAccount) -> Result<AccountOpening, StoreError> {
        self.state().open_account(account)
    }

    async fn find(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.state().accounts.get(&id).map(|account| account.user.clone()))
    }

    async fn find_by_email(&self, email: &EmailKey) -> Result<Option<User>, StoreError> {
        let state = self.state();
        let account = state.by_email.get(email).and_then(|id| state.accounts.get(id));
        Ok(account.map(|account| account.user.clone()))
    }

    async fn amend(&self, id: UserId, amendment: Amendment, now: Instant) -> Result<Amended, StoreError> {
        let mut state = self.state();
        if amendment.ends_administration() && state.is_last_administrator(id) {
            return Ok(Amended::LastAdministrator);
        }
        Ok(state.accounts.get_mut(&id).map_or(Amended::Unknown, |account| {
            apply(&mut account.user, amendment, now);
            Amended::Changed(Box::new(account.user.clone()))
        }))
    }

    async fn record_login(&self, id: UserId, network: ClientNetwork, now: Instant) -> Result<(), StoreError> {
        let mut state = self.state();
        if let Some(account) = state.accounts.get_mut(&id) {
            account.user.last_login_at = account.user.last_login_at.max(Some(now));
            let last = account.networks.entry(network).or_insert(now);
            *last = (*last).max(now);
        }
        Ok(())
    }

    async fn changed_since(&self, since: Instant) -> Result<Vec<ProfileVersion>, StoreError> {
        let state = self.state();
        let users = state.accounts.values().map(|account| &account.user);
        let changed = users.filter(|user| user.updated_at >= since || user.last_login_at >= Some(since));
        Ok(changed.map(|user| Profile::from(user.clone()).version()).collect())
    }

    async fn knows_network(
        &self,
        id: UserId,
        network: ClientNetwork,
        since: Instant,
    ) -> Result<bool, StoreError> {
        let state = self.state();
        let last = state.accounts.get(&id).and_then(|account| account.networks.get(&network));
        Ok(last.is_some_and(|last| *last >= since))
    }

    async fn known_networks(&self, id: UserId) -> Result<Vec<(ClientNetwork, Instant)>, StoreError> {
        let state = self.state();
        let networks = state.accounts.get(&id).into_iter().flat_map(|account| &account.networks);
        let mut networks: Vec<_> = networks.map(|(network, last)| (*network, *last)).collect();
        networks.sort_by_key(|(_, last)| std::cmp::Reverse(*last));
        Ok(networks)
    }

    async fn forget_networks(&self, before: Instant) -> Result<u64, StoreError> {
        let mut state = self.state();
        let mut forgotten = 0;
        for account in state.accounts.values_mut() {
            let known = account.networks.len();
            account.networks.retain(|_, last| *last >= before);
            forgotten += (known - account.networks.len()) as u64;
        }
        Ok(forgotten)
    }

    async fn delete_account(&self, id: UserId) -> Result<AccountDeletion, StoreError> {
        Ok(self.state().delete_account(id))
    }
}

/// Changes what the amendment names.
fn apply(user: &mut User, amendment: Amendment, now: Instant) {
    match amendment {
        Amendment::Profile { name, metadata } => {
            user.name = name.unwrap_or_else(|| user.name.clone());
            user.metadata = metadata.unwrap_or_else(|| user.metadata.clone());
        }
        Amendment::Status(status) => user.status = status,
        Amendment::Roles(roles) => user.roles = roles,
        Amendment::Unlock => user.attempts_void_before = now,
    }
    user.updated_at = now;
}

impl State {
    fn open_account(&mut self, account: NewAccount) -> Result<AccountOpening, StoreError> {
        let NewAccount { user, verification, identity, mails } = account;
        if self.by_email.contains_key(user.email.key()) {
            return Ok(AccountOpening::EmailTaken);
        }
        if identity.as_ref().is_some_and(|identity| self.identities.contains_key(&key_of(identity))) {
            return Ok(AccountOpening::IdentityTaken);
        }
        if self.accounts.contains_key(&user.id) {
            return Err(conflict("open account", "an account with this id is stored already"));
        }
        self.check_mails(&mails, Some(user.id), "open account")?;
        if let Some(token) = &verification {
            self.check_token(token, "open account")?;
        }
        self.tokens.extend(verification.map(|token| (token.digest, token)));
        self.identities.extend(identity.map(|identity| (key_of(&identity), identity)));
        self.queue(mails);
        let history = user.password.iter().cloned().collect();
        self.put_account(Account { user, history, networks: HashMap::new() });
        Ok(AccountOpening::Opened)
    }

    /// Stores an account whose id and address are nobody's.
    pub(crate) fn put_account(&mut self, account: Account) {
        let user = &account.user;
        self.by_email.insert(user.email.key().clone(), user.id);
        self.by_age.insert((user.created_at, user.id));
        self.accounts.insert(user.id, account);
    }

    /// Takes an account out, but nothing that belongs to it.
    pub(crate) fn take_account(&mut self, id: UserId) -> Option<Account> {
        let account = self.accounts.remove(&id)?;
        self.by_email.remove(account.user.email.key());
        self.by_age.remove(&(account.user.created_at, id));
        Some(account)
    }

    /// Whether the account is the only one by which the service can be administered.
    fn is_last_administrator(&self, id: UserId) -> bool {
        let administrators = self.accounts.values().filter(|account| account.user.can_administer());
        administrators.map(|account| account.user.id).eq([id])
    }

    fn delete_account(&mut self, id: UserId) -> AccountDeletion {
        if self.is_last_administrator(id) {
            return AccountDeletion::LastAdministrator;
        }
        if self.take_account(id).is_none() {
            return AccountDeletion::Unknown;
        }
        self.identities.retain(|_, identity| identity.user != id);
        let sessions: Vec<_> = self.sessions_of.remove(&id).into_iter().flatten().collect();
        for session in &sessions {
            self.sessions.remove(session);
        }
        self.tokens.retain(|_, token| token.user != id);
        self.outbox.retain(|_, queued| queued.mail.user != id);
        AccountDeletion::Deleted(sessions)
    }
}
