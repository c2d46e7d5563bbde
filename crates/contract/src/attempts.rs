//! What a [`archon_domain::ports::LoginAttempts`] must do.

use std::sync::Arc;

use archon_domain::ports::LoginAttempts;
use archon_domain::{
    AttemptAdmission, AttemptCounter, AttemptStanding, ClientNetwork, Instant, LockoutRule, Span,
};

use crate::samples::{after, email_key, ip, start, tick};

/// What the cases of this suite work on.
pub type Port = Arc<dyn LoginAttempts>;

/// Runs the suite of `LoginAttempts` on the `Arc<dyn LoginAttempts>` of a fixture.
#[macro_export]
macro_rules! attempts {
    ($fixture:ident) => {
        $crate::cases! {
            attempts of $crate::attempts::Port: $fixture,
            cases [
                no_more_attempts_are_admitted_than_could_fail,
                failures_leave_fewer_attempts,
                a_success_leaves_other_attempts_counted,
                attempts_under_way_make_busy_and_not_locked,
                a_lock_holds_until_it_ends,
                a_void_lock_admits,
                void_failures_do_not_count,
                void_attempts_do_not_count,
                an_attempt_that_was_never_reported_failed,
                attempts_that_were_never_reported_lock,
                failures_are_forgotten,
                the_failure_that_reaches_the_limit_locks_and_says_so_once,
                a_known_network_is_judged_by_its_own_failures,
                failures_of_known_networks_lock_the_account,
                a_success_clears_its_counter,
                a_success_of_a_known_network_clears_an_account_that_is_not_locked,
                a_success_of_a_known_network_leaves_a_lock,
                a_withdrawn_attempt_has_not_been,
                who_looks_is_told_what_an_attempt_is_judged_by,
                clear_clears_every_counter_of_an_address,
            ],
            concurrency [attempts_at_once_never_pass_the_limit],
        }
    };
}

/// Five failures lock for half an hour; an attempt takes half a minute at the most.
#[must_use]
pub fn rule() -> LockoutRule {
    LockoutRule { max_failures: 5, lock_for: Span::minutes(30), attempt_timeout: Span::seconds(30) }
}

/// The counter of everybody whom the account of `name` does not know.
#[must_use]
pub fn account(name: &str) -> AttemptCounter {
    AttemptCounter::Account(email_key(&format!("{name}@example.com")))
}

/// The counter of a network that the account of `name` knows.
#[must_use]
pub fn known(name: &str, address: &str) -> AttemptCounter {
    AttemptCounter::Known(email_key(&format!("{name}@example.com")), ClientNetwork::of(ip(address)))
}

const HOME: &str = "2001:db8:1:2::1";

/// The tests' way to speak to the port.
struct Counters<'a>(&'a Port);

impl Counters<'_> {
    async fn begin_after(
        &self,
        counter: &AttemptCounter,
        void_before: Instant,
        now: Instant,
    ) -> AttemptAdmission {
        self.0.begin(counter, &rule(), void_before, now).await.unwrap()
    }

    async fn begin(&self, counter: &AttemptCounter, now: Instant) -> AttemptAdmission {
        self.begin_after(counter, start() - Span::days(1), now).await
    }

    async fn fail(&self, counter: &AttemptCounter, now: Instant) -> AttemptStanding {
        assert_eq!(self.begin(counter, now).await, AttemptAdmission::Admitted);
        self.0.fail(counter, &rule(), now).await.unwrap()
    }

    async fn fail_times(&self, counter: &AttemptCounter, times: u32, now: Instant) {
        for _ in 0..times {
            self.fail(counter, now).await;
        }
    }

    /// How many attempts are admitted before the counter is busy or locked.
    async fn admits(&self, counter: &AttemptCounter, now: Instant) -> u32 {
        let mut admitted = 0;
        while self.begin(counter, now).await == AttemptAdmission::Admitted {
            admitted += 1;
            assert!(admitted < 100, "a counter must have a limit");
        }
        admitted
    }

    async fn succeed(&self, counter: &AttemptCounter, now: Instant) {
        self.0.succeed(counter, now).await.unwrap();
    }
}

/// MUST admit no more attempts than could all fail without passing the limit.
pub async fn no_more_attempts_are_admitted_than_could_fail(attempts: &Port) {
    let counters = Counters(attempts);
    assert_eq!(counters.admits(&account("ada"), start()).await, 5);
    assert_eq!(counters.admits(&known("ada", HOME), start()).await, 5, "a counter of its own");
    assert_eq!(counters.admits(&known("ada", "2001:db8:1:3::1"), start()).await, 5);
    assert_eq!(counters.admits(&account("grace"), start()).await, 5);
}

/// MUST admit no more attempts than could all fail without passing the limit.
pub async fn failures_leave_fewer_attempts(attempts: &Port) {
    let counters = Counters(attempts);
    for counter in [account("ada"), known("grace", HOME)] {
        counters.fail_times(&counter, 3, start()).await;
        assert_eq!(counters.admits(&counter, after(1)).await, 2);
    }
}

/// MUST admit no more attempts than could all fail without passing the limit. Those under way while
/// another succeeds may fail yet.
pub async fn a_success_leaves_other_attempts_counted(attempts: &Port) {
    let counters = Counters(attempts);
    let ada = account("ada");
    counters.fail_times(&ada, 2, start()).await;
    assert_eq!(counters.admits(&ada, after(1)).await, 3);
    counters.succeed(&ada, after(2)).await;
    assert_eq!(counters.admits(&ada, after(2)).await, 3, "two are still under way");
}

/// MUST answer `Busy`, not `Locked`, while only attempts under way stand against it.
pub async fn attempts_under_way_make_busy_and_not_locked(attempts: &Port) {
    let counters = Counters(attempts);
    let ada = account("ada");
    counters.fail_times(&ada, 4, start()).await;
    assert_eq!(counters.begin(&ada, after(1)).await, AttemptAdmission::Admitted);
    assert_eq!(counters.begin(&ada, after(1)).await, AttemptAdmission::Busy);
    assert_eq!(counters.begin(&ada, after(20)).await, AttemptAdmission::Busy);
    counters.succeed(&ada, after(20)).await;
    assert_eq!(counters.begin(&ada, after(20)).await, AttemptAdmission::Admitted);
}

/// MUST answer `Locked` from the limit on until the lock ends, and admit again from then on.
pub async fn a_lock_holds_until_it_ends(attempts: &Port) {
    let counters = Counters(attempts);
    for counter in [account("ada"), known("grace", HOME)] {
        counters.fail_times(&counter, 4, start()).await;
        counters.fail(&counter, after(60) + tick()).await;
        let end = after(60) + tick() + rule().lock_for;
        for now in [after(60) + tick(), after(900), end - tick()] {
            assert_eq!(counters.begin(&counter, now).await, AttemptAdmission::Locked(end));
        }
        assert_eq!(counters.admits(&counter, end).await, 5);
    }
    assert_eq!(counters.begin(&account("other"), after(60)).await, AttemptAdmission::Admitted);
    assert_eq!(counters.begin(&account("grace"), after(3600)).await, AttemptAdmission::Admitted);
}

/// MUST ignore failures and locks from before `void_before`.
pub async fn a_void_lock_admits(attempts: &Port) {
    let counters = Counters(attempts);
    for counter in [account("ada"), known("grace", HOME)] {
        counters.fail_times(&counter, 5, after(10)).await;
        let locked = AttemptAdmission::Locked(after(10) + rule().lock_for);
        assert_eq!(counters.begin_after(&counter, after(10), after(20)).await, locked, "it is not before");
        let void = after(10) + tick();
        assert_eq!(counters.begin_after(&counter, void, after(20)).await, AttemptAdmission::Admitted);
        assert_eq!(counters.admits(&counter, after(20)).await, 4, "void once is void for good");
    }
}

/// MUST ignore failures and locks from before `void_before`.
pub async fn void_failures_do_not_count(attempts: &Port) {
    let counters = Counters(attempts);
    let ada = account("ada");
    counters.fail_times(&ada, 2, after(10)).await;
    counters.fail_times(&ada, 1, after(20)).await;
    let void = after(10) + tick();
    assert_eq!(counters.begin_after(&ada, void, after(30)).await, AttemptAdmission::Admitted);
    let standing = attempts.fail(&ada, &rule(), after(30)).await.unwrap();
    assert_eq!((standing.failures, standing.just_locked), (2, false));
}

/// MUST ignore failures and locks from before `void_before`. Attempts from before it as well.
pub async fn void_attempts_do_not_count(attempts: &Port) {
    let counters = Counters(attempts);
    let ada = account("ada");
    assert_eq!(counters.admits(&ada, after(10)).await, 5);
    assert_eq!(counters.begin_after(&ada, after(10), after(11)).await, AttemptAdmission::Busy);
    let void = after(10) + tick();
    assert_eq!(counters.begin_after(&ada, void, after(11)).await, AttemptAdmission::Admitted);
    assert_eq!(counters.admits(&ada, after(11)).await, 4);
}

/// MUST count an attempt whose outcome was never reported as failed after `attempt_timeout`.
pub async fn an_attempt_that_was_never_reported_failed(attempts: &Port) {
    let counters = Counters(attempts);
    let ada = account("ada");
    assert_eq!(counters.begin(&ada, start()).await, AttemptAdmission::Admitted);
    let timed_out = start() + rule().attempt_timeout;
    assert_eq!(counters.begin(&ada, timed_out).await, AttemptAdmission::Admitted);
    let standing = attempts.fail(&ada, &rule(), timed_out).await.unwrap();
    assert_eq!((standing.failures, standing.locked_until), (2, None));
}

/// MUST count an attempt whose outcome was never reported as failed after `attempt_timeout`.
pub async fn attempts_that_were_never_reported_lock(attempts: &Port) {
    let counters = Counters(attempts);
    let ada = account("ada");
    assert_eq!(counters.admits(&ada, start()).await, 5);
    let timed_out = start() + rule().attempt_timeout;
    let end = timed_out + rule().lock_for;
    assert_eq!(counters.begin(&ada, timed_out - tick()).await, AttemptAdmission::Busy);
    assert_eq!(counters.begin(&ada, timed_out + Span::seconds(9)).await, AttemptAdmission::Locked(end));
    assert_eq!(counters.admits(&ada, end).await, 5);
}

/// MUST forget failures after `lock_for`. The time counts from the last of them.
pub async fn failures_are_forgotten(attempts: &Port) {
    let counters = Counters(attempts);
    for counter in [account("ada"), known("grace", HOME)] {
        counters.fail_times(&counter, 2, start()).await;
        let last_moment = start() + rule().lock_for - tick();
        assert_eq!(counters.fail(&counter, last_moment).await.failures, 3);
        let later = last_moment + rule().lock_for;
        assert_eq!(counters.fail(&counter, later - tick()).await.failures, 4);
        let forgotten = later - tick() + rule().lock_for;
        assert_eq!(counters.fail(&counter, forgotten).await.failures, 1);
        assert_eq!(counters.admits(&counter, forgotten).await, 4);
    }
}

/// MUST lock the counter with the failure that reaches the limit, and say so once.
pub async fn the_failure_that_reaches_the_limit_locks_and_says_so_once(attempts: &Port) {
    let counters = Counters(attempts);
    for counter in [account("ada"), known("grace", HOME)] {
        for failures in 1..5 {
            let standing = counters.fail(&counter, start()).await;
            let expected = AttemptStanding { failures, locked_until: None, just_locked: false };
            assert_eq!(standing, expected);
        }
        let standing = counters.fail(&counter, after(7)).await;
        let locked_until = Some(after(7) + rule().lock_for);
        assert_eq!(standing, AttemptStanding { failures: 5, locked_until, just_locked: true });
        // A report that comes late neither locks again nor longer.
        let standing = attempts.fail(&counter, &rule(), after(9)).await.unwrap();
        assert_eq!((standing.locked_until, standing.just_locked), (locked_until, false));
    }
}

/// MUST count a failure of a known network on the account's counter too, but judge the network by its
/// own.
pub async fn a_known_network_is_judged_by_its_own_failures(attempts: &Port) {
    let counters = Counters(attempts);
    let (ada, home) = (account("ada"), known("ada", HOME));
    counters.fail_times(&ada, 3, start()).await;
    let standing = counters.fail(&home, after(1)).await;
    assert_eq!(standing, AttemptStanding { failures: 1, locked_until: None, just_locked: false });
    let standing = counters.fail(&ada, after(2)).await;
    assert_eq!((standing.failures, standing.just_locked), (5, true), "it counted there too");

    let standing = counters.fail(&home, after(3)).await;
    assert_eq!(standing, AttemptStanding { failures: 2, locked_until: None, just_locked: false });
    assert_eq!(counters.admits(&home, after(3)).await, 3, "a stranger locks nobody out");
}

/// MUST count a failure of a known network on the account's counter too, but judge the network by its
/// own.
pub async fn failures_of_known_networks_lock_the_account(attempts: &Port) {
    let counters = Counters(attempts);
    let (home, work) = (known("ada", HOME), known("ada", "192.0.2.1"));
    counters.fail_times(&home, 3, start()).await;
    let standing = counters.fail(&work, after(1)).await;
    assert_eq!((standing.failures, standing.just_locked), (1, false), "networks are apart");
    assert_eq!(counters.begin(&account("ada"), after(1)).await, AttemptAdmission::Admitted);
    attempts.withdraw(&account("ada"), after(1)).await.unwrap();
    let standing = counters.fail(&work, after(2)).await;
    assert_eq!((standing.failures, standing.locked_until, standing.just_locked), (2, None, false));
    let locked = AttemptAdmission::Locked(after(2) + rule().lock_for);
    assert_eq!(counters.begin(&account("ada"), after(3)).await, locked);
    assert_eq!(counters.begin(&home, after(3)).await, AttemptAdmission::Admitted);
}

/// MUST clear the counter it was admitted by.
pub async fn a_success_clears_its_counter(attempts: &Port) {
    let counters = Counters(attempts);
    for counter in [account("ada"), known("grace", HOME)] {
        counters.fail_times(&counter, 4, start()).await;
        assert_eq!(counters.begin(&counter, after(1)).await, AttemptAdmission::Admitted);
        counters.succeed(&counter, after(1)).await;
        assert_eq!(counters.fail(&counter, after(2)).await.failures, 1);
        assert_eq!(counters.admits(&counter, after(2)).await, 4);
    }
}

/// MUST clear the counter it was admitted by. The account's too, unless that is locked: a log-in from
/// home shows that the failures counted there were the user's own or in vain.
pub async fn a_success_of_a_known_network_clears_an_account_that_is_not_locked(attempts: &Port) {
    let counters = Counters(attempts);
    let (ada, home) = (account("ada"), known("ada", HOME));
    counters.fail_times(&ada, 2, start()).await;
    counters.fail_times(&home, 2, start()).await;
    assert_eq!(counters.begin(&home, after(1)).await, AttemptAdmission::Admitted);
    counters.succeed(&home, after(1)).await;
    assert_eq!(counters.admits(&home, after(2)).await, 5);
    assert_eq!(counters.admits(&ada, after(2)).await, 5);
}

/// MUST leave a lock of the account's counter alone when a known network succeeds.
pub async fn a_success_of_a_known_network_leaves_a_lock(attempts: &Port) {
    let counters = Counters(attempts);
    let (ada, home) = (account("ada"), known("ada", HOME));
    counters.fail_times(&home, 1, start()).await;
    counters.fail_times(&ada, 4, start()).await;
    assert_eq!(counters.begin(&home, after(1)).await, AttemptAdmission::Admitted);
    counters.succeed(&home, after(1)).await;
    let end = start() + rule().lock_for;
    assert_eq!(counters.begin(&ada, after(2)).await, AttemptAdmission::Locked(end));
    assert_eq!(counters.begin(&ada, end - tick()).await, AttemptAdmission::Locked(end));
    assert_eq!(counters.admits(&ada, end).await, 5);
}

/// MUST leave the counter as if the attempt had not been.
pub async fn a_withdrawn_attempt_has_not_been(attempts: &Port) {
    let counters = Counters(attempts);
    for counter in [account("ada"), known("grace", HOME)] {
        counters.fail_times(&counter, 2, start()).await;
        for _ in 0..9 {
            assert_eq!(counters.begin(&counter, after(1)).await, AttemptAdmission::Admitted);
            attempts.withdraw(&counter, after(1)).await.unwrap();
        }
        assert_eq!(counters.fail(&counter, after(60)).await.failures, 3);
        assert_eq!(counters.admits(&counter, after(60)).await, 2);
    }
    assert_eq!(counters.admits(&account("grace"), after(60)).await, 2, "its network failed three times");
}

/// MUST tell the failures and the lock that `begin` would judge by, and count nothing.
pub async fn who_looks_is_told_what_an_attempt_is_judged_by(attempts: &Port) {
    let counters = Counters(attempts);
    let before = start() - Span::days(1);
    for counter in [account("ada"), known("grace", HOME)] {
        let look = async |void_before, now| {
            let standing = attempts.standing(&counter, &rule(), void_before, now).await.unwrap();
            assert!(!standing.just_locked);
            (standing.failures, standing.locked_until)
        };
        assert_eq!(look(before, start()).await, (0, None));
        counters.fail_times(&counter, 4, start()).await;
        for _ in 0..9 {
            assert_eq!(look(before, after(1)).await, (4, None));
        }
        assert_eq!(look(after(1), after(1)).await, (0, None), "what is void does not count");
        assert_eq!(counters.begin(&counter, after(1)).await, AttemptAdmission::Admitted);
        assert_eq!(look(before, after(2)).await, (4, None), "an attempt under way has not failed");
        assert_eq!(counters.begin(&counter, after(2)).await, AttemptAdmission::Busy);
        attempts.fail(&counter, &rule(), after(3)).await.unwrap();
        let end = after(3) + rule().lock_for;
        assert_eq!(look(before, after(4)).await, (5, Some(end)));
        assert_eq!(look(before, end).await, (0, None));
    }
}

/// MUST clear the account's counter and those of all its known networks.
pub async fn clear_clears_every_counter_of_an_address(attempts: &Port) {
    let counters = Counters(attempts);
    let all = [account("ada"), known("ada", HOME), known("ada", "192.0.2.1")];
    for counter in &all[1..] {
        counters.fail_times(counter, 5, start()).await;
    }
    counters.fail_times(&account("grace"), 5, start()).await;
    attempts.clear(&email_key("ADA@example.com")).await.unwrap();
    for counter in &all {
        assert_eq!(counters.admits(counter, after(1)).await, 5);
    }
    let locked = AttemptAdmission::Locked(start() + rule().lock_for);
    assert_eq!(counters.begin(&account("grace"), after(1)).await, locked);
}
