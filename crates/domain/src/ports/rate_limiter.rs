use async_trait::async_trait;

use crate::{Bucket, Instant, Quota, RateDecision, RateKey, StoreError};

/// Limits requests per key in sliding windows.
///
/// The window slides: what counts at an instant is what was taken within a window's length before it.
/// A limiter need not remember each request, but what it cannot tell apart it counts as if it had come
/// with the latest of it, so that no window ever holds more than the quota and `retry_at` can be relied on.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Takes one request from the key's budget if there is one left.
    ///
    /// # Contract
    /// - MUST allow exactly as many requests as the quota at one instant, however many ask at the same time.
    /// - MUST keep keys and buckets apart.
    /// - MUST allow again when the window has slid on, and never more than the quota in any window.
    /// - MUST take nothing from the budget when it refuses.
    /// - MUST say when the next request will be allowed.
    async fn take(
        &self,
        bucket: Bucket,
        key: &RateKey,
        quota: Quota,
        now: Instant,
    ) -> Result<RateDecision, StoreError>;

    /// How the key's budget stands; takes nothing.
    ///
    /// # Contract
    /// - MUST take nothing from the budget when it is only asked.
    async fn peek(
        &self,
        bucket: Bucket,
        key: &RateKey,
        quota: Quota,
        now: Instant,
    ) -> Result<RateDecision, StoreError>;
}
