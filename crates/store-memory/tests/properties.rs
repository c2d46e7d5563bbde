//! The production counters against simple models of what they promise.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use archon_contract::attempts::account;
use archon_contract::rate_limiter::network;
use archon_contract::samples::start;
use archon_domain::ports::{LoginAttempts as _, RateLimiter as _};
use archon_domain::{AttemptAdmission, Bucket, Instant, LockoutRule, Quota, RateDecision, Span};
use archon_store_memory::{MemoryAttempts, MemoryRateLimiter};
use futures::FutureExt as _;
use proptest::prelude::*;

/// Nothing in memory waits for anything.
fn block_on<F: Future>(future: F) -> F::Output {
    future.now_or_never().expect("ready at once")
}

fn take(limiter: &MemoryRateLimiter, quota: Quota, now: Instant) -> RateDecision {
    block_on(limiter.take(Bucket::Login, &network("192.0.2.1"), quota, now)).unwrap()
}

fn peek(limiter: &MemoryRateLimiter, quota: Quota, now: Instant) -> RateDecision {
    block_on(limiter.peek(Bucket::Login, &network("192.0.2.1"), quota, now)).unwrap()
}

/// A request as it comes in: some at once, some in a stream, some after a long pause.
fn pauses(window: i64) -> impl Strategy<Value = Vec<i64>> {
    let pause = prop_oneof![Just(0), 0..10_i64, 0..window / 20, 0..window / 3, 0..2 * window];
    prop::collection::vec(pause, 1..400)
}

proptest! {
    #[test]
    fn no_window_holds_more_than_the_quota_and_promises_are_kept(
        limit in prop_oneof![1..20_u32, 1..120_u32],
        seconds in 1..100_i64,
        pauses in pauses(50_000_000),
    ) {
        let quota = Quota { limit, window: Span::seconds(seconds) };
        let limiter = MemoryRateLimiter::new();
        let mut log: Vec<Instant> = Vec::new();
        let mut now = start();
        for pause in pauses {
            now += Span::microseconds(pause * seconds / 50);
            let exact = log.iter().filter(|at| **at + quota.window > now).count();
            // What the limiter may hold against a request: everything of a window and a sixteenth.
            let slack = log.iter().filter(|at| **at + quota.window + quota.window / 16 > now).count();
            let asked = peek(&limiter, quota, now);
            let decision = take(&limiter, quota, now);
            prop_assert_eq!((asked.allowed, asked.retry_at), (decision.allowed, decision.retry_at));
            if decision.allowed {
                prop_assert!(exact < limit as usize, "more than the quota in a window");
                log.push(now);
                prop_assert!((decision.remaining as usize) < limit as usize - exact);
                prop_assert_eq!(decision.remaining + 1, asked.remaining);
            } else {
                let counted = if limit <= 16 { exact } else { slack };
                prop_assert!(counted >= limit as usize, "refused without need");
                let retry_at = decision.retry_at.unwrap();
                prop_assert!(retry_at > now && retry_at <= now + quota.window);
                prop_assert!(!peek(&limiter, quota, retry_at - Span::microseconds(1)).allowed);
                prop_assert!(peek(&limiter, quota, retry_at).allowed);
            }
            let reset = peek(&limiter, quota, decision.resets_at);
            prop_assert_eq!((reset.remaining, reset.resets_at), (limit, decision.resets_at));
        }
    }

    #[test]
    fn failures_and_attempts_under_way_never_pass_the_limit(
        max_failures in 1..6_u32,
        steps in prop::collection::vec((0..5_u8, 0..40_i64), 1..200),
    ) {
        let lock_for = Span::seconds(120);
        let rule = LockoutRule { max_failures, lock_for, attempt_timeout: Span::seconds(1_000_000) };
        let (attempts, ada) = (MemoryAttempts::new(), account("ada"));
        let void = start() - Span::days(1);
        let (mut under_way, mut failures, mut last, mut locked) = (0, 0, start(), None);
        let mut now = start();
        for (step, pause) in steps {
            now += Span::seconds(pause);
            if locked.is_some_and(|until| until <= now) || (failures > 0 && last + lock_for <= now) {
                (failures, locked) = (0, None);
            }
            match step {
                0 | 1 => {
                    let expected = match locked {
                        Some(until) => AttemptAdmission::Locked(until),
                        None if failures + under_way >= max_failures => AttemptAdmission::Busy,
                        None => AttemptAdmission::Admitted,
                    };
                    let admission = block_on(attempts.begin(&ada, &rule, void, now)).unwrap();
                    prop_assert_eq!(admission, expected);
                    under_way += u32::from(admission == AttemptAdmission::Admitted);
                }
                2 if under_way > 0 => {
                    (under_way, failures, last) = (under_way - 1, failures + 1, now);
                    let just_locked = failures == max_failures;
                    locked = just_locked.then_some(now + lock_for);
                    let standing = block_on(attempts.fail(&ada, &rule, now)).unwrap();
                    prop_assert_eq!(standing.failures, failures);
                    prop_assert_eq!((standing.locked_until, standing.just_locked), (locked, just_locked));
                }
                3 if under_way > 0 => {
                    (under_way, failures, locked) = (under_way - 1, 0, None);
                    block_on(attempts.succeed(&ada, now)).unwrap();
                }
                4 if under_way > 0 => {
                    under_way -= 1;
                    block_on(attempts.withdraw(&ada, now)).unwrap();
                }
                _ => {}
            }
            prop_assert!(failures + under_way <= max_failures);
        }
    }
}
