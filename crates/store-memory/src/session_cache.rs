use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use archon_domain::ports::{RateLimiter, SessionCache};
use archon_domain::{
    CacheAnswer, CachedSession, Instant, Lease, Passage, Session, SessionId, Span, StoreError, TokenId,
    TokenRef, Touch,
};
use async_trait::async_trait;

/// The reference of the fast copy of sessions, for tests: one process has no need of a copy.
///
/// It forgets what has expired only when it is asked for it, so its memory is not bounded.
pub struct MemorySessionCache {
    held: Mutex<Held>,
    limiter: Arc<dyn RateLimiter>,
}

#[derive(Default)]
struct Held {
    slots: HashMap<SessionId, Slot>,
    blacklist: HashMap<TokenId, Blacklisted>,
}

/// What stands under the id of a session.
enum Slot {
    Session(Box<CachedSession>),
    Lease {
        lease: Lease,
        /// Until when others must wait for its holder, who may have died.
        stands_until: Instant,
    },
}

struct Blacklisted {
    reason: String,
    expires_at: Instant,
}

impl MemorySessionCache {
    /// For how long a lease keeps others from one of their own.
    pub const LEASE_FOR: Span = Span::seconds(5);

    /// An empty copy, which charges `limiter`.
    #[must_use]
    pub fn new(limiter: Arc<dyn RateLimiter>) -> Self {
        Self { held: Mutex::default(), limiter }
    }

    /// Loses everything, as a fast store may at any moment.
    pub fn clear(&self) {
        *self.held() = Held::default();
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemorySessionCache {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MemorySessionCache").finish_non_exhaustive()
    }
}

#[async_trait]
impl SessionCache for MemorySessionCache {
    async fn pass(&self, passage: &Passage, lease: &Lease, now: Instant) -> Result<CacheAnswer, StoreError> {
        let session = match self.held().look_up(passage, lease, now) {
            Ok(session) => Box::new(session),
            Err(blacklisted) => return Ok(CacheAnswer::Unsure { blacklisted }),
        };
        let decision = match &passage.charge {
            Some(charge) => Some(self.limiter.take(charge.bucket, &charge.key, charge.quota, now).await?),
            None => None,
        };
        Ok(CacheAnswer::Live { session, decision })
    }

    async fn lease(&self, session: &SessionId, lease: &Lease) -> Result<(), StoreError> {
        let slot = Slot::Lease { lease: lease.clone(), stands_until: Instant::MIN_UTC };
        self.held().slots.insert(session.clone(), slot);
        Ok(())
    }

    async fn settle(
        &self,
        session: &SessionId,
        lease: &Lease,
        entry: Option<&CachedSession>,
        now: Instant,
    ) -> Result<(), StoreError> {
        let mut held = self.held();
        if !matches!(held.slots.get(session), Some(Slot::Lease { lease: standing, .. }) if standing == lease)
        {
            return Ok(());
        }
        match entry.filter(|entry| entry.session.is_live(now)) {
            Some(entry) => held.slots.insert(session.clone(), Slot::Session(Box::new(entry.clone()))),
            None => held.slots.remove(session),
        };
        Ok(())
    }

    async fn forget(&self, sessions: &[SessionId]) -> Result<(), StoreError> {
        let mut held = self.held();
        for session in sessions {
            held.slots.remove(session);
        }
        Ok(())
    }

    async fn touch(&self, touches: &[Touch]) -> Result<(), StoreError> {
        let mut held = self.held();
        for touch in touches {
            if let Some(Slot::Session(cached)) = held.slots.get_mut(&touch.session) {
                cached.session.apply(touch);
            }
        }
        Ok(())
    }

    async fn blacklist(&self, token: &TokenRef, reason: &str, now: Instant) -> Result<(), StoreError> {
        if now < token.expires_at {
            let entry = Blacklisted { reason: reason.to_owned(), expires_at: token.expires_at };
            self.held().blacklist.insert(token.id, entry);
        }
        Ok(())
    }

    async fn blacklisted(&self, token: &TokenRef) -> Result<Option<String>, StoreError> {
        Ok(self.held().blacklist.get(&token.id).map(|entry| entry.reason.clone()))
    }
}

impl Held {
    /// The session if it may be used; else why its token is blacklisted, if it is, and the lease is given.
    fn look_up(&mut self, passage: &Passage, lease: &Lease, now: Instant) -> Result<Session, Option<String>> {
        let token = &passage.token;
        let listed = self.blacklist.get(&token.id).filter(|entry| now < entry.expires_at);
        let blacklisted = listed.map(|entry| entry.reason.clone());
        match self.slots.get(&token.session) {
            Some(Slot::Session(cached))
                if blacklisted.is_none()
                    && passage.may_use(&cached.session, now)
                    && !cached.revoked.contains(&token.id) =>
            {
                return Ok(cached.session.clone());
            }
            Some(Slot::Lease { stands_until, .. }) if now < *stands_until => {}
            _ => {
                let slot =
                    Slot::Lease { lease: lease.clone(), stands_until: now + MemorySessionCache::LEASE_FOR };
                self.slots.insert(token.session.clone(), slot);
            }
        }
        Err(blacklisted)
    }
}
