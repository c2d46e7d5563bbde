//! Alerts: when they are raised, whom they block, and how they are told.

mod blocks;
mod raising;
mod telling;

use std::time::Duration;

use archon_app::{LogInError, Policy, TokenPair};
use archon_contract::samples::{email, ip, user_agent};
use archon_domain::ports::Alerts as _;
use archon_domain::{
    Alert, AlertChannel, AlertFilter, AlertKind, AlertNotice, AlertRule, Client, Instant, Span,
};
use tokio::time::sleep;

use crate::support::world::{PASSWORD, Service, World};

/// A client that has never logged in to anything.
const STRANGER: &str = "198.51.100.7";

/// How long a block by an alert holds.
const BLOCK: Span = Span::hours(1);

fn at(address: &str) -> Client {
    Client { address: ip(address), user_agent: user_agent("curl"), request_id: "request".to_owned() }
}

/// The rules by default.
fn rules() -> Vec<AlertRule> {
    let rule = |kind, threshold, window| AlertRule {
        kind,
        threshold,
        window: Span::seconds(window),
        blocks_for: (kind == AlertKind::FailedLogins).then_some(BLOCK),
    };
    vec![
        rule(AlertKind::FailedLogins, 10, 300),
        rule(AlertKind::PasswordSpraying, 100, 300),
        rule(AlertKind::AccountAttack, 20, 300),
        rule(AlertKind::TokenAttacks, 5, 60),
        rule(AlertKind::SessionAnomalies, 3, 600),
        rule(AlertKind::OauthAbuse, 20, 300),
    ]
}

/// Two replicas that raise alerts by the rules, and tell a webhook and somebody by mail.
async fn world_with(change: impl FnOnce(&mut Policy)) -> World {
    World::ruled_by(|policy| {
        policy.alerts.rules = rules();
        policy.alerts.critical_at_once = true;
        policy.alerts.channels =
            vec![AlertChannel::Webhook("pager".to_owned()), AlertChannel::Mail(email("ops@example.com"))];
        change(policy);
    })
    .await
}

async fn world() -> World {
    world_with(|_| {}).await
}

/// Lets what was recorded be stored and judged.
async fn settled(world: &World) {
    for service in [&world.first, &world.second] {
        service.auth.recorder().flush().await;
    }
    sleep(Duration::from_millis(10)).await;
}

/// Tries a password, a moment after whatever was tried before.
async fn log_in(
    world: &World,
    service: &Service,
    name: &str,
    password: &str,
    address: &str,
) -> Result<TokenPair, LogInError> {
    world.shared.clock.advance(Span::milliseconds(1));
    service.log_in_as(name, password, at(address)).await
}

/// Fails to log in at the first replica, so many times.
async fn fail(world: &World, name: &str, address: &str, times: usize) {
    for _ in 0..times {
        assert!(log_in(world, &world.first, name, "wrong", address).await.is_err());
    }
    settled(world).await;
}

/// Logs in at the first replica with the right password.
async fn right(world: &World, name: &str, address: &str) -> Result<TokenPair, LogInError> {
    log_in(world, &world.first, name, PASSWORD, address).await
}

/// Every alert, the latest first.
async fn alerts(world: &World) -> Vec<Alert> {
    world.shared.store.search_alerts(&AlertFilter::default(), None, 1000).await.unwrap()
}

/// Every alert in a few words: what, by whom, and how often.
async fn told(world: &World) -> Vec<String> {
    let words = |alert: Alert| format!("{} by {}: {}", alert.kind, alert.cause, alert.count);
    let mut told: Vec<String> = alerts(world).await.into_iter().map(words).collect();
    told.sort();
    told
}

/// Takes every notice that is due.
async fn notices(world: &World) -> Vec<AlertNotice> {
    let now: Instant = world.first.auth.now();
    world.shared.store.claim_notices(1000, now + Span::minutes(10), now).await.unwrap()
}
