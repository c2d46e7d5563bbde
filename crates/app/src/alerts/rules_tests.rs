use archon_contract::samples::{SeededEntropy, after};
use archon_domain::{ClientNetwork, EventId, Span, UserId};
use serde_json::{Map, json};

use super::*;

/// An event in a few words: what happened, from which address (by its last number), to which user, and why.
#[derive(Clone)]
struct Told(EventKind, Option<u8>, Option<u8>, &'static str);

impl Told {
    fn event(&self) -> SecurityEvent {
        let Self(kind, address, user, reason) = self;
        let details = Map::from_iter([("reason".to_owned(), json!(reason))]);
        let travelled = *reason == "impossible_travel";
        SecurityEvent {
            id: EventId::generate(after(0), &SeededEntropy::new(1)),
            at: after(0),
            kind: *kind,
            severity: if travelled { Severity::Critical } else { kind.severity() },
            user: user.map(user_of),
            session: None,
            address: address.map(|last| [198, 51, 100, last].into()),
            user_agent: None,
            request_id: None,
            details,
        }
    }
}

fn user_of(number: u8) -> UserId {
    UserId::generate(after(i64::from(number)), &SeededEntropy::new(number.into()))
}

/// Failed log-ins: of each of so many addresses so many, to one user.
fn failures(addresses: u8, each: usize) -> Vec<Told> {
    let of_one = |address| std::iter::repeat_with(move || failure(address)).take(each);
    (1..=addresses).flat_map(of_one).collect()
}

fn failure(address: u8) -> Told {
    Told(EventKind::LoginFailed, Some(address), Some(1), "wrong_password")
}

fn several(count: usize, kind: EventKind, reason: &'static str) -> Vec<Told> {
    std::iter::repeat_with(|| Told(kind, Some(7), Some(1), reason)).take(count).collect()
}

/// The rules by default.
fn threshold(kind: AlertKind) -> u32 {
    match kind {
        AlertKind::FailedLogins => 10,
        AlertKind::PasswordSpraying => 100,
        AlertKind::AccountAttack | AlertKind::OauthAbuse => 20,
        AlertKind::TokenAttacks => 5,
        AlertKind::SessionAnomalies => 3,
    }
}

/// The alerts that events come to: each kind with its cause.
fn alerts(told: &[Told], critical_at_once: bool) -> Vec<String> {
    let events: Vec<_> = told.iter().map(Told::event).collect();
    let mut suspected: Vec<_> = events.iter().flat_map(causes).collect();
    suspected.sort_unstable();
    suspected.dedup();
    let is_raised = |(kind, cause): &(AlertKind, AlertCause)| {
        let rule = AlertRule {
            kind: *kind,
            threshold: threshold(*kind),
            window: Span::minutes(5),
            blocks_for: None,
        };
        let evidence = Evidence::of(events.iter().filter(|event| counts(event, *kind, *cause)));
        is_reached(&rule, &evidence, critical_at_once)
    };
    let raised = suspected.into_iter().filter(is_raised);
    raised.map(|(kind, cause)| format!("{kind} by {cause}")).collect()
}

#[test]
fn what_events_come_to() {
    use EventKind::{LoginSucceeded, OauthFailed, SessionFlagged, SessionTerminated};
    use EventKind::{TokenRejected, TokenReuseDetected};
    let by_one = "failed_logins by address 198.51.100.1";
    let account = format!("account_attack by user {}", user_of(1));
    let spraying = "password_spraying by service";
    let tokens = "token_attacks by service";
    let sessions = "session_anomalies by service";
    let oauth = "oauth_abuse by service";
    let cases: Vec<(&str, Vec<Told>, Vec<&str>)> = vec![
        ("nothing", vec![], vec![]),
        ("nine failures of one address", failures(1, 9), vec![]),
        ("ten failures of one address", failures(1, 10), vec![by_one]),
        ("twenty failures of one address are no attack of several", failures(1, 20), vec![by_one]),
        ("twenty failures of two addresses neither", failures(2, 9), vec![]),
        ("nineteen failures of nineteen addresses", failures(19, 1), vec![]),
        ("twenty failures of twenty addresses at one account", failures(20, 1), vec![&account]),
        ("twenty-one failures of three addresses at one account", failures(3, 7), vec![&account]),
        ("99 failures of 33 addresses", failures(33, 3), vec![&account]),
        ("a hundred failures of twenty addresses", failures(20, 5), vec![spraying, &account]),
        ("four token events", several(4, TokenRejected, "bad_signature"), vec![]),
        ("five token events", several(5, TokenRejected, "bad_signature"), vec![tokens]),
        ("a spent token that comes again", several(1, TokenReuseDetected, ""), vec![tokens]),
        ("two flagged sessions", several(2, SessionFlagged, "user_agent_changed"), vec![]),
        ("three flagged sessions", several(3, SessionFlagged, "user_agent_changed"), vec![sessions]),
        ("three suspicious ends", several(3, SessionTerminated, "ip_changed"), vec![sessions]),
        ("a hundred ends by users", several(100, SessionTerminated, "ended_by_user"), vec![]),
        (
            "a journey that nobody can make",
            several(1, SessionTerminated, "impossible_travel"),
            vec![sessions],
        ),
        ("nineteen failed flows", several(19, OauthFailed, "unknown_state"), vec![]),
        ("twenty failed flows", several(20, OauthFailed, "unknown_state"), vec![oauth]),
        ("a hundred who went back", several(100, OauthFailed, "denied"), vec![]),
        ("a thousand log-ins", several(1000, LoginSucceeded, ""), vec![]),
    ];
    for (what, told, expected) in cases {
        let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        let mut raised = alerts(&told, true);
        expected.sort();
        raised.sort();
        assert_eq!(raised, expected, "{what}");
    }
}

#[test]
fn a_critical_event_can_be_made_to_wait_for_others() {
    assert!(alerts(&several(1, EventKind::TokenReuseDetected, ""), false).is_empty());
    assert!(alerts(&several(2, EventKind::SessionTerminated, "impossible_travel"), false).is_empty());
}

#[test]
fn a_failure_from_nowhere_to_nobody_counts_for_the_service_only() {
    let event = Told(EventKind::LoginFailed, None, None, "wrong_password").event();
    assert_eq!(causes(&event), [(AlertKind::PasswordSpraying, AlertCause::Service)]);
}

#[test]
fn the_neighbours_in_an_ipv6_network_are_one_cause() {
    let from = |text: &str| SecurityEvent { address: Some(text.parse().unwrap()), ..failure(1).event() };
    let cause = AlertCause::Address(ClientNetwork::of("2001:db8:1:2::".parse().unwrap()));
    assert!(counts(&from("2001:db8:1:2:a::1"), AlertKind::FailedLogins, cause));
    assert!(counts(&from("2001:db8:1:2:b::2"), AlertKind::FailedLogins, cause));
    assert!(!counts(&from("2001:db8:1:3::1"), AlertKind::FailedLogins, cause));
}

#[test]
fn an_alert_is_as_bad_as_its_worst_event() {
    let of = |kind, told: Vec<Told>| {
        let events: Vec<_> = told.iter().map(Told::event).collect();
        severity(kind, &Evidence::of(&events))
    };
    assert_eq!(of(AlertKind::FailedLogins, failures(1, 10)), Severity::Warning);
    assert_eq!(of(AlertKind::PasswordSpraying, failures(20, 5)), Severity::Critical);
    let ended = several(3, EventKind::SessionTerminated, "ip_changed");
    assert_eq!(
        of(AlertKind::SessionAnomalies, ended),
        Severity::Warning,
        "the events alone are ordinary life"
    );
    let travelled = several(1, EventKind::SessionTerminated, "impossible_travel");
    assert_eq!(of(AlertKind::SessionAnomalies, travelled), Severity::Critical);
}

#[test]
fn evidence_names_the_busiest_and_counts_all() {
    let told: Vec<Told> =
        (1..=200).flat_map(|address| vec![failure(address); 1 + usize::from(address == 77)]).collect();
    let events: Vec<_> = told.iter().map(Told::event).collect();
    let details = Evidence::of(&events).details();
    assert_eq!((&details["address_count"], &details["user_count"]), (&json!(200), &json!(1)));
    let named = details["addresses"].as_object().unwrap();
    assert_eq!((named.len(), &named["198.51.100.77"]), (10, &json!(2)));
    assert_eq!(details["users"], json!({user_of(1).to_string(): 201}));
}
