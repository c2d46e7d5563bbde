use archon_domain::ports::Identities;
use archon_domain::{
    IdentityLink, Instant, LinkRight, LinkedIdentity, Linking, SessionId, StoreError, TerminationReason,
    Unlinking, UserId,
};
use async_trait::async_trait;

use crate::MemoryStore;
use crate::state::{State, key_of};

#[async_trait]
impl Identities for MemoryStore {
    async fn find(&self, provider: &str, subject: &str) -> Result<Option<LinkedIdentity>, StoreError> {
        let key = (provider.to_owned(), subject.to_owned());
        Ok(self.state().identities.get(&key).cloned())
    }

    async fn list(&self, user: UserId) -> Result<Vec<LinkedIdentity>, StoreError> {
        Ok(self.state().identities_of(user))
    }

    async fn link(&self, link: IdentityLink, now: Instant) -> Result<Linking, StoreError> {
        self.state().link(link, now)
    }

    async fn unlink(&self, user: UserId, provider: &str) -> Result<Unlinking, StoreError> {
        Ok(self.state().unlink(user, provider))
    }
}

impl State {
    /// The identities of a user, the first linked first.
    fn identities_of(&self, user: UserId) -> Vec<LinkedIdentity> {
        let identities = self.identities.values().filter(|identity| identity.user == user);
        let mut identities: Vec<_> = identities.cloned().collect();
        identities.sort_by_key(|identity| identity.created_at);
        identities
    }

    fn link(&mut self, link: IdentityLink, now: Instant) -> Result<Linking, StoreError> {
        let IdentityLink { identity, right, mails } = link;
        let key = key_of(&identity);
        if !self.accounts.contains_key(&identity.user) {
            return Ok(Linking::NoAccount);
        }
        if let Some(linked) = self.identities.get(&key) {
            return Ok(Linking::AlreadyLinked(linked.user));
        }
        self.check_mails(&mails, None, "link identity")?;
        let reclaimed = match right {
            LinkRight::ProvedAddress => self.reclaim(identity.user, now),
            LinkRight::LoggedIn => None,
        };
        self.identities.insert(key, identity);
        self.queue(mails);
        Ok(Linking::Linked { reclaimed })
    }

    /// Gives an account to whoever has just proved its address, unless somebody had proved it before: removes
    /// everything that lets others back in; the sessions that it ended.
    fn reclaim(&mut self, user: UserId, now: Instant) -> Option<Vec<SessionId>> {
        let account = self.accounts.get_mut(&user)?;
        if account.user.email_verified_at.is_some() {
            return None;
        }
        account.user.email_verified_at = Some(now);
        account.user.updated_at = now;
        account.user.password = None;
        account.history.clear();
        self.identities.retain(|_, identity| identity.user != user);
        self.tokens.retain(|_, token| token.user != user);
        Some(self.end_live_sessions(user, None, TerminationReason::PasswordChanged, now))
    }

    fn unlink(&mut self, user: UserId, provider: &str) -> Unlinking {
        let has_password = self.accounts.get(&user).is_some_and(|account| account.user.password.is_some());
        let unlinking = Unlinking::judge(self.identities_of(user), provider, has_password);
        if let Unlinking::Unlinked(unlinked) = &unlinking {
            for identity in unlinked {
                self.identities.remove(&key_of(identity));
            }
        }
        unlinking
    }
}
