use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use archon_domain::ports::RateLimiter;
use archon_domain::{Bucket, Instant, Quota, RateDecision, RateKey, StoreError};
use async_trait::async_trait;

use crate::bounded::{BoundedMap, NoRoomUntil};
use crate::window::Window;

/// Limits requests per key in sliding windows, for one process.
///
/// A key takes a few hundred bytes at most, whatever its quota, and is forgotten soon after its window.
/// Each bucket remembers at most as many keys as its capacity. When that is reached, the keys that have
/// used least of their budget are forgotten first. A key that has nothing left is never forgotten before
/// its time: when all are like that, new keys of the bucket are refused. So nobody gets a new budget by
/// flooding the limiter with other keys that have done less.
pub struct MemoryRateLimiter {
    buckets: [Mutex<BoundedMap<RateKey, Window>>; Bucket::ALL.len()],
}

impl MemoryRateLimiter {
    /// How many keys each bucket remembers unless told otherwise.
    pub const DEFAULT_CAPACITY: usize = 50_000;

    /// A limiter of the default capacity.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY)
    }

    /// A limiter that remembers at most `capacity` keys in each bucket.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { buckets: std::array::from_fn(|_| Mutex::new(BoundedMap::new(capacity))) }
    }

    /// How many keys are remembered now in all buckets, for metrics.
    #[must_use]
    pub fn keys_remembered(&self) -> usize {
        Bucket::ALL.into_iter().map(|bucket| self.bucket(bucket).len()).sum()
    }

    fn bucket(&self, bucket: Bucket) -> MutexGuard<'_, BoundedMap<RateKey, Window>> {
        let index = match bucket {
            Bucket::Login => 0,
            Bucket::Register => 1,
            Bucket::Refresh => 2,
            Bucket::PasswordReset => 3,
            Bucket::EmailResend => 4,
            Bucket::Oauth => 5,
            Bucket::StrangerMail => 6,
            Bucket::Default => 7,
        };
        self.buckets[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryRateLimiter {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryRateLimiter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MemoryRateLimiter").finish_non_exhaustive()
    }
}

#[async_trait]
impl RateLimiter for MemoryRateLimiter {
    async fn take(
        &self,
        bucket: Bucket,
        key: &RateKey,
        quota: Quota,
        now: Instant,
    ) -> Result<RateDecision, StoreError> {
        Ok(match self.bucket(bucket).entry(key, now) {
            Ok(window) => window.take(quota, now),
            Err(NoRoomUntil(room_at)) => Window::refused(quota, room_at),
        })
    }

    async fn peek(
        &self,
        bucket: Bucket,
        key: &RateKey,
        quota: Quota,
        now: Instant,
    ) -> Result<RateDecision, StoreError> {
        let windows = self.bucket(bucket);
        Ok(match (windows.get(key), windows.no_room(now)) {
            (Some(window), _) => window.peek(quota, now),
            (None, Some(NoRoomUntil(room_at))) => Window::refused(quota, room_at),
            (None, None) => Window::default().peek(quota, now),
        })
    }
}
