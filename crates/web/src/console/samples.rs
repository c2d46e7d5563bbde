//! What this replica remembers of its own last days, by the minute: how long its answers took, and how many mails
//! waited. It is for the overview alone, and gone with the process; Prometheus reads the metrics.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use archon_domain::Instant;

/// How many minutes are remembered: a week.
const CAPACITY: usize = 7 * 24 * 60;

/// Times are counted in bins that each reach a fourth root of two further than the one before: from a tenth of a
/// millisecond to half a minute, each time at most 19 % below what is told of it.
const BINS: usize = 73;
const PER_DOUBLING: f64 = 4.0;
const SHORTEST: f64 = 0.0001;

/// One minute of this replica.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    /// Minutes since 1970.
    pub(super) minute: i64,
    /// How long its answers took, if it gave any.
    pub(super) latency: Option<Latency>,
    /// How many mails waited, if that was counted.
    pub(super) mails: Option<u64>,
}

/// How long answers took, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Latency {
    /// Half of them took no longer.
    pub(super) p50: f64,
    /// 99 of 100 took no longer.
    pub(super) p99: f64,
}

/// The ring of the last minutes. Noting an answer takes no lock.
pub(crate) struct Samples {
    minute: AtomicI64,
    bins: [AtomicU32; BINS],
    past: Mutex<VecDeque<Sample>>,
}

impl Default for Samples {
    fn default() -> Self {
        let bins = std::array::from_fn(|_| AtomicU32::new(0));
        Self { minute: AtomicI64::new(i64::MIN), bins, past: Mutex::default() }
    }
}

impl Samples {
    /// Notes an answer that was given at `now`. One that is noted while a minute ends may count in the next.
    pub(crate) fn answered(&self, elapsed: Duration, now: Instant) {
        self.turn_to(minute_of(now));
        if let Some(bin) = self.bins.get(bin_of(elapsed)) {
            bin.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Notes how many mails wait at `now`.
    pub(crate) fn mails_waiting(&self, count: u64, now: Instant) {
        let minute = minute_of(now);
        self.turn_to(minute);
        let mut past = self.past();
        let sample = remembered(&mut past, minute);
        sample.mails = Some(sample.mails.map_or(count, |before| before.max(count)));
    }

    /// The minutes from `from` on, as far as anything is known of them, in order of time. The present one is among
    /// them as it stands.
    pub(super) fn since(&self, from: Instant) -> Vec<Sample> {
        let counts = self.bins.each_ref().map(|bin| bin.load(Ordering::Relaxed));
        let (minute, latency) = (self.minute.load(Ordering::Relaxed), latency(&counts));
        let mut past = self.past();
        if latency.is_some() {
            remembered(&mut past, minute).latency = latency;
        }
        past.iter().filter(|sample| sample.minute >= minute_of(from)).copied().collect()
    }

    /// Ends the minute before, where there was one. Of those who find it over, one ends it.
    fn turn_to(&self, minute: i64) {
        let before = self.minute.load(Ordering::Relaxed);
        let turned = minute > before
            && self.minute.compare_exchange(before, minute, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if turned {
            let counts = self.bins.each_ref().map(|bin| bin.swap(0, Ordering::Relaxed));
            if let Some(latency) = latency(&counts) {
                remembered(&mut self.past(), before).latency = Some(latency);
            }
        }
    }

    fn past(&self) -> MutexGuard<'_, VecDeque<Sample>> {
        self.past.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn minute_of(instant: Instant) -> i64 {
    instant.timestamp().div_euclid(60)
}

/// The sample of a minute, made where there is none yet.
fn remembered(past: &mut VecDeque<Sample>, minute: i64) -> &mut Sample {
    // Nearly always the last one; only a clock that was set back looks further.
    let place = past.iter().rposition(|sample| sample.minute <= minute);
    let known = place.filter(|place| past[*place].minute == minute);
    let place = known.unwrap_or_else(|| {
        let after = place.map_or(0, |place| place + 1);
        past.insert(after, Sample { minute, latency: None, mails: None });
        let is_full = past.len() > CAPACITY;
        if is_full {
            past.pop_front();
        }
        after.saturating_sub(usize::from(is_full))
    });
    &mut past[place]
}

/// The bin whose upper end is the first at or above a time.
fn bin_of(elapsed: Duration) -> usize {
    let doublings = (elapsed.as_secs_f64() / SHORTEST).log2();
    (doublings * PER_DOUBLING).ceil().clamp(0.0, (BINS - 1) as f64) as usize
}

/// The upper end of a bin in seconds.
fn end_of(bin: usize) -> f64 {
    SHORTEST * (bin as f64 / PER_DOUBLING).exp2()
}

fn latency(counts: &[u32; BINS]) -> Option<Latency> {
    let total: u64 = counts.iter().copied().map(u64::from).sum();
    let quantile = |percent: u64| {
        let wanted = (total * percent).div_ceil(100).max(1);
        let mut below = 0;
        let bin = counts.iter().position(|count| {
            below += u64::from(*count);
            below >= wanted
        });
        bin.map(end_of)
    };
    Some(Latency { p50: quantile(50)?, p99: quantile(99)? })
}

#[cfg(test)]
mod tests {
    use archon_domain::Span;

    use super::*;

    fn at(minute: i64) -> Instant {
        Instant::UNIX_EPOCH + Span::minutes(minute)
    }

    fn close(told: f64, taken: f64) -> bool {
        told >= taken && told < taken * 1.2
    }

    #[test]
    fn what_is_told_of_a_minute_is_its_median_and_its_slowest_hundredth() {
        let samples = Samples::default();
        for milliseconds in 1..=100 {
            samples.answered(Duration::from_millis(milliseconds), at(7));
        }
        samples.mails_waiting(3, at(7));
        samples.mails_waiting(2, at(7) + Span::seconds(59));
        for _ in 0..2 {
            let known = samples.since(at(0));
            let [Sample { minute: 7, latency: Some(latency), mails: Some(3) }] = known[..] else {
                panic!("{known:?}")
            };
            assert!(close(latency.p50, 0.050) && close(latency.p99, 0.099), "{latency:?}");
            samples.turn_to(8);
        }
        assert_eq!(samples.since(at(8)), []);
    }

    #[test]
    fn every_time_has_a_bin() {
        assert_eq!(bin_of(Duration::ZERO), 0);
        assert_eq!(bin_of(Duration::from_secs(3600)), BINS - 1);
        assert!(end_of(BINS - 1) > 25.0);
        for micros in [100, 101, 5000, 1_000_000, 20_000_000] {
            let elapsed = Duration::from_micros(micros);
            assert!(close(end_of(bin_of(elapsed)) * 1.000_001, elapsed.as_secs_f64()), "{micros}");
        }
    }

    #[test]
    fn a_week_is_remembered_and_no_minute_more() {
        let samples = Samples::default();
        for minute in 0..12_000 {
            samples.answered(Duration::from_millis(1), at(minute));
        }
        let known = samples.since(at(0));
        assert_eq!(known.len(), CAPACITY);
        assert_eq!((known[0].minute, known[CAPACITY - 1].minute), (12_000 - 10_080, 11_999));
    }

    #[test]
    fn a_clock_that_is_set_back_loses_nothing_and_keeps_the_order() {
        let samples = Samples::default();
        for minute in [5, 6, 4, 5] {
            samples.answered(Duration::from_millis(1), at(minute));
            samples.mails_waiting(1, at(minute));
        }
        let minutes: Vec<i64> = samples.since(at(0)).iter().map(|sample| sample.minute).collect();
        assert_eq!(minutes, [4, 5, 6]);
    }
}
