//! Mails about log-ins with a device that was not seen before.

use archon_app::ProviderCallback;
use archon_contract::faults::Fault;
use archon_domain::MailMessage;
use archon_domain::ports::Outbox as _;

use super::*;
use crate::support::oauth::callback;

/// The devices that users were told of, the first told first.
async fn told(world: &World) -> Vec<String> {
    let mails = world.shared.store.pending(1000).await.unwrap();
    let devices = mails.into_iter().filter_map(|queued| match queued.mail.message {
        MailMessage::NewDevice { device, .. } => Some(device),
        _ => None,
    });
    devices.collect()
}

async fn log_in(world: &World, address: &str, user_agent: &str) {
    world.shared.clock.advance(Span::seconds(1));
    world.first.log_in_as("ada", PASSWORD, at(address, user_agent)).await.unwrap();
}

#[tokio::test]
async fn a_user_is_told_once_of_a_new_device() {
    let world = world().await;
    world.verified("ada").await;
    log_in(&world, HOME, FIREFOX).await;
    assert_eq!(told(&world).await, [format!("Firefox on Linux ({HOME})")]);
    // The device is known by now, wherever it is and whatever its version.
    log_in(&world, CAFE, FIREFOX).await;
    log_in(&world, HOTEL, NEWER_FIREFOX).await;
    assert_eq!(told(&world).await.len(), 1);
    log_in(&world, HOME, CHROME).await;
    log_in(&world, OFFICE, CHROME).await;
    assert_eq!(told(&world).await.last(), Some(&format!("Chrome on Windows 10 ({HOME})")));
    assert_eq!(told(&world).await.len(), 2);
}

#[tokio::test]
async fn a_device_stays_known_when_its_session_is_over() {
    let world = world_ruled_by(|policy| policy.sessions.idle_timeout = Span::hours(1)).await;
    world.verified("ada").await;
    for (address, hours) in [(HOME, 0), (CAFE, 2)] {
        world.shared.clock.advance(Span::hours(hours));
        log_in(&world, address, FIREFOX).await;
    }
    let pair = world.first.log_in_as("ada", PASSWORD, at(OFFICE, CHROME)).await.unwrap();
    world.first.auth.log_out(&ask(&world, &pair, OFFICE, CHROME).await.unwrap()).await.unwrap();
    let before = told(&world).await;
    log_in(&world, HOTEL, CHROME).await;
    log_in(&world, HOTEL, FIREFOX).await;
    assert_eq!(told(&world).await, before);
}

#[tokio::test]
async fn nobody_is_told_whose_address_may_be_somebody_elses() {
    let world = world().await;
    world.second.registered("ada").await;
    log_in(&world, HOME, FIREFOX).await;
    assert_eq!(told(&world).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_deployment_may_tell_nobody() {
    let world = world_ruled_by(|policy| policy.mail_new_devices = false).await;
    world.verified("ada").await;
    log_in(&world, HOME, FIREFOX).await;
    assert_eq!(told(&world).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_log_in_with_a_provider_is_told_like_any_other() {
    let world = world().await;
    world.shared.provider.vouch("code", "ada-1", "ada@example.com");
    let first = world.first.log_in_with("google", "code").await.unwrap();
    assert_eq!(told(&world).await, Vec::<String>::new(), "the first log-in opens the account");
    let begun = world.first.begin("google").await.unwrap();
    let callback = callback("google", begun.state.expose(), "code");
    let callback = ProviderCallback { client: at(HOME, CHROME), ..callback };
    let again = world.first.auth.log_in_with_provider(callback).await.unwrap();
    assert_eq!(again.user.id, first.user.id);
    assert_eq!(told(&world).await, [format!("Chrome on Windows 10 ({HOME})")]);
}

/// Whichever call of the store fails: no log-in is acknowledged without its mail.
#[tokio::test(start_paused = true)]
async fn no_log_in_goes_untold() {
    let mut failed = 0;
    for place in 0..20 {
        let world = world().await;
        world.verified("ada").await;
        world.shared.clock.advance(Span::minutes(1));
        world.first.durable.strike_one(place, Fault::Refused);
        let mut outcome = world.first.log_in_as("ada", PASSWORD, at(HOME, FIREFOX)).await;
        if outcome.is_err() {
            failed += 1;
            world.first.durable.heal();
            outcome = world.first.log_in_as("ada", PASSWORD, at(HOME, FIREFOX)).await;
        }
        outcome.unwrap();
        assert_eq!(told(&world).await.first(), Some(&format!("Firefox on Linux ({HOME})")), "{place}");
    }
    assert!(failed >= 5, "{failed} calls have failed a log-in");
}
