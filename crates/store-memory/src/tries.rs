//! What a queue does that tries each of its entries until it succeeds or is given up.

use std::collections::BTreeMap;

use archon_domain::{AlertNotice, Instant, QueuedMail};

/// Something that is tried until it succeeds or is given up.
pub(crate) trait Tried: Clone {
    /// When it is tried next; `None` once it is given up.
    fn next_attempt_at(&self) -> Option<Instant>;

    /// How its tries stand.
    fn tries(&mut self) -> Tries<'_>;
}

/// How the tries of something stand.
pub(crate) struct Tries<'entry> {
    attempts: &'entry mut u32,
    next_attempt_at: &'entry mut Option<Instant>,
    last_error: &'entry mut Option<String>,
}

macro_rules! tried {
    ($($entry:ty),*) => {
        $(
            impl Tried for $entry {
                fn next_attempt_at(&self) -> Option<Instant> {
                    self.next_attempt_at
                }

                fn tries(&mut self) -> Tries<'_> {
                    let Self { attempts, next_attempt_at, last_error, .. } = self;
                    Tries { attempts, next_attempt_at, last_error }
                }
            }
        )*
    };
}

tried!(QueuedMail, AlertNotice);

/// Takes what is due, the longest due first, at most `limit`.
pub(crate) fn claim<K: Ord + Copy, T: Tried>(
    queue: &mut BTreeMap<K, T>,
    limit: u32,
    lease_until: Instant,
    now: Instant,
) -> Vec<T> {
    let is_due = |entry: &T| entry.next_attempt_at().is_some_and(|due| due <= now);
    let mut due: Vec<_> = queue.iter_mut().filter(|(_, entry)| is_due(entry)).collect();
    due.sort_by_key(|(id, entry)| (entry.next_attempt_at(), **id));
    due.truncate(at_most(limit));
    let claimed = due.into_iter().map(|(_, entry)| {
        let tries = entry.tries();
        *tries.attempts += 1;
        *tries.next_attempt_at = Some(lease_until);
        entry.clone()
    });
    claimed.collect()
}

/// Notes that a try has failed, and when the next one is, if there is one.
pub(crate) fn postpone<K: Ord, T: Tried>(
    queue: &mut BTreeMap<K, T>,
    id: &K,
    next_attempt_at: Option<Instant>,
    error: &str,
) {
    if let Some(entry) = queue.get_mut(id) {
        let tries = entry.tries();
        *tries.next_attempt_at = next_attempt_at;
        *tries.last_error = Some(error.to_owned());
    }
}

/// Tries again what was given up, one or all; returns how many.
pub(crate) fn retry<K: Ord, T: Tried>(queue: &mut BTreeMap<K, T>, id: Option<&K>, now: Instant) -> u64 {
    let mut count = 0;
    let failed = queue.iter_mut().filter(|(_, entry)| entry.next_attempt_at().is_none());
    for (_, entry) in failed.filter(|(own, _)| id.is_none_or(|id| id == *own)) {
        let tries = entry.tries();
        *tries.attempts = 0;
        *tries.next_attempt_at = Some(now);
        count += 1;
    }
    count
}

/// A limit as a number of things in memory.
pub(crate) fn at_most(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
