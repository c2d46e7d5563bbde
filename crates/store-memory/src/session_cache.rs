use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use archon_domain::ports::{RateLimiter, SessionCache};
use archon_domain::{
    CacheAnswer, CachedProfile, CachedSession, Instant, Lease, Passage, Profile, ProfileVersion, Session,
    SessionId, Span, StoreError, TokenId, TokenRef, Touch, UserId,
};
use async_trait::async_trait;

/// The reference of the fast copy of sessions and profiles, for tests: one process has no need of a copy.
///
/// It forgets what has expired only when it is asked for it, so its memory is not bounded.
pub struct MemorySessionCache {
    held: Mutex<Held>,
    limiter: Arc<dyn RateLimiter>,
}

#[derive(Default)]
struct Held {
    sessions: HashMap<SessionId, Slot<CachedSession>>,
    profiles: HashMap<UserId, Slot<CachedProfile>>,
    blacklist: HashMap<TokenId, Blacklisted>,
}

/// What stands under the id of a session or of a user.
enum Slot<C> {
    Copy(Box<C>),
    Lease {
        lease: Lease,
        /// Until when others must wait for its holder, who may have died.
        stands_until: Instant,
    },
}

impl<C> Slot<C> {
    /// The copy that stands here, if there is one.
    fn copy(&self) -> Option<&C> {
        match self {
            Self::Copy(copy) => Some(copy),
            Self::Lease { .. } => None,
        }
    }

    /// Whether the lease of another keeps `now` from one of its own.
    fn is_taken(&self, now: Instant) -> bool {
        matches!(self, Self::Lease { stands_until, .. } if now < *stands_until)
    }

    /// A lease that is asked for with a look-up.
    fn leased(lease: &Lease, now: Instant) -> Self {
        Self::Lease { lease: lease.clone(), stands_until: now + MemorySessionCache::LEASE_FOR }
    }
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
        let (session, profile) = match self.held().look_up(passage, lease, now) {
            Ok((session, profile)) => (Box::new(session), profile.map(Box::new)),
            Err(blacklisted) => return Ok(CacheAnswer::Unsure { blacklisted }),
        };
        let decision = match &passage.charge {
            Some(charge) => Some(self.limiter.take(charge.bucket, &charge.key, charge.quota, now).await?),
            None => None,
        };
        Ok(CacheAnswer::Live { session, decision, profile })
    }

    async fn lease(&self, session: &SessionId, lease: &Lease) -> Result<(), StoreError> {
        let slot = Slot::Lease { lease: lease.clone(), stands_until: Instant::MIN_UTC };
        self.held().sessions.insert(session.clone(), slot);
        Ok(())
    }

    async fn settle(
        &self,
        session: &SessionId,
        lease: &Lease,
        entry: Option<&CachedSession>,
        now: Instant,
    ) -> Result<(), StoreError> {
        let live = entry.filter(|entry| entry.session.is_live(now));
        settle(&mut self.held().sessions, session, lease, live);
        Ok(())
    }

    async fn forget(&self, sessions: &[SessionId]) -> Result<(), StoreError> {
        let mut held = self.held();
        for session in sessions {
            held.sessions.remove(session);
        }
        Ok(())
    }

    async fn settle_profile(
        &self,
        user: UserId,
        lease: &Lease,
        entry: Option<&CachedProfile>,
        now: Instant,
    ) -> Result<(), StoreError> {
        let lasting = entry.filter(|entry| now < entry.expires_at);
        settle(&mut self.held().profiles, &user, lease, lasting);
        Ok(())
    }

    async fn forget_profiles(&self, users: &[UserId]) -> Result<(), StoreError> {
        let mut held = self.held();
        for user in users {
            held.profiles.remove(user);
        }
        Ok(())
    }

    async fn forget_outdated(&self, current: &[ProfileVersion]) -> Result<(), StoreError> {
        let mut held = self.held();
        for version in current {
            let copy = held.profiles.get(&version.user).and_then(Slot::copy);
            if copy.is_none_or(|copy| copy.profile.version() != *version) {
                held.profiles.remove(&version.user);
            }
        }
        Ok(())
    }

    async fn touch(&self, touches: &[Touch]) -> Result<(), StoreError> {
        let mut held = self.held();
        for touch in touches {
            if let Some(Slot::Copy(cached)) = held.sessions.get_mut(&touch.session) {
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

/// Puts a copy in under its lease, or nothing; changes nothing without the lease.
fn settle<I, C>(slots: &mut HashMap<I, Slot<C>>, id: &I, lease: &Lease, copy: Option<&C>)
where
    I: Clone + Eq + Hash,
    C: Clone,
{
    if !matches!(slots.get(id), Some(Slot::Lease { lease: standing, .. }) if standing == lease) {
        return;
    }
    match copy {
        Some(copy) => slots.insert(id.clone(), Slot::Copy(Box::new(copy.clone()))),
        None => slots.remove(id),
    };
}

impl Held {
    /// The session if it may be used, with the profile if it is asked for and there; else why the session's
    /// token is blacklisted, if it is. What is not there is leased.
    fn look_up(
        &mut self,
        passage: &Passage,
        lease: &Lease,
        now: Instant,
    ) -> Result<(Session, Option<Profile>), Option<String>> {
        let token = &passage.token;
        let listed = self.blacklist.get(&token.id).filter(|entry| now < entry.expires_at);
        let blacklisted = listed.map(|entry| entry.reason.clone());
        let slot = self.sessions.get(&token.session);
        let usable = slot.and_then(Slot::copy).filter(|cached| {
            blacklisted.is_none()
                && passage.may_use(&cached.session, now)
                && !cached.revoked.contains(&token.id)
        });
        if let Some(cached) = usable {
            let session = cached.session.clone();
            let profile = if passage.profile { self.look_profile_up(passage.user, lease, now) } else { None };
            return Ok((session, profile));
        }
        if !slot.is_some_and(|slot| slot.is_taken(now)) {
            self.sessions.insert(token.session.clone(), Slot::leased(lease, now));
        }
        Err(blacklisted)
    }

    /// The profile if it is there; otherwise it is leased.
    fn look_profile_up(&mut self, user: UserId, lease: &Lease, now: Instant) -> Option<Profile> {
        let slot = self.profiles.get(&user);
        let lasting = slot.and_then(Slot::copy).filter(|cached| now < cached.expires_at);
        if let Some(cached) = lasting {
            return Some(cached.profile.clone());
        }
        if !slot.is_some_and(|slot| slot.is_taken(now)) {
            self.profiles.insert(user, Slot::leased(lease, now));
        }
        None
    }
}
