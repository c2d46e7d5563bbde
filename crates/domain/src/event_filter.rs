use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::{EventId, EventKind, Instant, SecurityEvent, Severity, Span, UserId};

/// Which security events are looked for: those that meet every condition that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// One of these kinds; any kind where there is none.
    pub kinds: Vec<EventKind>,
    /// Of this user.
    pub user: Option<UserId>,
    /// From this address.
    pub address: Option<IpAddr>,
    /// Of this severity.
    pub severity: Option<Severity>,
    /// At or after this instant.
    pub from: Option<Instant>,
    /// Before this instant.
    pub until: Option<Instant>,
}

impl EventFilter {
    /// Whether the event meets every condition.
    #[must_use]
    pub fn admits(&self, event: &SecurityEvent) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&event.kind))
            && self.user.is_none_or(|user| event.user == Some(user))
            && self.address.is_none_or(|address| event.address == Some(address))
            && self.severity.is_none_or(|severity| event.severity == severity)
            && self.from.is_none_or(|from| event.at >= from)
            && self.until.is_none_or(|until| event.at < until)
    }
}

/// Where a page of events ended; the next one begins behind it. Events are ordered by their instants, and those
/// of one instant by their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventCursor {
    /// When the last event of the page happened.
    pub at: Instant,
    /// Its id.
    pub id: EventId,
}

impl From<&SecurityEvent> for EventCursor {
    fn from(event: &SecurityEvent) -> Self {
        Self { at: event.at, id: event.id }
    }
}

/// How many events of a kind happened within one step of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventTally {
    /// When the step begins.
    pub from: Instant,
    /// Of which kind.
    pub kind: EventKind,
    /// How many.
    pub count: u64,
}

impl EventTally {
    /// A tally of the step with this number; the first is 0. `step` is in microseconds.
    #[must_use]
    pub fn new(from: Instant, step: i64, number: i64, kind: EventKind, count: u64) -> Self {
        let begins = from.checked_add_signed(Span::microseconds(step.saturating_mul(number)));
        Self { from: begins.unwrap_or(Instant::MAX_UTC), kind, count }
    }

    /// A step in microseconds, at least 1.
    #[must_use]
    pub fn microseconds(step: Span) -> i64 {
        step.num_microseconds().unwrap_or(i64::MAX).max(1)
    }

    /// Counts those of the events that are of the kinds and within the time, for a store that has them at hand.
    #[must_use]
    pub fn of<'events>(
        events: impl IntoIterator<Item = &'events SecurityEvent>,
        kinds: &[EventKind],
        (from, until): (Instant, Instant),
        step: Span,
    ) -> Vec<Self> {
        let step = Self::microseconds(step);
        let mut counts: BTreeMap<(i64, &str), (EventKind, u64)> = BTreeMap::new();
        let wanted =
            |event: &&SecurityEvent| kinds.contains(&event.kind) && (from..until).contains(&event.at);
        for event in events.into_iter().filter(wanted) {
            let since = (event.at - from).num_microseconds().unwrap_or(i64::MAX);
            counts.entry((since / step, event.kind.as_str())).or_insert((event.kind, 0)).1 += 1;
        }
        let tallies = counts.into_iter();
        tallies.map(|((number, _), (kind, count))| Self::new(from, step, number, kind, count)).collect()
    }
}
