use std::sync::Arc;

use archon_domain::ports::{Gate, RateLimiter, Revocations, SessionStore};
use archon_domain::{Instant, Passage, Passed, Session, StoreError};
use async_trait::async_trait;

/// The gate that asks the durable stores for every request: the truth itself, at the price of two look-ups.
pub struct DurableGate {
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
        let (revoked, session) = futures::try_join!(
            self.revocations.is_revoked(&passage.token, now),
            self.sessions.find(&passage.token.session),
        )?;
        charge(&*self.limiter, passage, session, revoked, now).await
    }
}

/// What a gate answers when it has found `session` in the durable store; charges the request if it may pass.
pub(crate) async fn charge(
    limiter: &dyn RateLimiter,
    passage: &Passage,
    session: Option<Session>,
    revoked: bool,
    now: Instant,
) -> Result<Passed, StoreError> {
    let session = session.filter(|session| session.user == passage.user);
    let may_pass = !revoked && session.as_ref().is_some_and(|session| session.is_live(now));
    let decision = match &passage.charge {
        Some(charge) if may_pass => Some(limiter.take(charge.bucket, &charge.key, charge.quota, now).await?),
        _ => None,
    };
    Ok(Passed { session, revoked, decision })
}
