use std::collections::VecDeque;

use archon_domain::{Instant, Quota, RateDecision, Span};

use crate::bounded::{Loss, Perishable, later};

/// The requests that one key has made within a window's length.
///
/// A log of requests in which those close together are one stretch that counts as if all had come with
/// its last: so the number in a window is never taken for less than it is, a burst is forgotten exactly
/// one window after it, and memory is bounded by [`STRETCHES`] whatever the quota. A quota of at most
/// [`STRETCHES`] requests is counted exactly.
#[derive(Debug, Default)]
pub(crate) struct Window {
    /// Oldest first.
    stretches: VecDeque<Stretch>,
    /// When the newest stretch began.
    newest_began: Option<Instant>,
    /// The quota of the last call, to tell when the key has nothing left.
    quota: Option<Quota>,
}

#[derive(Debug, Clone, Copy)]
struct Stretch {
    last: Instant,
    count: u32,
}

/// Into how many stretches a window is divided; two more can be in part outside of it.
const STRETCHES: u32 = 16;

impl Window {
    /// Takes one request from the budget if there is one left.
    pub(crate) fn take(&mut self, quota: Quota, now: Instant) -> RateDecision {
        self.quota = Some(quota);
        while self.stretches.front().is_some_and(|stretch| later(stretch.last, quota.window) <= now) {
            self.stretches.pop_front();
        }
        let mut decision = self.peek(quota, now);
        if decision.allowed {
            self.record(quota, now);
            decision.remaining -= 1;
            decision.resets_at = self.last().map_or(now, |last| later(last, quota.window));
        }
        decision
    }

    /// How the budget stands.
    pub(crate) fn peek(&self, quota: Quota, now: Instant) -> RateDecision {
        let used = self.used(quota, now);
        let allowed = used < quota.limit;
        RateDecision {
            allowed,
            quota,
            remaining: quota.limit.saturating_sub(used),
            resets_at: self.last().map_or(now, |last| later(last, quota.window)).max(now),
            retry_at: (!allowed).then(|| self.retry_at(quota, now)),
        }
    }

    /// The decision on a key that there is no memory for.
    pub(crate) fn refused(quota: Quota, room_at: Instant) -> RateDecision {
        RateDecision { allowed: false, quota, remaining: 0, resets_at: room_at, retry_at: Some(room_at) }
    }

    fn record(&mut self, quota: Quota, now: Instant) {
        // Threads can come in the wrong order by a little: the log never runs backwards.
        let at = self.last().map_or(now, |last| last.max(now));
        let length = if quota.limit <= STRETCHES {
            Span::zero()
        } else {
            quota.window / i32::try_from(STRETCHES).unwrap_or(1)
        };
        let began = self.newest_began.unwrap_or(at);
        match self.stretches.back_mut() {
            Some(newest) if at == newest.last || at - began < length => {
                *newest = Stretch { last: at, count: newest.count.saturating_add(1) };
            }
            _ => {
                self.stretches.push_back(Stretch { last: at, count: 1 });
                self.newest_began = Some(at);
            }
        }
    }

    fn live(&self, quota: Quota, now: Instant) -> impl Iterator<Item = &Stretch> {
        self.stretches.iter().skip_while(move |stretch| later(stretch.last, quota.window) <= now)
    }

    fn used(&self, quota: Quota, now: Instant) -> u32 {
        self.live(quota, now).fold(0, |sum, stretch| sum.saturating_add(stretch.count))
    }

    /// When so many stretches have left the window that one request more is within the quota.
    fn retry_at(&self, quota: Quota, now: Instant) -> Instant {
        let mut used = self.used(quota, now);
        for stretch in self.live(quota, now) {
            used = used.saturating_sub(stretch.count);
            if used < quota.limit {
                return later(stretch.last, quota.window);
            }
        }
        later(now, quota.window)
    }

    fn last(&self) -> Option<Instant> {
        self.stretches.back().map(|newest| newest.last)
    }
}

impl Perishable for Window {
    fn over_at(&self) -> Instant {
        let over = self.last().zip(self.quota).map(|(last, quota)| later(last, quota.window));
        over.unwrap_or(Instant::MIN_UTC)
    }

    fn loss(&self, now: Instant) -> Option<Loss> {
        let (Some(last), Some(quota)) = (self.last(), self.quota) else {
            return Some(Loss { count: 0, last: Instant::MIN_UTC });
        };
        let count = self.used(quota, now);
        (count < quota.limit).then_some(Loss { count, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_takes_the_same_memory_whatever_the_quota() {
        for limit in [STRETCHES, 50, 5000] {
            let quota = Quota { limit, window: Span::seconds(60) };
            let mut window = Window::default();
            let mut now = Instant::UNIX_EPOCH;
            let mut refused = 0;
            for _ in 0..100_000 {
                now += Span::microseconds(7919);
                refused += u32::from(!window.take(quota, now).allowed);
                assert!(window.stretches.len() <= STRETCHES as usize + 2);
            }
            assert!(refused > 0, "more was asked than is allowed");
        }
    }

    #[test]
    fn a_clock_that_goes_back_a_little_opens_nothing() {
        let quota = Quota { limit: 2, window: Span::seconds(60) };
        let mut window = Window::default();
        let at = |seconds| Instant::UNIX_EPOCH + Span::seconds(seconds);
        assert!(window.take(quota, at(100)).allowed);
        assert!(window.take(quota, at(99)).allowed);
        let refused = window.take(quota, at(98));
        assert_eq!((refused.allowed, refused.retry_at), (false, Some(at(160))));
    }
}
