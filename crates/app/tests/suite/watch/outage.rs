//! A database that is away while a request is judged.

use archon_app::FaultKind;
use archon_contract::faults::Fault;
use archon_domain::SessionStanding;
use archon_domain::ports::SessionStore as _;

use super::*;

/// Whether the session is live, as the durable store knows it.
async fn is_live(world: &World, pair: &TokenPair) -> bool {
    let session = world.shared.store.find(&world.session_of(pair)).await.unwrap().unwrap();
    session.standing(world.first.auth.now()) == SessionStanding::Live
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_remembered_throws_nobody_out() {
    let world = world().await;
    tell_berlin_and_tokyo(&world);
    let pair = logged_in(&world).await;
    ask(&world, &pair, HOME, FIREFOX).await.unwrap();
    world.first.durable.strike_all(Fault::Refused);
    for (address, user_agent) in [(OFFICE, FIREFOX), (HOME, CHROME), (HOTEL, FIREFOX), (CAFE, FIREFOX)] {
        let asked = ask(&world, &pair, address, user_agent).await;
        assert!(asked.is_ok(), "{address}: {asked:?}");
    }
    world.first.durable.heal();
    assert_nothing_was_recorded(&world).await;
    ask(&world, &pair, HOME, CHROME).await.unwrap();
    assert_eq!(recorded(&world).await.0.len(), 1, "nothing was missed that goes on");
}

/// Whether the network is known to the user cannot matter here: any other address ends the session.
#[tokio::test(start_paused = true)]
async fn a_session_that_cannot_be_ended_is_refused_until_it_can() {
    let world = world_ruled_by(|policy| policy.suspicion.strict_ip_validation = true).await;
    let pair = logged_in(&world).await;
    ask(&world, &pair, HOME, FIREFOX).await.unwrap();
    world.first.durable.strike_all(Fault::Refused);
    let asked = ask(&world, &pair, CAFE, FIREFOX).await;
    let Err(AuthenticateError::Fault(fault)) = asked else { panic!("{asked:?}") };
    assert_eq!(fault.kind(), FaultKind::Temporary);
    ask(&world, &pair, HOME, FIREFOX).await.unwrap();
    assert!(is_live(&world, &pair).await);
    world.first.durable.heal();
    let asked = ask(&world, &pair, CAFE, FIREFOX).await;
    assert!(matches!(asked, Err(AuthenticateError::SessionEnded(_))), "{asked:?}");
    assert!(!is_live(&world, &pair).await);
    assert_eq!(recorded(&world).await.1.len(), 1);
}

/// A session that was flagged is over after five minutes, also when the calls that end it fail one after the
/// other.
#[tokio::test(start_paused = true)]
async fn every_call_may_fail_and_nothing_is_recorded_twice() {
    for place in 0..8 {
        let world = world().await;
        let pair = logged_in(&world).await;
        world.first.durable.strike_one(place, Fault::Unanswered);
        let _ = ask(&world, &pair, HOME, CHROME).await;
        world.first.durable.heal();
        ask(&world, &pair, HOME, CHROME).await.unwrap();
        world.shared.clock.advance(Span::seconds(300));
        world.first.durable.strike_one(place, Fault::Unanswered);
        let first = ask(&world, &pair, HOME, CHROME).await;
        assert!(first.is_err(), "{place}: {first:?}");
        world.first.durable.heal();
        world.assert_refused(&pair).await;
        let (flags, ends) = recorded(&world).await;
        assert!(flags.len() <= 1 && ends.len() <= 1, "{place}: {flags:?} {ends:?}");
    }
}
