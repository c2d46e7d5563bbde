//! The archive of the memory store: every page walks through the whole table, which is fine for tests.

use archon_domain::archive::{
    KnownNetwork, Misfit, PasswordHistory, Record, RecordKey, Refusal, RefusalReason, Revocation, Table,
};
use archon_domain::ports::Archive;
use archon_domain::{
    IssuedToken, LinkedIdentity, QueuedMail, Session, StoreError, StoreErrorKind, User, UserId,
};
use async_trait::async_trait;

use crate::MemoryStore;
use crate::state::{self, Account, State};

#[async_trait]
impl Archive for MemoryStore {
    async fn count(&self, table: Table) -> Result<u64, StoreError> {
        Ok(self.state().records(table).len() as u64)
    }

    async fn page(
        &self,
        table: Table,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let mut records = self.state().records(table);
        records.retain(|record| after.is_none_or(|after| record.order() > after.fields()));
        records.sort_by(|a, b| a.order().cmp(b.order()));
        records.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(records)
    }

    async fn put(&self, table: Table, records: Vec<Record>) -> Result<Vec<Refusal>, StoreError> {
        let mut state = self.state();
        let mut refused = Vec::new();
        for record in records {
            let key = record.key();
            let put = match record.owner().filter(|owner| !state.accounts.contains_key(owner)) {
                Some(owner) => Ok(Some(RefusalReason::NoSuchUser(owner))),
                None => state.put(table, record),
            };
            let reason = put.map_err(|misfit| {
                StoreError::new(StoreErrorKind::Corrupt, "store records").with_source(misfit)
            })?;
            refused.extend(reason.map(|reason| Refusal { key, reason }));
        }
        Ok(refused)
    }
}

impl State {
    /// The records of a table, in no order.
    fn records(&self, table: Table) -> Vec<Record> {
        let users = || self.accounts.iter();
        match table {
            Table::Users => self.accounts.values().map(|account| Record::from(&account.user)).collect(),
            Table::OauthIdentities => self.identities.values().map(Record::from).collect(),
            Table::PasswordHistory => users()
                .filter(|(_, account)| !account.history.is_empty())
                .map(|(user, account)| PasswordHistory { user: *user, hashes: account.history.clone() })
                .map(|history| Record::from(&history))
                .collect(),
            Table::KnownNetworks => users()
                .flat_map(|(user, account)| account.networks.iter().map(move |known| (*user, known)))
                .map(|(user, (network, last))| KnownNetwork { user, network: *network, last_login_at: *last })
                .map(|known| Record::from(&known))
                .collect(),
            Table::Sessions => self.sessions.values().map(Record::from).collect(),
            Table::Revocations => self
                .revocations
                .iter()
                .map(|(token, revoked)| Revocation {
                    token: *token,
                    expires_at: revoked.expires_at,
                    reason: revoked.reason.clone(),
                    session: revoked.session.clone(),
                })
                .map(|revoked| Record::from(&revoked))
                .collect(),
            Table::OneTimeTokens => self.tokens.values().map(Record::from).collect(),
            Table::Outbox => self.outbox.values().map(Record::from).collect(),
            Table::SecurityEvents => self.events.records(),
            Table::EventChain => self.events.end_records(),
        }
    }

    /// Stores a record whose owner is there; why not, if it is refused.
    fn put(&mut self, table: Table, record: Record) -> Result<Option<RefusalReason>, Misfit> {
        match table {
            Table::Users => return Ok(self.put_user(User::try_from(record)?)),
            Table::OauthIdentities => {
                let identity = LinkedIdentity::try_from(record)?;
                self.identities.insert(state::key_of(&identity), identity);
            }
            Table::PasswordHistory => {
                let PasswordHistory { user, hashes } = record.try_into()?;
                self.change(user, |account| account.history = hashes);
            }
            Table::KnownNetworks => {
                let KnownNetwork { user, network, last_login_at } = record.try_into()?;
                self.change(user, |account| {
                    account.networks.insert(network, last_login_at);
                });
            }
            Table::Sessions => {
                let session = Session::try_from(record)?;
                self.sessions_of.entry(session.user).or_default().insert(session.id.clone());
                self.sessions.insert(session.id.clone(), session);
            }
            Table::Revocations => {
                let Revocation { token, expires_at, reason, session } = record.try_into()?;
                self.revocations.insert(token, state::Revocation { session, expires_at, reason });
            }
            Table::OneTimeTokens => {
                let token = IssuedToken::try_from(record)?;
                self.tokens.insert(token.digest, token);
            }
            Table::Outbox => {
                let queued = QueuedMail::try_from(record)?;
                self.outbox.insert(queued.mail.id, queued);
            }
            Table::SecurityEvents => return Ok(self.events.put(record.try_into()?)),
            Table::EventChain => self.events.put_end(record.try_into()?),
        }
        Ok(None)
    }

    fn put_user(&mut self, user: User) -> Option<RefusalReason> {
        match self.by_email.get(user.email.key()) {
            Some(by) if *by != user.id => return Some(RefusalReason::AddressTaken { by: *by }),
            _ => {}
        }
        let former = self.take_account(user.id);
        let (history, networks) =
            former.map(|account| (account.history, account.networks)).unwrap_or_default();
        self.put_account(Account { user, history, networks });
        None
    }

    fn change(&mut self, user: UserId, change: impl FnOnce(&mut Account)) {
        if let Some(account) = self.accounts.get_mut(&user) {
            change(account);
        }
    }
}
