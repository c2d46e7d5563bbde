//! Days of honest people: nobody notices that anything is watched.

use archon_contract::samples::ip;
use archon_domain::Span;

use super::*;

/// A request, so many minutes after the one before.
type Step = (i64, &'static str, &'static str);

const JOURNEYS: &[(&str, &[Step])] = &[
    ("the same place all day", &[(60, HOME, FIREFOX), (60, HOME, FIREFOX)]),
    ("another address of one network", &[(1, "198.51.100.77", FIREFOX), (1, "198.51.100.254", FIREFOX)]),
    (
        "IPv4 and IPv6 by turns",
        &[
            (1, HOME_BY_IPV6, FIREFOX),
            (0, HOME, FIREFOX),
            (0, "2001:db8:1:9::2", FIREFOX),
            (0, HOME, FIREFOX),
        ],
    ),
    ("a browser that is updated", &[(1, HOME, NEWER_FIREFOX), (600, HOME, NEWER_FIREFOX)]),
    (
        "to a café, to the office and home again",
        &[(30, CAFE, FIREFOX), (30, OFFICE, FIREFOX), (480, HOME, FIREFOX), (5, HOME, FIREFOX)],
    ),
    (
        "a phone that changes between Wi-Fi and its carrier",
        &[(5, CAFE, FIREFOX), (5, HOME, FIREFOX), (5, CAFE, FIREFOX), (5, HOME, FIREFOX), (5, CAFE, FIREFOX)],
    ),
];

#[tokio::test]
async fn honest_people_are_not_thrown_out() {
    for (journey, steps) in JOURNEYS {
        let world = world().await;
        let mut pair = logged_in(&world).await;
        for (number, (minutes, address, user_agent)) in steps.iter().enumerate() {
            world.shared.clock.advance(Span::minutes(*minutes));
            let asked = ask(&world, &pair, address, user_agent).await;
            assert!(asked.is_ok(), "{journey}, step {number}: {asked:?}");
            pair = world.second.refresh_as(&pair, at(address, user_agent)).await.unwrap();
        }
        assert_nothing_was_recorded(&world).await;
        let (_, address, user_agent) = steps[steps.len() - 1];
        world.shared.clock.advance(Span::minutes(10));
        ask(&world, &pair, address, user_agent).await.unwrap();
    }
}

/// Four hours from Berlin to Munich, with another address every six minutes: one carrier takes the phone's
/// traffic out in one region after the other.
#[tokio::test]
async fn a_train_ride_through_forty_networks_is_one_journey() {
    let stops = [
        ("BE", (52.52, 13.40)),
        ("ST", (51.48, 11.97)),
        ("TH", (50.98, 11.03)),
        ("BY", (49.45, 11.08)),
        ("BY", (48.14, 11.58)),
    ];
    let world = world().await;
    tell_berlin_and_tokyo(&world);
    for network in 0..40_usize {
        let (region, point) = stops[network / 8];
        let address = ip(&format!("100.64.{network}.1"));
        world.shared.locator.tell(address, place("DE", region, point, 29_580));
    }
    let mut pair = logged_in(&world).await;
    for network in 0..40 {
        world.shared.clock.advance(Span::minutes(6));
        let address = format!("100.64.{network}.{}", network + 1);
        let asked = ask(&world, &pair, &address, FIREFOX).await;
        assert!(asked.is_ok(), "network {network}: {asked:?}");
        pair = world.second.refresh_as(&pair, at(&address, FIREFOX)).await.unwrap();
    }
    assert_nothing_was_recorded(&world).await;
}

#[tokio::test]
async fn a_flight_takes_as_long_as_it_takes() {
    let world = world().await;
    tell_berlin_and_tokyo(&world);
    let pair = logged_in(&world).await;
    world.shared.clock.advance(Span::hours(12));
    ask(&world, &pair, CAFE, FIREFOX).await.unwrap();
    assert_nothing_was_recorded(&world).await;
}

/// The trace holds the log-in, and the touches hold how long it was used there.
#[tokio::test]
async fn a_flight_begins_when_the_session_was_last_used_and_not_at_the_log_in() {
    let world = world().await;
    tell_berlin_and_tokyo(&world);
    let pair = logged_in(&world).await;
    world.shared.clock.advance(Span::hours(12));
    ask(&world, &pair, HOME, FIREFOX).await.unwrap();
    world.shared.clock.advance(Span::minutes(1));
    let asked = ask(&world, &pair, CAFE, FIREFOX).await;
    assert!(matches!(asked, Err(AuthenticateError::SessionEnded(_))), "{asked:?}");
}

/// Three networks would be one too many, but the user has logged in from two of them.
#[tokio::test]
async fn networks_that_the_user_has_logged_in_from_do_not_count() {
    let world = world().await;
    let pair = logged_in(&world).await;
    for known in [OFFICE, HOTEL] {
        world.second.log_in_as("ada", PASSWORD, at(known, FIREFOX)).await.unwrap();
    }
    for address in [OFFICE, HOTEL, CAFE, OFFICE, CAFE] {
        world.shared.clock.advance(Span::minutes(10));
        ask(&world, &pair, address, FIREFOX).await.unwrap();
    }
    assert_nothing_was_recorded(&world).await;
    // The same without those log-ins.
    world.second.registered("bob").await;
    let pair = world.second.log_in_as("bob", PASSWORD, at(HOME, FIREFOX)).await.unwrap();
    for address in [OFFICE, HOTEL, CAFE] {
        world.shared.clock.advance(Span::minutes(10));
        ask(&world, &pair, address, FIREFOX).await.unwrap();
    }
    let (flags, _) = recorded(&world).await;
    assert_eq!(flags.len(), 1);
    assert_eq!(flags[0].details["reason"], "too_many_ip_changes");
}

#[tokio::test]
async fn a_log_in_that_resumes_a_session_begins_its_journey_anew() {
    let world = world_ruled_by(|policy| policy.sessions.opening.one_per_device = true).await;
    let pair = logged_in(&world).await;
    ask(&world, &pair, HOME, CHROME).await.unwrap();
    assert_eq!(recorded(&world).await.0.len(), 1, "the session is flagged");
    let resumed = world.second.log_in_as("ada", PASSWORD, at(CAFE, FIREFOX)).await.unwrap();
    assert_eq!(world.session_of(&resumed), world.session_of(&pair));
    world.shared.clock.advance(Span::minutes(10));
    ask(&world, &resumed, CAFE, FIREFOX).await.unwrap();
    assert!(recorded(&world).await.1.is_empty());
}

#[tokio::test]
async fn a_deployment_that_watches_nothing_throws_nobody_out() {
    let world = world_ruled_by(|policy| policy.suspicion.enabled = false).await;
    tell_berlin_and_tokyo(&world);
    let pair = logged_in(&world).await;
    ask(&world, &pair, CAFE, CHROME).await.unwrap();
    world.shared.clock.advance(Span::minutes(10));
    ask(&world, &pair, HOTEL, FIREFOX).await.unwrap();
    assert_nothing_was_recorded(&world).await;
}

/// Who stays where they were costs no statement, and neither does a client that has IPv4 and IPv6.
#[tokio::test]
async fn a_client_that_does_not_move_asks_the_durable_store_nothing() {
    let world = world().await;
    let pair = logged_in(&world).await;
    let usual = [HOME, HOME_BY_IPV6];
    // The first request by IPv6 is news, after which the fast store takes its copy anew.
    for address in [HOME_BY_IPV6, HOME] {
        ask(&world, &pair, address, FIREFOX).await.unwrap();
    }
    let calls = world.first.durable.calls();
    for address in usual.repeat(10) {
        ask(&world, &pair, address, FIREFOX).await.unwrap();
    }
    assert_eq!(world.first.durable.calls() - calls, 0);
}
