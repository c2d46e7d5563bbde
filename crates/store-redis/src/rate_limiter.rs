use archon_domain::ports::RateLimiter;
use archon_domain::{Bucket, Instant, Quota, RateDecision, RateKey, StoreError};
use async_trait::async_trait;
use deadpool_redis::redis::{FromRedisValue, ParsingError, Value};

use crate::nodes::Request;
use crate::{RedisStore, scripts, times};

/// What `charge` in `window.lua` answers.
pub(crate) struct Decision {
    allowed: bool,
    remaining: u32,
    resets_at: i64,
    retry_at: Option<i64>,
}

impl FromRedisValue for Decision {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let (allowed, remaining, resets_at, retry_at) = FromRedisValue::from_redis_value(value)?;
        Ok(Self { allowed, remaining, resets_at, retry_at })
    }
}

impl Decision {
    pub(crate) fn judged_by(self, quota: Quota) -> RateDecision {
        RateDecision {
            allowed: self.allowed,
            quota,
            remaining: self.remaining,
            resets_at: times::instant(self.resets_at),
            retry_at: self.retry_at.map(times::instant),
        }
    }
}

/// Takes one request from the budget of a key, or asks how it stands.
pub(crate) fn take_request(key: &str, quota: Quota, now: Instant, take: bool) -> Request {
    let mut command = scripts::TAKE.on(&[key]);
    command.arg(quota.limit).arg(times::length(quota.window)).arg(times::micros(now)).arg(u8::from(take));
    Request::new(key, command)
}

impl RedisStore {
    async fn budget(
        &self,
        context: &'static str,
        name: (Bucket, &RateKey),
        quota: Quota,
        now: Instant,
        take: bool,
    ) -> Result<RateDecision, StoreError> {
        let wire = self.wire(context)?;
        let key = self.keys.rate_limit(name.0, name.1);
        let asked = wire.ask::<Decision>(take_request(&key, quota, now, take)).await;
        asked.map(|decision| decision.judged_by(quota)).map_err(|fault| fault.at(context))
    }
}

#[async_trait]
impl RateLimiter for RedisStore {
    async fn take(
        &self,
        bucket: Bucket,
        key: &RateKey,
        quota: Quota,
        now: Instant,
    ) -> Result<RateDecision, StoreError> {
        self.budget("take from a budget", (bucket, key), quota, now, true).await
    }

    async fn peek(
        &self,
        bucket: Bucket,
        key: &RateKey,
        quota: Quota,
        now: Instant,
    ) -> Result<RateDecision, StoreError> {
        self.budget("ask for a budget", (bucket, key), quota, now, false).await
    }
}
