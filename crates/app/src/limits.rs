use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use archon_domain::ports::{Clock, RateLimiter};
use archon_domain::{Bucket, Quota, RateDecision, RateKey};
use ipnet::IpNet;

use crate::Fault;

/// The budgets of a deployment.
#[derive(Debug, Clone)]
pub struct LimitsPolicy {
    /// Whether anything is limited at all.
    pub enabled: bool,
    /// The quota of every bucket.
    pub quotas: BTreeMap<Bucket, Quota>,
    /// Networks that are never limited.
    pub exempt: Vec<IpNet>,
}

/// Decides who has asked too often.
#[derive(Clone)]
pub struct Limits {
    limiter: Arc<dyn RateLimiter>,
    clock: Arc<dyn Clock>,
    policy: Arc<LimitsPolicy>,
}

impl Limits {
    /// Limits by `policy`, counted by `limiter`.
    #[must_use]
    pub fn new(limiter: Arc<dyn RateLimiter>, clock: Arc<dyn Clock>, policy: LimitsPolicy) -> Self {
        Self { limiter, clock, policy: Arc::new(policy) }
    }

    /// Takes one request of `address` from a budget; `None` when the address is not limited.
    ///
    /// # Errors
    /// When the limiter fails; the request must then be refused.
    pub async fn take(
        &self,
        bucket: Bucket,
        key: &RateKey,
        address: IpAddr,
    ) -> Result<Option<RateDecision>, Fault> {
        match self.quota_for(bucket, address) {
            Some(quota) => self.take_of(bucket, key, quota).await.map(Some),
            None => Ok(None),
        }
    }

    /// Takes one request from a budget that protects somebody else than the service, such as whoever a mail
    /// goes to, and so counts for exempt clients as well; `None` when nothing is limited.
    ///
    /// # Errors
    /// When the limiter fails; the request must then be refused.
    pub async fn take_whoever_asks(
        &self,
        bucket: Bucket,
        key: &RateKey,
    ) -> Result<Option<RateDecision>, Fault> {
        match self.quota_of(bucket) {
            Some(quota) => self.take_of(bucket, key, quota).await.map(Some),
            None => Ok(None),
        }
    }

    async fn take_of(&self, bucket: Bucket, key: &RateKey, quota: Quota) -> Result<RateDecision, Fault> {
        let decision = self.limiter.take(bucket, key, quota, self.clock.now()).await?;
        count(bucket, &decision);
        Ok(decision)
    }

    /// How a budget stands; takes nothing.
    ///
    /// # Errors
    /// When the limiter fails.
    pub async fn peek(
        &self,
        bucket: Bucket,
        key: &RateKey,
        address: IpAddr,
    ) -> Result<Option<RateDecision>, Fault> {
        let Some(quota) = self.quota_for(bucket, address) else { return Ok(None) };
        Ok(Some(self.limiter.peek(bucket, key, quota, self.clock.now()).await?))
    }

    /// The quota that requests of `address` are judged by; `None` when the address is not limited.
    #[must_use]
    pub fn quota_for(&self, bucket: Bucket, address: IpAddr) -> Option<Quota> {
        let address = address.to_canonical();
        let exempt = self.policy.exempt.iter().any(|net| net.contains(&address));
        if exempt { None } else { self.quota_of(bucket) }
    }

    /// The quota of a bucket; `None` when nothing is limited.
    fn quota_of(&self, bucket: Bucket) -> Option<Quota> {
        if self.policy.enabled { self.policy.quotas.get(&bucket).copied() } else { None }
    }
}

/// Counts a decision in the metrics.
pub(crate) fn count(bucket: Bucket, decision: &RateDecision) {
    let word = if decision.allowed { "allowed" } else { "refused" };
    metrics::counter!("archon_rate_limit_decisions_total", "bucket" => bucket.as_str(), "decision" => word)
        .increment(1);
}
