//! When alerts are raised, and what they say.

use archon_app::AlertWatcher;
use archon_contract::samples::SeededEntropy;
use archon_domain::ports::EventLog as _;
use archon_domain::{AlertCause, AlertChannel, AlertKind, EventId, EventKind, SecurityEvent, Severity, Span};
use serde_json::{Map, json};

use super::{STRANGER, alerts, at, fail, log_in, notices, settled, told, world, world_with};
use crate::support::world::{PASSWORD, World};

#[tokio::test(start_paused = true)]
async fn one_failure_below_the_threshold_raises_nothing_and_the_next_raises_one_alert() {
    let world = world().await;
    fail(&world, "nobody", STRANGER, 9).await;
    assert!(told(&world).await.is_empty());
    fail(&world, "nobody", STRANGER, 1).await;
    assert_eq!(told(&world).await, [format!("failed_logins by address {STRANGER}: 10")]);
    let alert = alerts(&world).await.remove(0);
    assert_eq!((alert.severity, alert.part_of), (Severity::Warning, None));
    assert_eq!(alert.details["addresses"], json!({STRANGER: 10}));
    assert_eq!(alert.details["blocked_for_seconds"], json!(3600));
    let channels: Vec<_> = notices(&world).await.into_iter().map(|notice| notice.channel).collect();
    assert_eq!(channels.len(), 2, "{channels:?}");
    assert!(channels.contains(&AlertChannel::Webhook("pager".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn what_goes_on_is_one_alert_with_a_count_and_is_told_once() {
    let world = world().await;
    for _ in 0..5 {
        fail(&world, "nobody", STRANGER, 7).await;
        world.shared.clock.advance(Span::seconds(301));
    }
    assert_eq!(told(&world).await.len(), 0, "seven in five minutes are fewer than the threshold");
    fail(&world, "nobody", STRANGER, 10).await;
    for _ in 0..4 {
        world.shared.clock.advance(Span::seconds(299));
        fail(&world, "nobody", STRANGER, 1).await;
    }
    assert_eq!(told(&world).await, [format!("failed_logins by address {STRANGER}: 14")]);
    assert_eq!(notices(&world).await.len(), 2);
    // After a pause as long as the window it is over, and comes anew.
    world.shared.clock.advance(Span::seconds(301));
    fail(&world, "nobody", STRANGER, 10).await;
    assert_eq!(told(&world).await.len(), 2);
    assert_eq!(notices(&world).await.len(), 2, "those of the second");
}

#[tokio::test(start_paused = true)]
async fn the_window_slides() {
    let world = world().await;
    fail(&world, "nobody", STRANGER, 9).await;
    world.shared.clock.advance(Span::seconds(150));
    fail(&world, "nobody", STRANGER, 0).await;
    world.shared.clock.advance(Span::seconds(151));
    fail(&world, "nobody", STRANGER, 9).await;
    assert!(told(&world).await.is_empty(), "eighteen, and never ten within five minutes");
    world.shared.clock.advance(Span::seconds(150));
    fail(&world, "nobody", STRANGER, 1).await;
    assert_eq!(told(&world).await.len(), 1, "ten in two windows that begin anew, and in one that slides");
}

#[tokio::test(start_paused = true)]
async fn the_addresses_of_one_ipv6_subscriber_are_one_cause() {
    let world = world().await;
    for host in 1..=10 {
        fail(&world, "nobody", &format!("2001:db8:1:2::{host}"), 1).await;
    }
    fail(&world, "nobody", "2001:db8:1:3::1", 9).await;
    assert_eq!(told(&world).await, ["failed_logins by address 2001:db8:1:2::/64: 10"]);
}

#[tokio::test(start_paused = true)]
async fn spraying_from_200_addresses_is_one_alert_that_is_told() {
    let world = world().await;
    for address in 1..=200 {
        fail(&world, &format!("user{address}"), &format!("198.51.100.{address}"), 1).await;
    }
    assert_eq!(told(&world).await, ["password_spraying by service: 200"]);
    // One of them becomes loud.
    fail(&world, "user1", STRANGER, 9).await;
    let all = alerts(&world).await;
    let of = |kind| all.iter().find(|alert| alert.kind == kind).unwrap();
    let spraying = of(AlertKind::PasswordSpraying);
    assert_eq!((all.len(), spraying.severity, spraying.count), (2, Severity::Critical, 209));
    assert_eq!(spraying.details["address_count"], json!(100), "as many as it took");
    assert_eq!(of(AlertKind::FailedLogins).part_of, Some(spraying.id));
    assert!(notices(&world).await.iter().all(|notice| notice.alert == spraying.id));
}

#[tokio::test(start_paused = true)]
async fn an_attack_on_one_account_is_told_with_its_user() {
    let world = world().await;
    world.second.registered("ada").await;
    settled(&world).await;
    let ada = world.shared.store.search(&archon_domain::EventFilter::default(), None, 100).await.unwrap();
    let ada = ada.iter().find_map(|event| event.user).unwrap();
    for address in 1..=19 {
        fail(&world, "ada", &format!("198.51.100.{address}"), 1).await;
    }
    assert!(told(&world).await.is_empty());
    fail(&world, "ada", "198.51.100.20", 1).await;
    assert_eq!(told(&world).await, [format!("account_attack by user {ada}: 20")]);
    assert_eq!(alerts(&world).await[0].cause, AlertCause::User(ada));
}

#[tokio::test(start_paused = true)]
async fn a_spent_token_that_comes_again_is_an_alert_at_once() {
    for at_once in [true, false] {
        let world = world_with(|policy| policy.alerts.critical_at_once = at_once).await;
        let stolen = world.second.registered("ada").await;
        world.second.refresh(&stolen).await.unwrap();
        world.shared.clock.advance(Span::seconds(11));
        assert!(world.first.refresh(&stolen).await.is_err());
        settled(&world).await;
        let expected: &[&str] = if at_once { &["token_attacks by service: 1"] } else { &[] };
        assert_eq!(told(&world).await, expected);
        if at_once {
            assert_eq!(alerts(&world).await[0].severity, Severity::Critical);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn replicas_raise_one_alert_and_count_together() {
    let world = world().await;
    for turn in 0..24 {
        let service = if turn % 2 == 0 { &world.first } else { &world.second };
        assert!(log_in(&world, service, "nobody", "wrong", STRANGER).await.is_err());
        settled(&world).await;
    }
    assert_eq!(told(&world).await, [format!("failed_logins by address {STRANGER}: 24")]);
    assert_eq!(notices(&world).await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn replicas_that_notice_at_the_same_moment_raise_one_alert() {
    for _ in 0..20 {
        let world = world().await;
        for turn in 0..20 {
            let service = if turn % 2 == 0 { &world.first } else { &world.second };
            assert!(log_in(&world, service, "nobody", "wrong", STRANGER).await.is_err());
        }
        settled(&world).await;
        assert_eq!((alerts(&world).await.len(), notices(&world).await.len()), (1, 2));
    }
}

/// A failure of the stranger that another process has stored.
fn failure(world: &World, seed: u64) -> SecurityEvent {
    let now = world.first.auth.now();
    SecurityEvent {
        id: EventId::generate(now, &SeededEntropy::new(seed)),
        at: now,
        kind: EventKind::LoginFailed,
        severity: Severity::Warning,
        user: None,
        session: None,
        address: Some(at(STRANGER).address),
        user_agent: None,
        request_id: None,
        details: Map::new(),
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_killed_process_has_stored_is_judged_by_the_next() {
    let world = world().await;
    settled(&world).await;
    let events = (0..12).map(|seed| failure(&world, seed + 500)).collect();
    world.shared.store.append(events).await.unwrap();
    settled(&world).await;
    assert!(told(&world).await.is_empty(), "nobody has shown them to a watcher");
    let (_feed, watcher) = AlertWatcher::new(&world.first.auth);
    tokio::spawn(watcher.run());
    settled(&world).await;
    assert_eq!(told(&world).await, [format!("failed_logins by address {STRANGER}: 12")]);
}

#[tokio::test(start_paused = true)]
async fn without_rules_nothing_is_raised() {
    let world = world_with(|policy| policy.alerts.rules.clear()).await;
    fail(&world, "nobody", STRANGER, 50).await;
    assert!(told(&world).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn honest_people_raise_nothing() {
    let world = world().await;
    for number in 0..40 {
        let name = format!("user{number}");
        world.second.registered(&name).await;
        let address = format!("203.0.113.{number}");
        assert!(log_in(&world, &world.first, &name, "mistyped", &address).await.is_err());
        log_in(&world, &world.first, &name, PASSWORD, &address).await.unwrap();
    }
    settled(&world).await;
    assert!(told(&world).await.is_empty());
}
