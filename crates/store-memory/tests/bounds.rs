//! What the production counters forget when they are full, and what they never forget.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use archon_contract::attempts::{account, known, rule};
use archon_contract::rate_limiter::{network, per_minute};
use archon_contract::samples::{after, start, tick};
use archon_domain::ports::{LoginAttempts as _, RateLimiter as _};
use archon_domain::{AttemptAdmission, AttemptCounter, Bucket, Instant, RateDecision, RateKey, Span};
use archon_store_memory::{MemoryAttempts, MemoryRateLimiter};
use futures::FutureExt as _;

/// Nothing in memory waits for anything.
fn block_on<F: Future>(future: F) -> F::Output {
    future.now_or_never().expect("ready at once")
}

const CAPACITY: usize = 100;

fn take(limiter: &MemoryRateLimiter, key: &RateKey, now: Instant) -> RateDecision {
    block_on(limiter.take(Bucket::Login, key, per_minute(3), now)).unwrap()
}

fn stranger(number: usize) -> RateKey {
    network(&format!("10.0.{}.{}", number / 256, number % 256))
}

#[test]
fn a_flood_of_keys_gives_nobody_a_new_budget() {
    let limiter = MemoryRateLimiter::with_capacity(CAPACITY);
    let attacker = network("192.0.2.1");
    for _ in 0..3 {
        assert!(take(&limiter, &attacker, start()).allowed);
    }
    for number in 0..10 * CAPACITY {
        assert!(take(&limiter, &stranger(number), after(1)).allowed, "others are let in");
    }
    assert!(!take(&limiter, &attacker, after(2)).allowed);
}

#[test]
fn a_limiter_full_of_exhausted_keys_refuses_new_ones_until_there_is_room() {
    let limiter = MemoryRateLimiter::with_capacity(CAPACITY);
    for number in 0..CAPACITY {
        for _ in 0..3 {
            assert!(take(&limiter, &stranger(number), start()).allowed);
        }
    }
    let newcomer = network("192.0.2.1");
    let refused = take(&limiter, &newcomer, after(1));
    let asked = block_on(limiter.peek(Bucket::Login, &newcomer, per_minute(3), after(1))).unwrap();
    assert_eq!((refused.allowed, refused.retry_at, asked), (false, Some(after(60)), refused));
    assert!(!take(&limiter, &newcomer, after(60) - tick()).allowed);
    let other_bucket = block_on(limiter.take(Bucket::Default, &newcomer, per_minute(3), after(1))).unwrap();
    assert!(other_bucket.allowed, "buckets have room of their own");
    assert!(take(&limiter, &newcomer, after(60)).allowed);
}

fn begin(attempts: &MemoryAttempts, counter: &AttemptCounter, now: Instant) -> AttemptAdmission {
    block_on(attempts.begin(counter, &rule(), start() - Span::days(1), now)).unwrap()
}

fn fail(attempts: &MemoryAttempts, counter: &AttemptCounter, times: u32, now: Instant) {
    for _ in 0..times {
        assert_eq!(begin(attempts, counter, now), AttemptAdmission::Admitted);
        block_on(attempts.fail(counter, &rule(), now)).unwrap();
    }
}

#[test]
fn a_flood_of_addresses_forgets_neither_locks_nor_greater_counts() {
    let attempts = MemoryAttempts::with_capacity(CAPACITY);
    let locked = account("locked");
    fail(&attempts, &locked, 5, start());
    let nearly: Vec<_> = (0..CAPACITY / 2).map(|number| account(&format!("nearly{number}"))).collect();
    for victim in &nearly {
        fail(&attempts, victim, 4, start());
    }
    let under_way = account("under-way");
    for _ in 0..5 {
        assert_eq!(begin(&attempts, &under_way, start()), AttemptAdmission::Admitted);
    }
    for number in 0..10 * CAPACITY {
        fail(&attempts, &account(&format!("stranger{number}")), 3, after(1));
    }
    assert_eq!(begin(&attempts, &locked, after(2)), AttemptAdmission::Locked(start() + rule().lock_for));
    assert_eq!(begin(&attempts, &under_way, after(2)), AttemptAdmission::Busy);
    for victim in &nearly {
        fail(&attempts, victim, 1, after(2));
        assert!(matches!(begin(&attempts, victim, after(2)), AttemptAdmission::Locked(_)));
    }
}

#[test]
fn addresses_that_are_all_locked_keep_new_ones_out_until_there_is_room() {
    let attempts = MemoryAttempts::with_capacity(CAPACITY);
    for number in 0..CAPACITY {
        fail(&attempts, &account(&format!("stranger{number}")), 5, start());
    }
    let newcomer = account("newcomer");
    assert_eq!(begin(&attempts, &newcomer, after(1)), AttemptAdmission::Busy);
    assert_eq!(begin(&attempts, &newcomer, start() + rule().lock_for), AttemptAdmission::Admitted);
}

#[test]
fn an_address_has_so_many_known_networks_and_no_more() {
    let attempts = MemoryAttempts::new();
    for number in 0..4 * MemoryAttempts::KNOWN_NETWORKS {
        let network = known("ada", &format!("2001:db8:{number:x}::1"));
        assert_eq!(begin(&attempts, &network, start()) == AttemptAdmission::Admitted, number < 64);
    }
}

#[test]
fn what_is_over_is_forgotten_as_calls_come_in() {
    let attempts = MemoryAttempts::new();
    for number in 0..1000 {
        fail(&attempts, &account(&format!("early{number}")), 1, start());
    }
    assert_eq!(attempts.addresses_remembered(), 1000);
    fail(&attempts, &account("late"), 1, start() + rule().lock_for + Span::days(1));
    assert_eq!(attempts.addresses_remembered(), 1);
    assert_eq!(begin(&attempts, &account("ada"), after(200_000)), AttemptAdmission::Admitted);
    assert_eq!(attempts.addresses_remembered(), 1);
    block_on(attempts.withdraw(&account("ada"), after(200_000))).unwrap();
    assert_eq!(attempts.addresses_remembered(), 0, "an address with nothing left takes no room");

    let limiter = MemoryRateLimiter::new();
    for number in 0..1000 {
        take(&limiter, &stranger(number), start());
    }
    assert_eq!(limiter.keys_remembered(), 1000);
    take(&limiter, &network("192.0.2.1"), after(120));
    assert_eq!(limiter.keys_remembered(), 1);
}
