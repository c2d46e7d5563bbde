use std::sync::Arc;

use archon_domain::ports::{Entropy, Gate, RateLimiter, Revocations, SessionStore};
use archon_domain::{
    CacheAnswer, CachedSession, Instant, Lease, Passage, Passed, Session, StoreError, TokenId,
};
use async_trait::async_trait;

use super::copies::Copies;
use crate::gate::charge;

/// The gate that asks the fast store, and the durable one where the fast one cannot say yes.
///
/// A yes costs one round trip and no SQL. Everything else is judged by the durable store and then settled
/// under the lease that the question has brought: whoever changes the session in between breaks the lease,
/// so what was read before the change is not put back after it.
pub(crate) struct CachedGate {
    pub(crate) copies: Arc<Copies>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) revocations: Arc<dyn Revocations>,
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// What the durable store knows of a passage.
struct Known {
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
            Ok(CacheAnswer::Live { session, decision }) => {
                Ok(Passed { session: Some(*session), revoked: false, decision })
            }
            Ok(CacheAnswer::Unsure { blacklisted }) => {
                let mut known = self.look_up(passage, now).await?;
                if let Some(reason) = blacklisted {
                    self.write_through(passage, &reason, &mut known).await?;
                }
                let entry = known.entry(now);
                let settling = self.copies.settle(&passage.token.session, &lease, entry.as_ref(), now);
                let ((), passed) = futures::join!(settling, self.judge(passage, known, now));
                passed
            }
            Err(_) => {
                let known = self.look_up(passage, now).await?;
                self.judge(passage, known, now).await
            }
        }
    }
}

impl CachedGate {
    async fn look_up(&self, passage: &Passage, now: Instant) -> Result<Known, StoreError> {
        let id = &passage.token.session;
        let (session, revoked) =
            futures::try_join!(self.sessions.find(id), self.revocations.of_session(id, now))?;
        Ok(Known { session, revoked })
    }

    /// Makes a revocation durable that was made in the fast store alone, by an operator.
    async fn write_through(
        &self,
        passage: &Passage,
        reason: &str,
        known: &mut Known,
    ) -> Result<(), StoreError> {
        let token = &passage.token;
        if !known.revoked.contains(&token.id) {
            self.revocations.revoke(token, reason).await?;
            known.revoked.push(token.id);
            // Whoever holds the lease, if it is somebody else, may have read the list before.
            self.copies.forget(vec![token.session.clone()]).await;
        }
        Ok(())
    }

    async fn judge(&self, passage: &Passage, known: Known, now: Instant) -> Result<Passed, StoreError> {
        let revoked = known.revoked.contains(&passage.token.id);
        charge(&*self.limiter, passage, known.session, revoked, now).await
    }
}

impl Known {
    /// What is put into the fast store: nothing but a live session.
    fn entry(&self, now: Instant) -> Option<CachedSession> {
        let session = self.session.clone().filter(|session| session.is_live(now))?;
        Some(CachedSession { session, revoked: self.revoked.clone() })
    }
}
