use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

use archon_domain::{Instant, Span};

/// A value that a [`BoundedMap`] may forget.
pub(crate) trait Perishable: Default {
    /// From when on the value says no more than a fresh one would.
    fn over_at(&self) -> Instant;

    /// What would be lost if the value were forgotten at `now`: least first. `None` when forgetting it
    /// would let somebody through who must not pass.
    fn loss(&self, now: Instant) -> Option<Loss>;
}

/// How much a value remembers, and of what age; the smaller is forgotten first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Loss {
    /// Failures, or requests taken.
    pub(crate) count: u32,
    /// The last of them.
    pub(crate) last: Instant,
}

/// A map that forgets what is over as calls come in and never holds more than its capacity.
///
/// When it is full of values that are not over, it forgets an eighth of its capacity at once, those of
/// the smallest [`Loss`]. Values that must not be lost stay; when there are no others, new keys are
/// refused. So filling the map with keys that did little only forgets keys that did as little.
pub(crate) struct BoundedMap<K, V> {
    entries: HashMap<K, V>,
    capacity: usize,
    /// Sweep at this size, so that a sweep is paid for by the insertions since the last one ...
    sweep_size: usize,
    /// ... and at this instant, so that a quiet map becomes empty.
    sweep_at: Instant,
    full: Option<Full>,
}

/// That the last search for something to forget found nothing.
#[derive(Clone, Copy)]
struct Full {
    /// Until then searching again is not worth its time.
    search_again_at: Instant,
    /// When the first value will be over.
    room_at: Instant,
}

/// There is no room for a new key until this instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoRoomUntil(pub(crate) Instant);

const SMALLEST_SWEEP: usize = 64;
const SWEEP_INTERVAL: Span = Span::seconds(60);
const SEARCH_INTERVAL: Span = Span::seconds(1);

/// `at + span`, or the end of time.
pub(crate) fn later(at: Instant, span: Span) -> Instant {
    at.checked_add_signed(span).unwrap_or(Instant::MAX_UTC)
}

impl<K: Clone + Eq + Hash, V: Perishable> BoundedMap<K, V> {
    /// An empty map for at most `capacity` keys, at least one.
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            entries: HashMap::new(),
            capacity: capacity.max(1),
            sweep_size: SMALLEST_SWEEP,
            sweep_at: Instant::MIN_UTC,
            full: None,
        }
    }

    /// The value of a key, if it is remembered.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    /// The value of a key, if it is remembered.
    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    /// Every value.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.entries.values()
    }

    /// Forgets a key.
    pub(crate) fn remove(&mut self, key: &K) {
        self.entries.remove(key);
    }

    /// The value of a key, a fresh one if it is new.
    pub(crate) fn entry(&mut self, key: &K, now: Instant) -> Result<&mut V, NoRoomUntil> {
        if self.entries.len() >= self.sweep_size || now >= self.sweep_at {
            self.sweep(now);
        }
        if self.entries.len() >= self.capacity && !self.entries.contains_key(key) {
            self.make_room(now)?;
        }
        Ok(match self.entries.entry(key.clone()) {
            Entry::Occupied(occupied) => occupied.into_mut(),
            Entry::Vacant(vacant) => vacant.insert(V::default()),
        })
    }

    /// Whether the map is known to have no room for a new key.
    pub(crate) fn no_room(&self, now: Instant) -> Option<NoRoomUntil> {
        let full = self.full.filter(|full| now < full.search_again_at)?;
        (self.entries.len() >= self.capacity).then_some(NoRoomUntil(full.room_at))
    }

    /// Forgets what is over.
    fn sweep(&mut self, now: Instant) {
        self.entries.retain(|_, value| value.over_at() > now);
        if self.entries.capacity() > 4 * self.entries.len().max(SMALLEST_SWEEP) {
            self.entries.shrink_to(2 * self.entries.len());
        }
        self.sweep_size = (2 * self.entries.len()).max(SMALLEST_SWEEP);
        self.sweep_at = later(now, SWEEP_INTERVAL);
    }

    /// Forgets what is over or else what is worth least.
    fn make_room(&mut self, now: Instant) -> Result<(), NoRoomUntil> {
        self.no_room(now).map_or(Ok(()), Err)?;
        self.full = None;
        self.sweep(now);
        if self.entries.len() < self.capacity {
            return Ok(());
        }
        let losses = self.entries.iter().filter_map(|(key, value)| Some((value.loss(now)?, key.clone())));
        let mut losses: Vec<_> = losses.collect();
        if losses.is_empty() {
            let room_at = self.entries.values().map(Perishable::over_at).min().unwrap_or(now);
            let search_again_at = room_at.min(later(now, SEARCH_INTERVAL));
            self.full = Some(Full { search_again_at, room_at });
            return Err(NoRoomUntil(room_at));
        }
        let count = (self.capacity / 8).clamp(1, losses.len());
        losses.select_nth_unstable_by_key(count - 1, |(loss, _)| *loss);
        for (_, key) in &losses[..count] {
            self.entries.remove(key);
        }
        Ok(())
    }

    /// How many keys are remembered.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}
