use std::net::IpAddr;

use crate::{EventId, EventKind, Instant, SecurityEvent, Severity, UserId};

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
