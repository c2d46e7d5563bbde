use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use archon_domain::ports::SessionCache;
use archon_domain::{
    CacheAnswer, CachedProfile, CachedSession, Instant, Lease, Passage, ProfileVersion, SessionId,
    StoreError, TokenRef, Touch, UserId,
};

use super::breaker::in_time;
use super::{Away, Breaker};

/// The copies of sessions and profiles in the fast store, as those see them who keep them true.
///
/// A change is durable before it is told here, so no call of this type can fail: what the fast store was
/// not told is *owed* to it, and the breaker is not closed before it is paid.
pub(crate) struct Copies {
    cache: Arc<dyn SessionCache>,
    breaker: Arc<Breaker>,
    owed: Mutex<Owed>,
}

/// Changes that the fast store may not have been told of yet, by who tells of them.
#[derive(Default)]
struct Owed {
    next: u64,
    debts: BTreeMap<u64, Changed>,
}

/// What has changed in the durable store, so that the fast store must forget it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changed {
    pub(crate) sessions: Vec<SessionId>,
    /// Whose profile has changed.
    pub(crate) users: Vec<UserId>,
}

impl From<Vec<SessionId>> for Changed {
    fn from(sessions: Vec<SessionId>) -> Self {
        Self { sessions, users: Vec::new() }
    }
}

impl From<UserId> for Changed {
    fn from(user: UserId) -> Self {
        Self { sessions: Vec::new(), users: vec![user] }
    }
}

/// What has changed lately, as the durable store tells it, whoever changed it.
#[derive(Debug, Default)]
pub(crate) struct Lately {
    pub(crate) ended: Vec<SessionId>,
    pub(crate) profiles: Vec<ProfileVersion>,
}

/// How many changes can be owed. Beyond, the oldest are let go: sessions that were ended, and profiles
/// that have changed, are found in the durable store as well.
const MOST_OWED: usize = 100_000;

/// Most sessions or profiles forgotten in one call, so that no call holds the fast store up.
const AT_ONCE: usize = 500;

impl Copies {
    pub(crate) fn new(cache: Arc<dyn SessionCache>, breaker: Arc<Breaker>) -> Self {
        Self { cache, breaker, owed: Mutex::default() }
    }

    pub(crate) fn breaker(&self) -> &Arc<Breaker> {
        &self.breaker
    }

    /// Looks a passage up and charges it if the answer is yes.
    pub(crate) async fn pass(
        &self,
        passage: &Passage,
        lease: &Lease,
        now: Instant,
    ) -> Result<CacheAnswer, Away> {
        self.breaker.call("pass", self.cache.pass(passage, lease, now)).await
    }

    /// Asks for the right to settle a session that nobody knows yet.
    pub(crate) async fn lease(&self, session: &SessionId, lease: &Lease) -> Result<(), Away> {
        self.breaker.call("lease", self.cache.lease(session, lease)).await
    }

    /// Settles a session under a lease. If that fails, the next request reads it from the durable store.
    pub(crate) async fn settle(
        &self,
        session: &SessionId,
        lease: &Lease,
        entry: Option<&CachedSession>,
        now: Instant,
    ) {
        let _ = self.breaker.call("settle", self.cache.settle(session, lease, entry, now)).await;
    }

    /// Settles a profile under a lease. If that fails, the next request reads it from the durable store.
    pub(crate) async fn settle_profile(
        &self,
        user: UserId,
        lease: &Lease,
        entry: Option<&CachedProfile>,
        now: Instant,
    ) {
        let settling = self.cache.settle_profile(user, lease, entry, now);
        let _ = self.breaker.call("settle profile", settling).await;
    }

    /// Shows that sessions were used. If that fails, they seem to expire early and are read again then.
    pub(crate) async fn touch(&self, touches: &[Touch]) {
        let _ = self.breaker.call("touch", self.cache.touch(touches)).await;
    }

    /// Why the fast store's own list refuses a token, if it does.
    pub(crate) async fn blacklisted(&self, token: &TokenRef) -> Option<String> {
        self.breaker.call("look up blacklist", self.cache.blacklisted(token)).await.unwrap_or_default()
    }

    /// Puts a token on the fast store's list, for operators and for those who look only there.
    pub(crate) async fn blacklist(&self, token: &TokenRef, reason: &str, now: Instant) {
        if self.breaker.is_closed() {
            let _ = self.breaker.attempt("blacklist", self.cache.blacklist(token, reason, now)).await;
        } else {
            let (cache, breaker) = (Arc::clone(&self.cache), Arc::clone(&self.breaker));
            let (token, reason) = (token.clone(), reason.to_owned());
            tokio::spawn(async move {
                let _ = breaker.attempt("blacklist", cache.blacklist(&token, &reason, now)).await;
            });
        }
    }

    /// Makes the fast store forget what has changed in the durable store.
    ///
    /// While it is relied on, this waits until it has, so that no replica says yes to an ended session
    /// once its end has been acknowledged, and none shows an old profile. While it is not, nobody waits; other replicas may still reach it.
    pub(crate) async fn forget(self: &Arc<Self>, changed: impl Into<Changed>) {
        let changed = changed.into();
        if changed.sessions.is_empty() && changed.users.is_empty() {
            return;
        }
        // Owed before it is tried: a caller who goes away in between leaves a debt behind, not a copy.
        let (debt, closed) = self.owe(changed.clone());
        let copies = Arc::clone(self);
        let telling = async move {
            if copies.tell(&changed).await.is_ok() {
                copies.owed().debts.remove(&debt);
            }
        };
        if closed {
            telling.await;
        } else {
            tokio::spawn(telling);
        }
    }

    async fn tell(&self, changed: &Changed) -> Result<(), Away> {
        for some in changed.sessions.chunks(AT_ONCE) {
            self.breaker.attempt("forget", self.cache.forget(some)).await?;
        }
        for some in changed.users.chunks(AT_ONCE) {
            self.breaker.attempt("forget profiles", self.cache.forget_profiles(some)).await?;
        }
        Ok(())
    }

    /// Notes what the fast store is to be told; whether it is relied on at that moment.
    fn owe(&self, changed: Changed) -> (u64, bool) {
        let mut owed = self.owed();
        let debt = owed.next;
        owed.next += 1;
        owed.debts.insert(debt, changed);
        if owed.debts.len() > MOST_OWED {
            owed.debts.pop_first();
        }
        (debt, self.breaker.is_closed())
    }

    /// Makes the fast store forget what has changed lately, and all that is owed to it now; no request waits for
    /// this.
    pub(crate) async fn bring_up_to_date(&self, lately: &Lately) -> Result<(), StoreError> {
        self.forget_in_time(&lately.ended).await?;
        for some in lately.profiles.chunks(AT_ONCE) {
            in_time("forget outdated", self.cache.forget_outdated(some)).await?;
        }
        let debts: Vec<_> = self.owed().debts.iter().map(|(id, debt)| (*id, debt.clone())).collect();
        let sessions: Vec<_> = debts.iter().flat_map(|(_, debt)| debt.sessions.iter().cloned()).collect();
        self.forget_in_time(&sessions).await?;
        let users: Vec<_> = debts.iter().flat_map(|(_, debt)| debt.users.iter().copied()).collect();
        for some in users.chunks(AT_ONCE) {
            in_time("forget profiles", self.cache.forget_profiles(some)).await?;
        }
        let mut owed = self.owed();
        for (paid, _) in &debts {
            owed.debts.remove(paid);
        }
        Ok(())
    }

    /// Relies on the fast store from now on, unless something has come to be owed to it.
    pub(crate) fn close_unless_owing(&self) -> bool {
        // Under the lock, so that whoever tells of a change either is seen here or sees the breaker closed.
        let owed = self.owed();
        if owed.debts.is_empty() {
            self.breaker.close();
        }
        owed.debts.is_empty()
    }

    async fn forget_in_time(&self, sessions: &[SessionId]) -> Result<(), StoreError> {
        for some in sessions.chunks(AT_ONCE) {
            in_time("forget", self.cache.forget(some)).await?;
        }
        Ok(())
    }

    fn owed(&self) -> MutexGuard<'_, Owed> {
        self.owed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
