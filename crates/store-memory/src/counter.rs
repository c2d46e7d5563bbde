use archon_domain::{AttemptAdmission, AttemptStanding, Instant, LockoutRule};

use crate::bounded::{Loss, Perishable, later};

/// The failed log-ins and the log-ins under way that one [`archon_domain::AttemptCounter`] counts.
///
/// Failures and attempts under way together are at most as many as lock, but for failures that a known
/// network adds to the account's counter. Failures are remembered until `lock_for` after the last one.
/// While the counter is locked nothing is counted, so that a lock never grows longer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counter {
    /// When each failure was, oldest first.
    failures: Vec<Instant>,
    /// When each attempt that has no outcome yet began, oldest first.
    under_way: Vec<Instant>,
    lock: Option<Lock>,
    /// The rule of the last call, for calls that bring none.
    rule: Option<LockoutRule>,
}

#[derive(Debug, Clone, Copy)]
struct Lock {
    at: Instant,
    until: Instant,
}

impl Counter {
    /// Admits one more attempt if it could fail without passing the limit.
    pub(crate) fn begin(
        &mut self,
        rule: &LockoutRule,
        void_before: Instant,
        now: Instant,
    ) -> AttemptAdmission {
        self.rule = Some(*rule);
        self.void(void_before);
        self.settle(now);
        if let Some(lock) = self.lock {
            return AttemptAdmission::Locked(lock.until);
        }
        if self.failures.len() + self.under_way.len() >= limit(rule) {
            return AttemptAdmission::Busy;
        }
        self.under_way.push(now);
        AttemptAdmission::Admitted
    }

    /// How the counter would be judged by; it stays as it is.
    pub(crate) fn standing(&self, rule: &LockoutRule, void_before: Instant, now: Instant) -> AttemptStanding {
        let mut seen = Self { rule: Some(*rule), ..self.clone() };
        seen.void(void_before);
        seen.settle(now);
        seen.told(false)
    }

    /// Counts the failure of an attempt that this counter admitted.
    pub(crate) fn fail(&mut self, rule: &LockoutRule, now: Instant) -> AttemptStanding {
        self.take_back();
        self.count_failure(rule, now)
    }

    /// Counts a failure.
    pub(crate) fn count_failure(&mut self, rule: &LockoutRule, now: Instant) -> AttemptStanding {
        self.rule = Some(*rule);
        self.settle(now);
        let just_locked = self.lock.is_none() && {
            self.failures.push(now);
            self.lock_if_reached(rule, now)
        };
        self.told(just_locked)
    }

    fn told(&self, just_locked: bool) -> AttemptStanding {
        AttemptStanding {
            failures: u32::try_from(self.failures.len()).unwrap_or(u32::MAX),
            locked_until: self.lock.map(|lock| lock.until),
            just_locked,
        }
    }

    /// Clears the counter after an attempt that it admitted succeeded. Other attempts under way still
    /// count: they may fail yet.
    pub(crate) fn succeed(&mut self, now: Instant) {
        self.take_back();
        self.settle(now);
        self.failures.clear();
        self.lock = None;
    }

    /// Forgets the failures unless they have locked the counter.
    pub(crate) fn forgive_unless_locked(&mut self, now: Instant) {
        self.settle(now);
        if self.lock.is_none() {
            self.failures.clear();
        }
    }

    /// Takes an attempt back as if it had not been.
    pub(crate) fn withdraw(&mut self) {
        self.take_back();
    }

    /// Attempts have no names: whichever ends is taken for the one that began first.
    fn take_back(&mut self) {
        if !self.under_way.is_empty() {
            self.under_way.remove(0);
        }
    }

    /// Drops everything from before an instant.
    fn void(&mut self, before: Instant) {
        self.failures.retain(|at| *at >= before);
        self.under_way.retain(|began| *began >= before);
        self.lock = self.lock.filter(|lock| lock.at >= before);
    }

    /// Lets everything happen that time alone brings about: attempts time out, failures are forgotten.
    fn settle(&mut self, now: Instant) {
        let Some(rule) = self.rule else {
            return;
        };
        while let Some(timed_out) = self.under_way.first().map(|began| later(*began, rule.attempt_timeout))
            && timed_out <= now
        {
            self.under_way.remove(0);
            self.forget(&rule, timed_out);
            if self.lock.is_none() {
                self.failures.push(timed_out);
                self.lock_if_reached(&rule, timed_out);
            }
        }
        self.forget(&rule, now);
        // The rule can have become stricter since the failures were counted.
        if let (None, Some(last)) = (self.lock, self.failures.last().copied()) {
            self.lock_if_reached(&rule, last);
        }
    }

    fn forget(&mut self, rule: &LockoutRule, now: Instant) {
        if self.lock.is_some_and(|lock| lock.until <= now) {
            self.lock = None;
            self.failures.clear();
        }
        if self.lock.is_none() && self.failures.last().is_some_and(|last| later(*last, rule.lock_for) <= now)
        {
            self.failures.clear();
        }
    }

    fn lock_if_reached(&mut self, rule: &LockoutRule, at: Instant) -> bool {
        let reached = self.failures.len() >= limit(rule);
        if reached {
            self.lock = Some(Lock { at, until: later(at, rule.lock_for) });
        }
        reached
    }
}

fn limit(rule: &LockoutRule) -> usize {
    usize::try_from(rule.max_failures.max(1)).unwrap_or(usize::MAX)
}

impl Perishable for Counter {
    fn over_at(&self) -> Instant {
        let Some(rule) = self.rule else {
            return Instant::MIN_UTC;
        };
        let locked = self.lock.map(|lock| lock.until);
        let failed = self.failures.last().map(|last| later(*last, rule.lock_for));
        let timed_out =
            self.under_way.last().map(|began| later(later(*began, rule.attempt_timeout), rule.lock_for));
        locked.max(failed).max(timed_out).unwrap_or(Instant::MIN_UTC)
    }

    fn loss(&self, now: Instant) -> Option<Loss> {
        let Some(rule) = self.rule else {
            return Some(Loss { count: 0, last: Instant::MIN_UTC });
        };
        let locked = self.lock.is_some_and(|lock| now < lock.until);
        let timed_out =
            self.under_way.iter().filter(|began| later(**began, rule.attempt_timeout) <= now).count();
        if locked || timed_out < self.under_way.len() {
            return None;
        }
        let count = u32::try_from(self.failures.len() + timed_out).unwrap_or(u32::MAX);
        let last = self.failures.last().max(self.under_way.last()).copied();
        Some(Loss { count, last: last.unwrap_or(Instant::MIN_UTC) })
    }
}
