use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use archon_testkit::Answer;

/// What all clients together have met.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) requests: AtomicU64,
    /// Requests without an answer: their replica was killed, or stopped listening.
    pub(super) unanswered: AtomicU64,
    /// Answers 503, by the place of the fault under way in [`super::faults`]' list.
    unavailable: [AtomicU64; 8],
    phase: AtomicUsize,
    violations: Mutex<Vec<String>>,
}

impl Ledger {
    /// Says that the next fault begins.
    pub(super) fn enter(&self, phase: usize) {
        self.phase.store(phase, Ordering::SeqCst);
    }

    /// Notes something that must never happen.
    pub(super) fn violation(&self, what: String) {
        let mut violations = self.violations.lock().unwrap_or_else(PoisonError::into_inner);
        violations.push(format!("in phase {}: {what}", self.phase.load(Ordering::SeqCst)));
    }

    /// Notes an answer; true when the client may try again.
    pub(super) fn take(&self, what: &str, answer: &Answer) -> bool {
        self.requests.fetch_add(1, Ordering::Relaxed);
        if answer.status == 503 {
            let phase = self.phase.load(Ordering::SeqCst);
            self.unavailable[phase].fetch_add(1, Ordering::Relaxed);
            if answer.header("retry-after").is_empty() {
                self.violation(format!("{what}: 503 without Retry-After: {}", answer.text));
            }
            return true;
        }
        if answer.status >= 500 {
            self.violation(format!("{what}: {} {}", answer.status, answer.text));
        }
        false
    }

    /// How many requests were answered 503 in a phase.
    pub(super) fn unavailable_in(&self, phase: usize) -> u64 {
        self.unavailable[phase].load(Ordering::SeqCst)
    }

    /// The violations so far.
    pub(super) fn violations(&self) -> Vec<String> {
        self.violations.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unavailable: Vec<u64> =
            (0..self.unavailable.len()).map(|phase| self.unavailable_in(phase)).collect();
        write!(
            formatter,
            "{} requests answered, {} unanswered, 503 by phase {unavailable:?}, {} violations",
            self.requests.load(Ordering::SeqCst),
            self.unanswered.load(Ordering::SeqCst),
            self.violations().len(),
        )
    }
}
