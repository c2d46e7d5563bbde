use std::sync::Arc;

use archon_domain::ports::{LoginAttempts, OauthStates, RateLimiter};
use archon_domain::{
    AttemptAdmission, AttemptCounter, AttemptStanding, Bucket, EmailKey, Instant, LockoutRule, OauthFlow,
    OneTimeToken, Quota, RateDecision, RateKey, StoreError, StoreErrorKind,
};
use async_trait::async_trait;

use super::{Away, Breaker};

/// A port that the fast store serves while it is relied on, and the process itself while it is not.
pub(crate) struct Failover<P: ?Sized> {
    fast: Arc<P>,
    local: Arc<P>,
    breaker: Arc<Breaker>,
}

impl<P: ?Sized> Failover<P> {
    pub(crate) fn new(fast: Arc<P>, local: Arc<P>, breaker: &Arc<Breaker>) -> Arc<Self> {
        Arc::new(Self { fast, local, breaker: Arc::clone(breaker) })
    }
}

/// Budgets that replicas share; while the fast store is away each has budgets of the same size of its own,
/// so that its being away never opens the gate.
#[async_trait]
impl RateLimiter for Failover<dyn RateLimiter> {
    async fn take(
        &self,
        bucket: Bucket,
        key: &RateKey,
        quota: Quota,
        now: Instant,
    ) -> Result<RateDecision, StoreError> {
        match self.breaker.call("take", self.fast.take(bucket, key, quota, now)).await {
            Ok(decision) => Ok(decision),
            Err(_) => self.local.take(bucket, key, quota, now).await,
        }
    }

    async fn peek(
        &self,
        bucket: Bucket,
        key: &RateKey,
        quota: Quota,
        now: Instant,
    ) -> Result<RateDecision, StoreError> {
        match self.breaker.call("peek", self.fast.peek(bucket, key, quota, now)).await {
            Ok(decision) => Ok(decision),
            Err(_) => self.local.peek(bucket, key, quota, now).await,
        }
    }
}

/// Failed log-ins that replicas count together; while the fast store is away each counts its own.
///
/// The outcome of an attempt goes to whoever is relied on when it is known. Where that is another than
/// admitted the attempt, a failure is counted all the same, and the place that was taken is given up when
/// the attempt times out: as a failure, so that nobody gains a guess.
#[async_trait]
impl LoginAttempts for Failover<dyn LoginAttempts> {
    async fn begin(
        &self,
        counter: &AttemptCounter,
        rule: &LockoutRule,
        void_before: Instant,
        now: Instant,
    ) -> Result<AttemptAdmission, StoreError> {
        let fast = self.fast.begin(counter, rule, void_before, now);
        match self.breaker.call("begin attempt", fast).await {
            Ok(admission) => Ok(admission),
            Err(_) => self.local.begin(counter, rule, void_before, now).await,
        }
    }

    async fn fail(
        &self,
        counter: &AttemptCounter,
        rule: &LockoutRule,
        now: Instant,
    ) -> Result<AttemptStanding, StoreError> {
        match self.breaker.call("fail attempt", self.fast.fail(counter, rule, now)).await {
            Ok(standing) => Ok(standing),
            Err(_) => self.local.fail(counter, rule, now).await,
        }
    }

    async fn succeed(&self, counter: &AttemptCounter, now: Instant) -> Result<(), StoreError> {
        match self.breaker.call("succeed attempt", self.fast.succeed(counter, now)).await {
            Ok(()) => Ok(()),
            Err(_) => self.local.succeed(counter, now).await,
        }
    }

    async fn withdraw(&self, counter: &AttemptCounter, now: Instant) -> Result<(), StoreError> {
        match self.breaker.call("withdraw attempt", self.fast.withdraw(counter, now)).await {
            Ok(()) => Ok(()),
            Err(_) => self.local.withdraw(counter, now).await,
        }
    }

    async fn standing(
        &self,
        counter: &AttemptCounter,
        rule: &LockoutRule,
        void_before: Instant,
        now: Instant,
    ) -> Result<AttemptStanding, StoreError> {
        let fast = self.fast.standing(counter, rule, void_before, now);
        match self.breaker.call("look at attempts", fast).await {
            Ok(standing) => Ok(standing),
            Err(_) => self.local.standing(counter, rule, void_before, now).await,
        }
    }

    /// Clears both. What the fast store was not told is void all the same: who clears says so durably, by
    /// `attempts_void_before`.
    async fn clear(&self, email: &EmailKey) -> Result<(), StoreError> {
        let _ = self.breaker.call("clear attempts", self.fast.clear(email)).await;
        self.local.clear(email).await
    }
}

/// Log-ins with a provider that may come back to any replica; while the fast store is away they can come
/// back to the one that began them.
///
/// A flow is kept in one place only, or it could be handed out twice. So the one beginning that finds the
/// fast store gone, and cannot know whether it was stored, is refused; its caller begins anew with another
/// state.
#[async_trait]
impl OauthStates for Failover<dyn OauthStates> {
    async fn begin(&self, state: &OneTimeToken, flow: OauthFlow, now: Instant) -> Result<(), StoreError> {
        match self.breaker.call("begin provider log-in", self.fast.begin(state, flow.clone(), now)).await {
            Ok(()) => Ok(()),
            Err(Away::NotAsked) => self.local.begin(state, flow, now).await,
            Err(Away::NoAnswer) => Err(StoreError::new(StoreErrorKind::Unavailable, "begin provider log-in")),
        }
    }

    async fn consume(&self, state: &OneTimeToken, now: Instant) -> Result<Option<OauthFlow>, StoreError> {
        match self.breaker.call("consume provider log-in", self.fast.consume(state, now)).await {
            Ok(Some(flow)) => Ok(Some(flow)),
            Ok(None) | Err(_) => self.local.consume(state, now).await,
        }
    }
}
