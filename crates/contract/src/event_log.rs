//! What an [`archon_domain::ports::EventLog`] must do.

use archon_domain::archive::Record;
use archon_domain::{
    ChainEnds, ChainEntry, ChainLink, EventCursor, EventFilter, EventKind, EventTally, SecurityEvent,
    Severity, Span, Verification,
};
use serde_json::{Map, json};

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
                events_are_found_by_what_they_are,
                pages_of_any_size_find_every_event_once,
                events_are_tallied_by_kind_and_step,
                every_event_has_the_next_place_in_the_chain,
                an_event_is_stored_once_however_often_it_comes,
                the_chain_is_given_in_its_order_and_to_the_letter,
                the_ends_of_the_chain_are_told,
                old_events_in_front_are_forgotten_and_no_others,
                the_last_event_that_is_forgotten_is_the_anchor,
            ],
            concurrency [
                events_appended_at_once_make_one_chain,
                appends_and_purges_at_once_keep_the_chain,
            ],
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

/// MUST find the events that the filter admits, newest first, and no others.
pub async fn events_are_found_by_what_they_are(stores: &Stores) {
    let samples = Samples::default();
    let [user, other] = [samples.user_id(), samples.user_id()];
    let failed = |user, second, address: &str| SecurityEvent {
        kind: EventKind::LoginFailed,
        severity: Severity::Warning,
        address: Some(ip(address)),
        ..samples.event(user, after(second))
    };
    let mut events = vec![
        failed(user, 1, "192.0.2.1"),
        failed(other, 2, "192.0.2.1"),
        failed(user, 3, "2001:db8::1"),
        samples.event(user, after(4)),
        SecurityEvent { user: None, address: None, ..samples.event(user, after(5)) },
        failed(user, 6, "192.0.2.1"),
    ];
    stores.events.append(events.clone()).await.unwrap();
    events.reverse();
    let any = EventFilter::default;
    let kinds = |kinds: &[EventKind]| EventFilter { kinds: kinds.to_vec(), ..any() };
    for filter in [
        any(),
        kinds(&[EventKind::LoginFailed]),
        kinds(&[EventKind::TokenReuseDetected, EventKind::LoginFailed]),
        kinds(&[EventKind::Registered]),
        EventFilter { user: Some(user), ..any() },
        EventFilter { address: Some(ip("192.0.2.1")), ..any() },
        EventFilter { address: Some(ip("2001:db8:0::1")), ..any() },
        EventFilter { severity: Some(Severity::Critical), ..any() },
        EventFilter { from: Some(after(3)), ..any() },
        EventFilter { until: Some(after(3)), ..any() },
        EventFilter { from: Some(after(2)), until: Some(after(6)), user: Some(user), ..any() },
        EventFilter { user: Some(user), address: Some(ip("192.0.2.1")), ..kinds(&[EventKind::LoginFailed]) },
    ] {
        let expected: Vec<_> = events.iter().filter(|event| filter.admits(event)).cloned().collect();
        assert_eq!(stores.events.search(&filter, None, 9).await.unwrap(), expected, "{filter:?}");
    }
    assert_eq!(stores.events.search(&any(), None, 2).await.unwrap(), events[..2]);
}

/// MUST find every event once, however small the pages, and however many share an instant.
pub async fn pages_of_any_size_find_every_event_once(stores: &Stores) {
    let samples = Samples::default();
    let user = samples.user_id();
    let seconds = [1, 1, 1, 2, 1, 2, 3, 3, 3];
    let mut events: Vec<_> = seconds.map(|second| samples.event(user, after(second))).into();
    stores.events.append(events.clone()).await.unwrap();
    events.sort_by_key(|event| std::cmp::Reverse((event.at, event.id)));
    let filter = EventFilter { user: Some(user), from: Some(after(1)), ..EventFilter::default() };
    for size in [1, 2, 4, 100] {
        let mut found: Vec<SecurityEvent> = Vec::new();
        loop {
            let behind = found.last().map(EventCursor::from);
            let page = stores.events.search(&filter, behind, size).await.unwrap();
            assert!(page.len() <= size as usize);
            if page.is_empty() {
                break;
            }
            found.extend(page);
        }
        assert_eq!(found, events, "by {size}");
    }
}

/// MUST count every event of the kinds in its step, once, and no others.
pub async fn events_are_tallied_by_kind_and_step(stores: &Stores) {
    let samples = Samples::default();
    let user = samples.user_id();
    let [failed, logged_in, other] =
        [EventKind::LoginFailed, EventKind::LoginSucceeded, EventKind::Registered];
    let event = |kind, at| SecurityEvent { kind, ..samples.event(user, at) };
    // A step begins with its first instant and ends before that of the next.
    let events = vec![
        event(failed, after(10) - tick()),
        event(failed, after(10)),
        event(failed, after(70) - tick()),
        event(logged_in, after(20)),
        event(other, after(20)),
        event(failed, after(70)),
        event(failed, after(70)),
        event(logged_in, after(10 + 86_400)),
        event(failed, after(86_440) - tick()),
        event(failed, after(86_440)),
    ];
    stores.events.append(events.clone()).await.unwrap();
    let until = after(86_440);
    for (kinds, from, until, step) in [
        (vec![failed, logged_in], after(10), until, Span::seconds(60)),
        (vec![logged_in, failed, failed], after(10), until, Span::hours(1)),
        (vec![failed], after(10), until, Span::days(10_000)),
        (vec![failed], after(70), after(70) + tick(), Span::seconds(1)),
        (vec![failed, logged_in, other], after(70), after(10), Span::seconds(1)),
        (EventKind::ALL.to_vec(), start() - Span::days(9), start() + Span::days(9), Span::milliseconds(1500)),
        (Vec::new(), start(), until, Span::hours(1)),
    ] {
        let mut tallied = stores.events.tally(&kinds, from, until, step).await.unwrap();
        assert!(tallied.is_sorted_by_key(|tally| tally.from), "in order of time");
        tallied.sort_by_key(|tally| (tally.from, tally.kind.as_str()));
        assert_eq!(tallied, EventTally::of(&events, &kinds, (from, until), step), "{kinds:?} by {step}");
    }
    let tallied =
        stores.events.tally(&[logged_in, failed], after(10), until, Span::seconds(60)).await.unwrap();
    let mut counts: Vec<_> = tallied.iter().map(|tally| (tally.from, tally.kind, tally.count)).collect();
    counts.sort_by_key(|(from, kind, _)| (*from, kind.as_str()));
    let days_later = after(10 + 86_400);
    assert_eq!(
        counts,
        [
            (after(10), failed, 2),
            (after(10), logged_in, 1),
            (after(70), failed, 2),
            (days_later, failed, 1),
            (days_later, logged_in, 1)
        ]
    );
}

/// The links that these events have behind `link`, in their order.
fn links(mut link: ChainLink, events: &[SecurityEvent]) -> Vec<ChainLink> {
    let next = |event: &SecurityEvent| {
        link = link.next(&Record::from(event));
        link
    };
    events.iter().map(next).collect()
}

/// The whole chain; it holds from its anchor to its head.
pub(crate) async fn whole_chain(stores: &Stores) -> Vec<ChainEntry> {
    let ends = stores.events.chain_ends().await.unwrap();
    let chain = stores.events.chain(0, 10_000).await.unwrap();
    let mut verification = Verification::new(&ends, None).unwrap();
    chain.iter().try_for_each(|entry| verification.add(entry)).unwrap();
    assert_eq!(verification.finish(), Ok(ends.head));
    chain
}

/// MUST give each event the next place in the chain, as `ChainLink::next` says, and make the last one the head.
pub async fn every_event_has_the_next_place_in_the_chain(stores: &Stores) {
    let samples = Samples::default();
    let user = samples.user_id();
    // In the order in which they come, whatever their clocks say.
    let events: Vec<_> = [5, 3, 9, 1].map(|second| samples.event(user, after(second))).into();
    stores.events.append(events[..3].to_vec()).await.unwrap();
    stores.events.append(events[3..].to_vec()).await.unwrap();
    let expected = links(ChainLink::before_the_first(), &events);
    let chain = whole_chain(stores).await;
    let found: Vec<_> = chain.iter().map(|entry| (entry.sequence, entry.digest.clone())).collect();
    let expected_pairs: Vec<_> =
        expected.iter().map(|link| (link.sequence, link.digest.as_bytes().to_vec())).collect();
    assert_eq!(found, expected_pairs);
    assert_eq!(stores.events.chain_ends().await.unwrap().head, expected[3]);
}

/// MUST store no event twice: one whose id is there already is passed over.
pub async fn an_event_is_stored_once_however_often_it_comes(stores: &Stores) {
    let samples = Samples::default();
    let user = samples.user_id();
    let events: Vec<_> = (1..5).map(|second| samples.event(user, after(second))).collect();
    let first_two = events[..2].to_vec();
    stores.events.append(first_two.clone()).await.unwrap();
    stores.events.append(first_two).await.unwrap();
    let again = [1, 2, 2, 3, 0].map(|place: usize| events[place].clone());
    stores.events.append(again.to_vec()).await.unwrap();
    let ids: Vec<_> = whole_chain(stores).await.iter().map(|entry| entry.id).collect();
    assert_eq!(ids, events.iter().map(|event| event.id).collect::<Vec<_>>());
    let head = stores.events.chain_ends().await.unwrap().head;
    assert_eq!(Some(head), links(ChainLink::before_the_first(), &events).pop());
}

/// MUST give the chain in its order, each event to the letter.
pub async fn the_chain_is_given_in_its_order_and_to_the_letter(stores: &Stores) {
    let samples = Samples::default();
    let user = samples.user_id();
    let mut events: Vec<_> = [4, 2, 3].map(|second| samples.event(user, after(second))).into();
    // Numbers that not every reader of JSON gives back.
    events[1].details =
        json!({"float": 0.1 + 0.2, "tiny": 5e-324, "large": u64::MAX, "quoted": "\u{7f} \"é\""})
            .as_object()
            .cloned()
            .unwrap_or_default();
    stores.events.append(events.clone()).await.unwrap();
    let given = |chain: Vec<ChainEntry>| chain.into_iter().map(|entry| entry.event).collect::<Vec<_>>();
    let expected: Vec<_> = events.iter().map(Record::from).collect();
    let chain = async |after, limit| given(stores.events.chain(after, limit).await.unwrap());
    assert!(chain(0, 9).await == expected);
    assert!(chain(1, 9).await == expected[1..]);
    assert!(chain(1, 1).await == expected[1..2]);
    assert!(chain(3, 9).await.is_empty());
    let read: Vec<_> = chain(0, 9).await.into_iter().map(SecurityEvent::try_from).collect();
    assert_eq!(read, events.into_iter().map(Ok).collect::<Vec<_>>());
}

/// MUST say what was forgotten last, what was appended last, and how much stands outside of the chain.
pub async fn the_ends_of_the_chain_are_told(stores: &Stores) {
    let samples = Samples::default();
    let none = ChainLink::before_the_first();
    let empty = ChainEnds { anchor: none, head: none, outside: 0 };
    assert_eq!(stores.events.chain_ends().await.unwrap(), empty);
    let events: Vec<_> = (1..4).map(|second| samples.event(samples.user_id(), after(second))).collect();
    stores.events.append(events.clone()).await.unwrap();
    let links = links(none, &events);
    let ends = ChainEnds { head: links[2], ..empty };
    assert_eq!(stores.events.chain_ends().await.unwrap(), ends);
    stores.events.purge(after(2)).await.unwrap();
    assert_eq!(stores.events.chain_ends().await.unwrap(), ChainEnds { anchor: links[0], ..ends });
}

/// MUST forget the old events in front of the first that is not old, and no others.
pub async fn old_events_in_front_are_forgotten_and_no_others(stores: &Stores) {
    let samples = Samples::default();
    let user = samples.user_id();
    // The clocks of two replicas differ.
    let seconds = [10, 20, 12, 30, 15, 40];
    let events: Vec<_> = seconds.map(|second| samples.event(user, after(second))).into();
    stores.events.append(events.clone()).await.unwrap();
    let kept = async || whole_chain(stores).await.iter().map(|entry| entry.sequence).collect::<Vec<_>>();
    assert_eq!(stores.events.purge(after(10)).await.unwrap(), 0, "not before `before`");
    assert_eq!(kept().await, [1, 2, 3, 4, 5, 6]);
    assert_eq!(stores.events.purge(after(16)).await.unwrap(), 1, "12 and 15 stand behind a younger one");
    assert_eq!(kept().await, [2, 3, 4, 5, 6]);
    assert_eq!(stores.events.purge(after(20) + tick()).await.unwrap(), 2);
    assert_eq!(kept().await, [4, 5, 6]);
    assert_eq!(stores.events.purge(after(31)).await.unwrap(), 2);
    assert_eq!(stores.events.of_user(user, 9).await.unwrap(), events[5..]);
    assert_eq!(stores.events.purge(after(99)).await.unwrap(), 1);
    assert_eq!(kept().await, Vec::<u64>::new());
}

/// MUST make the last event that it forgets the anchor.
pub async fn the_last_event_that_is_forgotten_is_the_anchor(stores: &Stores) {
    let samples = Samples::default();
    let user = samples.user_id();
    let mut events: Vec<_> = (1..5).map(|second| samples.event(user, after(second))).collect();
    stores.events.append(events.clone()).await.unwrap();
    let links = links(ChainLink::before_the_first(), &events);
    for (before, anchor) in [(3, links[1]), (3, links[1]), (99, links[3]), (99, links[3])] {
        stores.events.purge(after(before)).await.unwrap();
        let ends = stores.events.chain_ends().await.unwrap();
        assert_eq!((ends.anchor, ends.head), (anchor, links[3]));
    }
    events.push(samples.event(user, after(100)));
    stores.events.append(events[4..].to_vec()).await.unwrap();
    assert_eq!(whole_chain(stores).await[0].sequence, 5, "the chain goes on behind what was forgotten");
}
