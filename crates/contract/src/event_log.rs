//! What an [`archon_domain::ports::EventLog`] must do.

use archon_domain::{EventKind, SecurityEvent, Severity, Span};
use serde_json::Map;

use crate::Stores;
use crate::samples::{Samples, after, ip, start, tick};

/// Runs the suite of `EventLog` on the [`Stores`] of a fixture.
#[macro_export]
macro_rules! event_log {
    ($fixture:ident) => {
        $crate::cases! {
            event_log of $crate::Stores: $fixture,
            cases [
                events_are_stored_as_they_were_given,
                events_of_every_kind_can_be_stored,
                a_users_events_are_listed_newest_first,
                old_events_are_forgotten_and_no_others,
            ],
            concurrency [],
        }
    };
}

/// MUST store events as they were given.
pub async fn events_are_stored_as_they_were_given(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let full = samples.event(user.id, after(2));
    let severe = SecurityEvent {
        severity: Severity::Critical,
        kind: EventKind::LoginFailed,
        address: Some(ip("192.0.2.1")),
        ..samples.event(user.id, after(1) + tick())
    };
    let bare = SecurityEvent {
        session: None,
        address: None,
        user_agent: None,
        request_id: None,
        details: Map::new(),
        ..samples.event(user.id, after(1))
    };
    let nobodys = SecurityEvent { user: None, ..samples.event(user.id, after(3)) };
    let events = vec![full.clone(), severe.clone(), bare.clone(), nobodys];
    stores.events.append(events).await.unwrap();
    stores.events.append(Vec::new()).await.unwrap();
    assert_eq!(stores.events.of_user(user.id, 9).await.unwrap(), [full, severe, bare]);
}

/// MUST store events as they were given.
pub async fn events_of_every_kind_can_be_stored(stores: &Stores) {
    let samples = Samples::default();
    // Events outlive accounts, and some are about accounts that never were.
    let user = samples.user_id();
    let made = (1..).zip(EventKind::ALL).map(|(second, kind)| SecurityEvent {
        kind: *kind,
        severity: kind.severity(),
        ..samples.event(user, after(second))
    });
    let mut events: Vec<_> = made.collect();
    stores.events.append(events.clone()).await.unwrap();
    events.reverse();
    assert_eq!(stores.events.of_user(user, 1000).await.unwrap(), events);
}

/// MUST list a user's events only, newest first, at most `limit`.
pub async fn a_users_events_are_listed_newest_first(stores: &Stores) {
    let samples = Samples::default();
    let [user, other] = [samples.user_id(), samples.user_id()];
    let mut events: Vec<_> =
        [3, 1, 4, 2].map(|tick| samples.event(user, start() + Span::microseconds(tick))).into();
    let others = (1..5).map(|second| samples.event(other, after(second))).collect();
    stores.events.append(events.clone()).await.unwrap();
    stores.events.append(others).await.unwrap();
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    assert_eq!(stores.events.of_user(user, 9).await.unwrap(), events);
    assert_eq!(stores.events.of_user(user, 2).await.unwrap(), events[..2]);
    assert_eq!(stores.events.of_user(samples.user_id(), 9).await.unwrap(), []);
}

/// MUST forget old events and no others.
pub async fn old_events_are_forgotten_and_no_others(stores: &Stores) {
    let samples = Samples::default();
    let user = samples.user_id();
    let events: Vec<_> = [30, 20, 10].map(|second| samples.event(user, after(second))).into();
    stores.events.append(events.clone()).await.unwrap();
    assert_eq!(stores.events.purge(after(10)).await.unwrap(), 0, "not before `before`");
    assert_eq!(stores.events.purge(after(20) + tick()).await.unwrap(), 2);
    assert_eq!(stores.events.of_user(user, 9).await.unwrap(), events[..1]);
}
