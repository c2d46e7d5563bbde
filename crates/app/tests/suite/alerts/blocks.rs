//! Whom alerts block, for how long, and who gets in all the same.

use archon_app::workers::{CleanUp, Retention};
use archon_app::{AddressBlocked, LogInError, TokenPair};
use archon_domain::ports::{Alerts as _, Blocklist as _};
use archon_domain::{AlertFilter, ClientNetwork, Span};

use super::{BLOCK, STRANGER, alerts, at, fail, right, world, world_with};
use crate::support::world::{Service, World};

/// Whether a log-in was refused because of the address.
fn is_blocked(outcome: &Result<TokenPair, LogInError>) -> bool {
    matches!(outcome, Err(LogInError::AddressBlocked(_)))
}

fn admits(service: &Service, address: &str) -> Result<(), AddressBlocked> {
    service.auth.admit_client(&at(address))
}

/// A world in which the stranger is blocked.
async fn blocked() -> World {
    let world = world().await;
    fail(&world, "nobody", STRANGER, 10).await;
    world
}

#[tokio::test(start_paused = true)]
async fn the_address_of_an_alert_is_blocked_until_the_block_is_over() {
    let world = world().await;
    world.second.registered("ada").await;
    fail(&world, "nobody", STRANGER, 9).await;
    assert_eq!(admits(&world.first, STRANGER), Ok(()));
    fail(&world, "nobody", STRANGER, 1).await;
    let until = world.first.auth.now() + BLOCK;
    assert_eq!(admits(&world.first, STRANGER), Err(AddressBlocked { until }));
    assert_eq!(admits(&world.first, "198.51.100.8"), Ok(()), "nobody else");
    assert!(is_blocked(&right(&world, "ada", STRANGER).await));
    world.shared.clock.advance(BLOCK - Span::seconds(1));
    assert!(admits(&world.first, STRANGER).is_err());
    world.shared.clock.advance(Span::seconds(1));
    assert_eq!(admits(&world.first, STRANGER), Ok(()));
    right(&world, "ada", STRANGER).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_user_who_was_there_before_gets_in_and_nobody_else_learns_anything() {
    let world = world().await;
    world.second.registered("ada").await;
    world.second.registered("bob").await;
    right(&world, "ada", STRANGER).await.unwrap();
    fail(&world, "nobody", STRANGER, 10).await;
    right(&world, "ada", STRANGER).await.unwrap();
    let mut outcomes = vec![right(&world, "bob", STRANGER).await, right(&world, "nobody", STRANGER).await];
    for name in ["ada", "bob", "nobody"] {
        outcomes.push(super::log_in(&world, &world.first, name, "wrong", STRANGER).await);
    }
    // Also once the account is locked by its own counter.
    for _ in 0..6 {
        outcomes.push(super::log_in(&world, &world.first, "bob", "wrong", STRANGER).await);
    }
    for outcome in outcomes {
        assert!(is_blocked(&outcome), "{outcome:?}");
    }
    right(&world, "bob", "203.0.113.5").await.unwrap_err();
    assert!(!is_blocked(&right(&world, "bob", "203.0.113.5").await), "locked, as everywhere");
}

#[tokio::test(start_paused = true)]
async fn other_replicas_follow() {
    let world = blocked().await;
    assert_eq!(admits(&world.second, STRANGER), Ok(()), "not yet");
    world.second.auth.blocks().load().await.unwrap();
    assert!(admits(&world.second, STRANGER).is_err());
}

#[tokio::test(start_paused = true)]
async fn who_goes_on_after_a_block_is_blocked_again_and_the_alert_is_still_one() {
    let world = blocked().await;
    for _ in 0..61 {
        world.shared.clock.advance(Span::seconds(60));
        fail(&world, "nobody", STRANGER, 1).await;
    }
    let alert = alerts(&world).await;
    assert_eq!((alert.len(), alert[0].count), (1, 71));
    assert_eq!(admits(&world.first, STRANGER), Ok(()), "one or two failures after the block");
    fail(&world, "nobody", STRANGER, 7).await;
    assert_eq!(admits(&world.first, STRANGER), Ok(()));
    fail(&world, "nobody", STRANGER, 3).await;
    assert!(admits(&world.first, STRANGER).is_err());
    assert_eq!(alerts(&world).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_block_that_was_lifted_comes_back_only_for_as_many_failures_anew() {
    let world = blocked().await;
    let network = ClientNetwork::of(at(STRANGER).address);
    world.shared.clock.advance(Span::seconds(20));
    let now = world.first.auth.now();
    assert!(world.shared.store.lift(network, now).await.unwrap(), "by another process");
    world.first.auth.blocks().load().await.unwrap();
    assert_eq!(admits(&world.first, STRANGER), Ok(()));
    fail(&world, "nobody", STRANGER, 9).await;
    assert_eq!(admits(&world.first, STRANGER), Ok(()));
    fail(&world, "nobody", STRANGER, 1).await;
    assert!(admits(&world.first, STRANGER).is_err());
    assert_eq!(alerts(&world).await.len(), 1, "it is the same attack");
}

#[tokio::test(start_paused = true)]
async fn private_and_listed_addresses_raise_alerts_and_are_not_blocked() {
    let listed = "198.51.100.0/24".parse().unwrap();
    let world = world_with(|policy| policy.alerts.never_block = vec![listed]).await;
    for address in [STRANGER, "10.0.0.7", "127.0.0.1"] {
        fail(&world, "nobody", address, 10).await;
        assert_eq!(admits(&world.first, address), Ok(()), "{address}");
        let alert = alerts(&world).await.remove(0);
        assert!(alert.details["not_blocked"][address].is_string(), "{:?}", alert.details);
        assert!(!alert.details.contains_key("blocked_for_seconds"));
    }
    fail(&world, "nobody", "203.0.113.7", 10).await;
    assert!(admits(&world.first, "203.0.113.7").is_err());
}

#[tokio::test(start_paused = true)]
async fn what_is_long_over_is_forgotten() {
    let world = blocked().await;
    let retention =
        Retention { events: Span::days(90), known_networks: Span::days(90), sessions: Span::days(30) };
    let clean_up = CleanUp::new(&world.first.auth, retention);
    world.shared.clock.advance(Span::days(89));
    clean_up.clean().await.unwrap();
    assert_eq!(alerts(&world).await.len(), 1);
    world.shared.clock.advance(Span::days(2));
    clean_up.clean().await.unwrap();
    let store = &world.shared.store;
    assert!(store.search_alerts(&AlertFilter::default(), None, 10).await.unwrap().is_empty());
    assert_eq!(store.purge_blocks(world.first.auth.now()).await.unwrap(), 0, "gone with them");
}
