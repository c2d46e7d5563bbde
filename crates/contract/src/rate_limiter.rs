//! What a [`archon_domain::ports::RateLimiter`] must do.

use std::collections::VecDeque;
use std::sync::Arc;

use archon_domain::ports::{Entropy as _, RateLimiter};
use archon_domain::{Bucket, ClientNetwork, Instant, Quota, RateDecision, RateKey, Span};

use crate::samples::{Samples, SeededEntropy, after, email_key, ip, start};

/// What the cases of this suite work on.
pub type Port = Arc<dyn RateLimiter>;

/// Runs the suite of `RateLimiter` on the `Arc<dyn RateLimiter>` of a fixture.
#[macro_export]
macro_rules! rate_limiter {
    ($fixture:ident) => {
        $crate::cases! {
            rate_limiter of $crate::rate_limiter::Port: $fixture,
            cases [
                a_burst_is_allowed_up_to_the_quota,
                keys_and_buckets_are_apart,
                a_burst_is_allowed_again_one_window_later,
                no_window_holds_more_than_the_quota,
                a_refusal_takes_nothing,
                a_refusal_says_when_to_come_again,
                a_peek_takes_nothing,
            ],
            concurrency [requests_at_once_are_allowed_up_to_the_quota],
        }
    };
}

/// So many requests a minute.
#[must_use]
pub fn per_minute(limit: u32) -> Quota {
    Quota { limit, window: Span::seconds(60) }
}

/// The key of an IP address.
#[must_use]
pub fn network(address: &str) -> RateKey {
    RateKey::Network(ClientNetwork::of(ip(address)))
}

/// Quotas small and large, of short and long windows.
fn quotas() -> [Quota; 5] {
    let hour = Span::hours(1);
    [
        per_minute(1),
        per_minute(20),
        per_minute(300),
        Quota { limit: 3, window: hour },
        Quota { limit: 100, window: Span::seconds(1) },
    ]
}

async fn take(limiter: &Port, key: &RateKey, quota: Quota, now: Instant) -> RateDecision {
    limiter.take(Bucket::Login, key, quota, now).await.unwrap()
}

/// Takes until refused; how many were allowed.
async fn exhaust(limiter: &Port, bucket: Bucket, key: &RateKey, quota: Quota, now: Instant) -> u32 {
    let mut allowed = 0;
    while limiter.take(bucket, key, quota, now).await.unwrap().allowed {
        allowed += 1;
        assert!(allowed <= quota.limit, "more than the quota");
    }
    allowed
}

/// MUST allow exactly as many requests as the quota at one instant, however many ask at the same time.
pub async fn a_burst_is_allowed_up_to_the_quota(limiter: &Port) {
    for (index, quota) in quotas().into_iter().enumerate() {
        let key = network(&format!("192.0.2.{index}"));
        for taken in 1..=quota.limit {
            let decision = take(limiter, &key, quota, start()).await;
            assert!(decision.allowed);
            assert_eq!(decision.quota, quota);
            assert_eq!(decision.remaining, quota.limit - taken);
            assert_eq!(decision.retry_at, None);
            assert!(decision.resets_at > start());
        }
        let decision = take(limiter, &key, quota, start()).await;
        assert_eq!((decision.allowed, decision.remaining), (false, 0));
    }
}

/// MUST keep keys and buckets apart.
pub async fn keys_and_buckets_are_apart(limiter: &Port) {
    let samples = Samples::default();
    let keys = [
        network("192.0.2.1"),
        network("2001:db8:1:2::1"),
        network("2001:db8:1:3::1"),
        RateKey::User(samples.user_id()),
        RateKey::User(samples.user_id()),
        RateKey::Email(email_key("ada@example.com")),
        RateKey::Email(email_key("192.0.2.1@example.com")),
    ];
    for bucket in Bucket::ALL {
        for key in &keys {
            assert_eq!(exhaust(limiter, bucket, key, per_minute(3), start()).await, 3);
        }
    }
}

/// MUST allow again when the window has slid on, and never more than the quota in any window.
pub async fn a_burst_is_allowed_again_one_window_later(limiter: &Port) {
    for (index, quota) in quotas().into_iter().enumerate() {
        let key = network(&format!("192.0.2.{index}"));
        let mut now = start();
        for _ in 0..3 {
            assert_eq!(exhaust(limiter, Bucket::Login, &key, quota, now).await, quota.limit);
            let decision = take(limiter, &key, quota, now + quota.window / 2).await;
            assert!(!decision.allowed, "the window has not slid on far enough");
            assert!(decision.resets_at <= now + quota.window * 2, "two windows later at the latest");
            now = decision.resets_at;
        }
    }
}

/// MUST allow again when the window has slid on, and never more than the quota in any window.
pub async fn no_window_holds_more_than_the_quota(limiter: &Port) {
    let entropy = SeededEntropy::new(42);
    let random = |below: i64| {
        let mut bytes = [0; 8];
        entropy.fill(&mut bytes);
        i64::from_le_bytes(bytes).rem_euclid(below)
    };
    for (index, quota) in quotas().into_iter().enumerate() {
        let key = network(&format!("192.0.2.{index}"));
        let window = quota.window.num_microseconds().unwrap();
        let mut allowed = VecDeque::new();
        let mut now = start();
        for _ in 0..2000 {
            // Bursts, an even stream at about twice the quota, and now and then a long pause.
            let pause = match random(20) {
                0 => window / 2,
                1..8 => 0,
                _ => 2 * window / i64::from(quota.limit),
            };
            now += Span::microseconds(random(pause + 1));
            while allowed.front().is_some_and(|at| *at + quota.window <= now) {
                allowed.pop_front();
            }
            if take(limiter, &key, quota, now).await.allowed {
                allowed.push_back(now);
                assert!(allowed.len() <= quota.limit as usize, "{quota:?}: {} in a window", allowed.len());
            }
        }
    }
}

/// MUST take nothing from the budget when it refuses.
pub async fn a_refusal_takes_nothing(limiter: &Port) {
    for (index, quota) in quotas().into_iter().enumerate() {
        let key = network(&format!("192.0.2.{index}"));
        assert_eq!(exhaust(limiter, Bucket::Login, &key, quota, start()).await, quota.limit);
        let refused = take(limiter, &key, quota, start()).await;
        for part in 0..16 {
            let decision = take(limiter, &key, quota, start() + quota.window * part / 16).await;
            assert!(!decision.allowed, "the burst is still within a window");
            assert_eq!(decision.resets_at, refused.resets_at, "refusals do not prolong the wait");
        }
        let freed = exhaust(limiter, Bucket::Login, &key, quota, refused.resets_at).await;
        assert_eq!(freed, quota.limit);
    }
}

/// MUST say when the next request will be allowed.
pub async fn a_refusal_says_when_to_come_again(limiter: &Port) {
    for (index, quota) in quotas().into_iter().enumerate() {
        let key = network(&format!("192.0.2.{index}"));
        let mut now = start();
        let mut waits = 0;
        for step in 0..5 * quota.limit {
            now += quota.window / i32::try_from(quota.limit * 2).unwrap() * i32::try_from(step % 3).unwrap();
            let decision = take(limiter, &key, quota, now).await;
            let Some(retry_at) = decision.retry_at else {
                assert!(decision.allowed);
                continue;
            };
            waits += 1;
            assert!(!decision.allowed);
            assert!(retry_at > now && retry_at <= decision.resets_at);
            let too_early = now + (retry_at - now) / 2;
            let peek = limiter.peek(Bucket::Login, &key, quota, too_early).await.unwrap();
            assert_eq!((peek.allowed, peek.retry_at), (false, Some(retry_at)));
            now = retry_at;
            assert!(take(limiter, &key, quota, now).await.allowed, "the promise is kept");
        }
        assert!(waits > 0, "{quota:?} was never used up");
    }
}

/// MUST take nothing from the budget when it is only asked.
pub async fn a_peek_takes_nothing(limiter: &Port) {
    let (key, quota) = (network("2001:db8::1"), per_minute(2));
    let peek = async |now| limiter.peek(Bucket::Login, &key, quota, now).await.unwrap();
    for _ in 0..9 {
        let decision = peek(start()).await;
        assert_eq!((decision.allowed, decision.remaining, decision.retry_at), (true, 2, None));
        assert_eq!(decision.resets_at, start(), "the whole budget is there");
    }
    let taken = take(limiter, &key, quota, after(1)).await;
    let peeked = peek(after(1)).await;
    assert_eq!((peeked.allowed, peeked.remaining, peeked.resets_at), (true, 1, taken.resets_at));
    assert_eq!(exhaust(limiter, Bucket::Login, &key, quota, after(1)).await, 1);
    let refused = take(limiter, &key, quota, after(2)).await;
    for _ in 0..9 {
        assert_eq!(peek(after(2)).await, refused, "a peek shows what a request would be told");
    }
    let reset = peek(refused.resets_at).await;
    assert_eq!((reset.allowed, reset.remaining), (true, 2));
}
