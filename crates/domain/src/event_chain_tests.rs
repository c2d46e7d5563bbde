use proptest::prelude::*;
use serde_json::Map;
use uuid::Uuid;

use super::*;
use crate::{EventKind, Instant, Severity};

fn event(number: u64) -> SecurityEvent {
    SecurityEvent {
        id: Uuid::from_u128(u128::from(number)).into(),
        at: Instant::from_timestamp_micros(1_772_368_496_789_123).unwrap(),
        kind: EventKind::LoginFailed,
        severity: Severity::Warning,
        user: None,
        session: None,
        address: None,
        user_agent: None,
        request_id: Some(number.to_string()),
        details: Map::new(),
    }
}

/// A chain of so many events, with its ends.
fn chain(length: u64) -> (ChainEnds, Vec<ChainEntry>) {
    let anchor = ChainLink::before_the_first();
    let mut head = anchor;
    let entries = (1..=length).map(|number| {
        let event = event(number);
        head = head.next(&Record::from(&event));
        ChainEntry::new(&event, head)
    });
    let entries = entries.collect();
    (ChainEnds { anchor, head, outside: 0 }, entries)
}

fn verify(ends: &ChainEnds, entries: &[ChainEntry], expected: Option<ChainLink>) -> Result<ChainLink, Break> {
    let mut verification = Verification::new(ends, expected)?;
    entries.iter().try_for_each(|entry| verification.add(entry))?;
    verification.finish()
}

/// The entry with another text in one of its fields.
fn changed(entry: &ChainEntry) -> ChainEntry {
    let mut fields = entry.event.fields().to_vec();
    fields[8] = Field::Text("somebody else's".to_owned());
    ChainEntry { event: Record::of(entry.event.layout(), fields), ..entry.clone() }
}

fn link(entry: &ChainEntry) -> ChainLink {
    let digest: [u8; 32] = entry.digest.clone().try_into().unwrap();
    ChainLink { sequence: entry.sequence, digest: digest.into() }
}

#[test]
fn the_digest_is_the_same_for_ever() {
    let (ends, entries) = chain(3);
    assert_eq!(verify(&ends, &entries, None), Ok(ends.head));
    assert_eq!(
        ends.head.to_string(),
        "3:817de840f350f3c45eb285d42b79f8de35a2b978f63b9961e6a2a11660e441cc",
        "stored chains are verified by this very digest"
    );
    let (empty, none) = chain(0);
    assert_eq!(verify(&empty, &none, None), Ok(ChainLink::before_the_first()));
}

#[test]
fn links_are_read_as_they_are_written() {
    let (ends, _) = chain(7);
    assert_eq!(ends.head.to_string().parse(), Ok(ends.head));
    let digits = "a".repeat(64);
    for wrong in ["", "7", &digits, &format!("x:{digits}"), &format!("7:{digits}a"), "7:é", "7:+a"] {
        assert!(wrong.parse::<ChainLink>().is_err(), "{wrong}");
    }
}

#[test]
fn a_head_that_was_moved_is_noticed() {
    let (ends, entries) = chain(3);
    let back = ChainEnds { head: link(&entries[1]), ..ends };
    let extra = Break::Extra { sequence: 3, id: entries[2].id };
    assert_eq!(verify(&back, &entries, None), Err(extra));
    let wrong = ChainLink { digest: [7; 32].into(), ..ends.head };
    let moved = Break::HeadMoved { found: ends.head };
    assert_eq!(verify(&ChainEnds { head: wrong, ..ends }, &entries, None), Err(moved));
    let on = ChainLink { sequence: 4, ..ends.head };
    assert_eq!(verify(&ChainEnds { head: on, ..ends }, &entries, None), Err(Break::Missing { sequence: 4 }));
}

#[test]
fn a_chain_that_was_rewritten_whole_is_found_by_a_link_noted_before() {
    let (ends, entries) = chain(5);
    let noted = link(&entries[2]);
    assert_eq!(verify(&ends, &entries, Some(noted)), Ok(ends.head));
    assert_eq!(verify(&ends, &entries, Some(ends.head)), Ok(ends.head));
    let other = ChainLink { digest: [7; 32].into(), ..noted };
    let rewritten = Break::Rewritten { expected: other, found: Some(noted) };
    assert_eq!(verify(&ends, &entries, Some(other)), Err(rewritten));
    let cut = ChainEnds { head: link(&entries[1]), ..ends };
    let gone = Break::Rewritten { expected: noted, found: None };
    assert_eq!(verify(&cut, &entries[..2], Some(noted)), Err(gone));
    let forgotten = ChainEnds { anchor: link(&entries[3]), ..ends };
    assert_eq!(verify(&forgotten, &entries[4..], Some(noted)), Err(gone));
    let anchored = ChainEnds { anchor: noted, ..ends };
    assert_eq!(verify(&anchored, &entries[3..], Some(noted)), Ok(ends.head));
    let rewritten = Break::Rewritten { expected: other, found: Some(noted) };
    assert_eq!(verify(&anchored, &entries[3..], Some(other)), Err(rewritten));
}

proptest! {
    #[test]
    fn any_change_is_named_and_so_is_any_gap(length in 1_u64..20, place in 0_usize..20) {
        let (ends, entries) = chain(length);
        let place = place % entries.len();
        let sequence = entries[place].sequence;

        let mut missing = entries.clone();
        missing.remove(place);
        prop_assert_eq!(verify(&ends, &missing, None), Err(Break::Missing { sequence }));
        prop_assert_eq!(verify(&ends, &entries[..place], None), Err(Break::Missing { sequence }));

        let named = Err(Break::Changed { sequence, id: entries[place].id });
        let mut other = entries.clone();
        other[place] = changed(&entries[place]);
        prop_assert_eq!(verify(&ends, &other, None), named);
        other[place] = entries[place].clone();
        other[place].digest.clear();
        prop_assert_eq!(verify(&ends, &other, None), named);

        let mut twice = entries.clone();
        twice.insert(place, entries[place].clone());
        let extra = Break::Extra { sequence, id: entries[place].id };
        prop_assert_eq!(verify(&ends, &twice, None), Err(extra));
    }
}
