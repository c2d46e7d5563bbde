use std::sync::Arc;

use archon_domain::ports::{Entropy, Gate, RateLimiter, Revocations, SessionStore, UserRepo};
use archon_domain::{
    CacheAnswer, CachedProfile, CachedSession, Instant, Lease, Passage, Passed, Profile, Session, Span,
    StoreError, TokenId,
};
use async_trait::async_trait;

use super::copies::Copies;
use crate::gate::{Known, charge, is_within_budget, profile};

/// The gate that asks the fast store, and the durable one where the fast one cannot say yes.
///
/// A yes costs one round trip and no SQL. Everything else is judged by the durable store and then settled
/// under the lease that the question has brought: whoever changes the session in between breaks the lease,
/// so what was read before the change is not put back after it. So it is with the profile of the user, which
/// is read from the durable store, and settled, where the fast one says yes but has no profile.
pub(crate) struct CachedGate {
    pub(crate) copies: Arc<Copies>,
    pub(crate) users: Arc<dyn UserRepo>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) revocations: Arc<dyn Revocations>,
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// How long the copy of a profile lives. What has changed must be looked for as far back.
    pub(crate) profile_life: Span,
}

/// What the durable store knows of a session.
struct Found {
    session: Option<Session>,
    revoked: Vec<TokenId>,
}

#[async_trait]
impl Gate for CachedGate {
    async fn pass(&self, passage: &Passage, now: Instant) -> Result<Passed, StoreError> {
        let lease = Lease::generate(&*self.entropy);
        let answer = self.copies.pass(passage, &lease, now).await;
        let word = match &answer {
            Ok(CacheAnswer::Live { .. }) => "hit",
            Ok(CacheAnswer::Unsure { .. }) => "miss",
            Err(_) => "away",
        };
        metrics::counter!("archon_session_lookups_total", "fast_store" => word).increment(1);
        match answer {
            Ok(CacheAnswer::Live { session, decision, profile }) => {
                let profile = match profile {
                    _ if !is_within_budget(decision.as_ref()) => None,
                    None if passage.profile => self.settle_profile(passage, &lease, now).await?,
                    profile => profile,
                };
                Ok(Passed { session: Some(*session), revoked: false, decision, profile })
            }
            Ok(CacheAnswer::Unsure { blacklisted }) => {
                let (mut found, profile) = self.look_up(passage, now).await?;
                if let Some(reason) = blacklisted {
                    self.write_through(passage, &reason, &mut found).await?;
                }
                let entry = found.entry(now);
                let settling = self.copies.settle(&passage.token.session, &lease, entry.as_ref(), now);
                let ((), passed) = futures::join!(settling, self.judge(passage, found, profile, now));
                passed
            }
            Err(_) => {
                let (found, profile) = self.look_up(passage, now).await?;
                self.judge(passage, found, profile, now).await
            }
        }
    }
}

impl CachedGate {
    async fn look_up(
        &self,
        passage: &Passage,
        now: Instant,
    ) -> Result<(Found, Option<Box<Profile>>), StoreError> {
        let id = &passage.token.session;
        let (session, revoked, profile) = futures::try_join!(
            self.sessions.find(id),
            self.revocations.of_session(id, now),
            profile(&*self.users, passage),
        )?;
        Ok((Found { session, revoked }, profile))
    }

    /// Reads the profile from the durable store and puts it in under the lease.
    async fn settle_profile(
        &self,
        passage: &Passage,
        lease: &Lease,
        now: Instant,
    ) -> Result<Option<Box<Profile>>, StoreError> {
        let profile = profile(&*self.users, passage).await?;
        let expires_at = now + self.profile_life;
        let entry = profile.as_deref().map(|profile| CachedProfile { profile: profile.clone(), expires_at });
        self.copies.settle_profile(passage.user, lease, entry.as_ref(), now).await;
        Ok(profile)
    }

    /// Makes a revocation durable that was made in the fast store alone, by an operator.
    async fn write_through(
        &self,
        passage: &Passage,
        reason: &str,
        found: &mut Found,
    ) -> Result<(), StoreError> {
        let token = &passage.token;
        if !found.revoked.contains(&token.id) {
            self.revocations.revoke(token, reason).await?;
            found.revoked.push(token.id);
            // Whoever holds the lease, if it is somebody else, may have read the list before.
            self.copies.forget(vec![token.session.clone()]).await;
        }
        Ok(())
    }

    async fn judge(
        &self,
        passage: &Passage,
        found: Found,
        profile: Option<Box<Profile>>,
        now: Instant,
    ) -> Result<Passed, StoreError> {
        let revoked = found.revoked.contains(&passage.token.id);
        charge(&*self.limiter, passage, Known { session: found.session, revoked, profile }, now).await
    }
}

impl Found {
    /// What is put into the fast store: nothing but a live session.
    fn entry(&self, now: Instant) -> Option<CachedSession> {
        let session = self.session.clone().filter(|session| session.is_live(now))?;
        Some(CachedSession { session, revoked: self.revoked.clone() })
    }
}
