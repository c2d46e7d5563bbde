//! The counters in Redis say the same as the reference in memory, step by step, for a long random drill.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod fixture;

use archon_contract::attempts::{account, known, rule};
use archon_contract::rate_limiter::network;
use archon_contract::samples::{SeededEntropy, start};
use archon_domain::ports::{Entropy as _, LoginAttempts, RateLimiter};
use archon_domain::{Bucket, LockoutRule, Quota, Span};
use archon_store_memory::{MemoryAttempts, MemoryRateLimiter};

use fixture::Place;

/// Random numbers that are the same in every run.
struct Dice(SeededEntropy);

impl Dice {
    fn roll(&self, below: i64) -> i64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        i64::from_le_bytes(bytes).rem_euclid(below)
    }

    /// Mostly moments, now and then a good part of `long`; whole microseconds.
    fn pause(&self, long: Span) -> Span {
        let most = match self.roll(20) {
            0 => long * 2,
            1..4 => long / 3,
            4..10 => long / 40,
            _ => Span::milliseconds(1),
        };
        Span::microseconds(self.roll(most.num_microseconds().unwrap() + 1))
    }
}

#[tokio::test]
async fn budgets_are_those_of_the_reference() {
    let place = Place::single();
    let (store, reference) = (place.store().await, MemoryRateLimiter::new());
    for (seed, limit) in [(1, 1), (2, 5), (3, 16), (4, 17), (5, 40), (6, 300)] {
        let (dice, quota) = (Dice(SeededEntropy::new(seed)), Quota { limit, window: Span::seconds(3600) });
        let (key, mut now) = (network(&format!("192.0.2.{seed}")), start());
        for step in 0..600 {
            now += dice.pause(quota.window / 8);
            // A replica's clock can be behind by a little.
            let now = now - Span::milliseconds(dice.roll(3));
            let mut answers = Vec::new();
            for limiter in [&store as &dyn RateLimiter, &reference] {
                let asked = limiter.peek(Bucket::Login, &key, quota, now).await.unwrap();
                answers.push((asked, limiter.take(Bucket::Login, &key, quota, now).await.unwrap()));
            }
            assert_eq!(answers[0], answers[1], "limit {limit}, step {step}");
        }
    }
}

#[tokio::test]
async fn log_ins_are_counted_as_the_reference_counts_them() {
    let place = Place::single();
    let (store, reference) = (place.store().await, MemoryAttempts::new());
    let dice = Dice(SeededEntropy::new(42));
    let counters = [account("ada"), known("ada", "192.0.2.1"), known("ada", "2001:db8::1")];
    let (mut now, mut void_before) = (start(), start() - Span::days(1));
    for step in 0..3000 {
        now += dice.pause(rule().lock_for / 2);
        let counter = &counters[usize::try_from(dice.roll(3)).unwrap()];
        let operation = dice.roll(200);
        let rule = LockoutRule { max_failures: if operation < 4 { 4 } else { 5 }, ..rule() };
        if operation == 10 {
            void_before = now - Span::seconds(dice.roll(600));
        }
        let mut answers = Vec::new();
        for attempts in [&store as &dyn LoginAttempts, &reference] {
            answers.push(match operation {
                0..110 => format!("{:?}", attempts.begin(counter, &rule, void_before, now).await.unwrap()),
                110..180 => format!("{:?}", attempts.fail(counter, &rule, now).await.unwrap()),
                180..189 => format!("{:?}", attempts.succeed(counter, now).await.unwrap()),
                189..199 => format!("{:?}", attempts.withdraw(counter, now).await.unwrap()),
                _ => format!("{:?}", attempts.clear(counter.email()).await.unwrap()),
            });
        }
        assert_eq!(answers[0], answers[1], "step {step}: {operation} on {counter:?} at {now}");
    }
}
