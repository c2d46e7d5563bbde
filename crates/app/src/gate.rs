use std::sync::Arc;

use archon_domain::ports::{Gate, RateLimiter, Revocations, SessionStore, UserRepo};
use archon_domain::{Instant, Passage, Passed, Profile, RateDecision, Session, StoreError};
use async_trait::async_trait;

/// The gate that asks the durable stores for every request: the truth itself, at the price of two look-ups, or three.
pub struct DurableGate {
    /// Accounts.
    pub users: Arc<dyn UserRepo>,
    /// Sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// Revoked tokens.
    pub revocations: Arc<dyn Revocations>,
    /// Budgets.
    pub limiter: Arc<dyn RateLimiter>,
}

#[async_trait]
impl Gate for DurableGate {
    async fn pass(&self, passage: &Passage, now: Instant) -> Result<Passed, StoreError> {
        let (revoked, session, profile) = futures::try_join!(
            self.revocations.is_revoked(&passage.token, now),
            self.sessions.find(&passage.token.session),
            profile(&*self.users, passage),
        )?;
        charge(&*self.limiter, passage, Known { session, revoked, profile }, now).await
    }
}

/// What the durable store knows of a passage.
pub(crate) struct Known {
    pub(crate) session: Option<Session>,
    pub(crate) revoked: bool,
    pub(crate) profile: Option<Box<Profile>>,
}

/// The profile of the passage's user, if it is asked for and there.
pub(crate) async fn profile(
    users: &dyn UserRepo,
    passage: &Passage,
) -> Result<Option<Box<Profile>>, StoreError> {
    if !passage.profile {
        return Ok(None);
    }
    Ok(users.find(passage.user).await?.map(|user| Box::new(Profile::from(user))))
}

/// What a gate answers when it has asked the durable store; charges the request if it may pass.
pub(crate) async fn charge(
    limiter: &dyn RateLimiter,
    passage: &Passage,
    known: Known,
    now: Instant,
) -> Result<Passed, StoreError> {
    let Known { session, revoked, profile } = known;
    let session = session.filter(|session| session.user == passage.user);
    let may_pass = !revoked && session.as_ref().is_some_and(|session| session.is_live(now));
    let decision = match &passage.charge {
        Some(charge) if may_pass => Some(limiter.take(charge.bucket, &charge.key, charge.quota, now).await?),
        _ => None,
    };
    // A session that seems to have expired may live on by touches that are not stored yet: the caller knows.
    let is_shown = !revoked && session.as_ref().is_some_and(|session| session.ending.is_none());
    let profile = profile.filter(|_| is_shown && is_within_budget(decision.as_ref()));
    Ok(Passed { session, revoked, decision, profile })
}

/// Whether a request that may pass is let through: nothing was to be taken, or there was budget left.
pub(crate) fn is_within_budget(decision: Option<&RateDecision>) -> bool {
    decision.is_none_or(|decision| decision.allowed)
}
