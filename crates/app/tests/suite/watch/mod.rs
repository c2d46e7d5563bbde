//! Sessions whose requests come from elsewhere: who may go on, and who has to log in again.

mod journeys;
mod new_device;
mod outage;
mod thieves;

use archon_app::{AuthenticateError, Caller, Policy, TokenPair};
use archon_contract::samples::ip;
use archon_domain::{Client, EventKind, Location, Place, SecurityEvent, Span, UserAgent};

use crate::support::world::{PASSWORD, World};

/// Networks that have nothing to do with one another; the user is at home at the log-in.
const HOME: &str = "198.51.100.1";
const HOME_BY_IPV6: &str = "2001:db8:1::1";
const CAFE: &str = "203.0.113.1";
const OFFICE: &str = "10.1.0.1";
const HOTEL: &str = "10.2.0.1";

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
const NEWER_FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:129.0) Gecko/20100101 Firefox/129.0";
const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                      Chrome/128.0.0.0 Safari/537.36";

/// A client at an address.
fn at(address: &str, user_agent: &str) -> Client {
    let user_agent = UserAgent::new(user_agent);
    Client { address: ip(address), user_agent, request_id: format!("request from {address}") }
}

/// A world whose tokens and sessions outlive every test, with other rules besides.
async fn world_ruled_by(change: impl FnOnce(&mut Policy)) -> World {
    World::ruled_by(|policy| {
        policy.tokens.access_for = Span::days(7);
        policy.sessions.idle_timeout = Span::days(30);
        policy.sessions.absolute_lifetime = Span::days(30);
        change(policy);
    })
    .await
}

async fn world() -> World {
    world_ruled_by(|_| {}).await
}

/// Ada, who has just logged in at home.
async fn logged_in(world: &World) -> TokenPair {
    world.second.registered("ada").await;
    world.second.log_in_as("ada", PASSWORD, at(HOME, FIREFOX)).await.unwrap()
}

async fn ask(
    world: &World,
    pair: &TokenPair,
    address: &str,
    user_agent: &str,
) -> Result<Caller, AuthenticateError> {
    world.first.authenticate_as(pair, at(address, user_agent)).await
}

/// What was recorded of sessions that are suspicious: flags, and ends.
async fn recorded(world: &World) -> (Vec<SecurityEvent>, Vec<SecurityEvent>) {
    (world.events(EventKind::SessionFlagged).await, world.events(EventKind::SessionTerminated).await)
}

async fn assert_nothing_was_recorded(world: &World) {
    let (flags, ends) = recorded(world).await;
    assert!(flags.is_empty() && ends.is_empty(), "{flags:?} {ends:?}");
}

/// A place as a database knows it; an `operator` of 0 is none.
fn place(country: &str, region: &str, (latitude, longitude): (f64, f64), operator: u32) -> Place {
    Place {
        country: Some(country.to_owned()),
        region: Some(region.to_owned()),
        location: Some(Location { latitude, longitude, accuracy_km: 20 }),
        autonomous_system: (operator != 0).then_some(operator),
    }
}

const BERLIN: (f64, f64) = (52.52, 13.40);
const TOKYO: (f64, f64) = (35.68, 139.76);

/// Home is in Berlin, and the café in Tokyo.
fn tell_berlin_and_tokyo(world: &World) {
    world.shared.locator.tell(ip(HOME), place("DE", "BE", BERLIN, 3320));
    world.shared.locator.tell(ip(CAFE), place("JP", "13", TOKYO, 2497));
}
