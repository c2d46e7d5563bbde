//! Stolen tokens: what was let in, and what was recorded.

use std::sync::Arc;

use archon_app::{Authenticate, LoggedIn, ProviderCallback, RefreshError};
use archon_domain::{Severity, SuspicionReason, TerminationReason, TokenKind};
use futures::future::join_all;
use serde_json::json;

use super::*;
use crate::support::oauth::callback;

fn ended(reason: SuspicionReason) -> impl Fn(&Result<Caller, AuthenticateError>) -> bool {
    move |asked| {
        let expected = TerminationReason::Suspicious(reason);
        matches!(asked, Err(AuthenticateError::SessionEnded(found)) if *found == expected)
    }
}

#[tokio::test]
async fn another_browser_has_five_minutes_and_is_recorded_once() {
    let world = world().await;
    let pair = logged_in(&world).await;
    let began = world.first.auth.now();
    for (seconds, user_agent) in [(0, CHROME), (100, FIREFOX), (299, CHROME)] {
        world.shared.clock.advance(began + Span::seconds(seconds) - world.first.auth.now());
        ask(&world, &pair, HOME, user_agent).await.unwrap();
        world.second.authenticate_as(&pair, at(HOME, user_agent)).await.unwrap();
    }
    world.shared.clock.advance(Span::seconds(1));
    let over = ended(SuspicionReason::UserAgentChanged);
    for user_agent in [FIREFOX, CHROME, FIREFOX] {
        let asked = ask(&world, &pair, HOME, user_agent).await;
        assert!(over(&asked), "{asked:?}");
    }
    let refreshed = world.second.refresh_as(&pair, at(HOME, FIREFOX)).await;
    assert!(
        matches!(refreshed, Err(RefreshError::Suspicious(SuspicionReason::UserAgentChanged))),
        "{refreshed:?}"
    );

    let (flags, ends) = recorded(&world).await;
    let ([flag], [end]) = (&flags[..], &ends[..]) else { panic!("{flags:?} {ends:?}") };
    assert_eq!((flag.at, flag.severity), (began, Severity::Warning));
    assert_eq!(
        json!(flag.details),
        json!({
            "reason": "user_agent_changed", "original_ip": HOME, "last_ip": HOME, "new_ip": HOME,
            "original_user_agent": FIREFOX, "new_user_agent": CHROME,
        })
    );
    assert_eq!((end.at, end.severity), (began + Span::seconds(300), Severity::Warning));
    assert_eq!(end.session, Some(world.session_of(&pair)));
}

#[tokio::test]
async fn impossible_travel_ends_the_session_at_once_and_its_refresh_token_with_it() {
    let world = world().await;
    tell_berlin_and_tokyo(&world);
    let pair = logged_in(&world).await;
    let caller = ask(&world, &pair, HOME, FIREFOX).await.unwrap();
    world.shared.clock.advance(Span::minutes(5));
    let asked = ask(&world, &pair, CAFE, FIREFOX).await;
    assert!(ended(SuspicionReason::ImpossibleTravel)(&asked), "{asked:?}");
    for address in [HOME, CAFE] {
        let refreshed = world.second.refresh_as(&pair, at(address, FIREFOX)).await;
        assert!(
            matches!(refreshed, Err(RefreshError::Suspicious(SuspicionReason::ImpossibleTravel))),
            "{refreshed:?}"
        );
    }
    world.assert_refused(&pair).await;

    let (flags, ends) = recorded(&world).await;
    let ([], [end]) = (&flags[..], &ends[..]) else { panic!("{flags:?} {ends:?}") };
    assert_eq!(end.severity, Severity::Critical);
    assert_eq!(end.address, Some(ip(CAFE)));
    assert_eq!(
        json!(end.details),
        json!({
            "session_id": caller.session.id, "user_id": caller.user, "reason": "impossible_travel",
            "original_ip": HOME, "last_ip": HOME, "new_ip": CAFE, "timestamp": world.first.auth.now(),
        })
    );
}

#[tokio::test]
async fn a_session_is_watched_however_it_began_and_whatever_token_is_shown() {
    let world = world().await;
    tell_berlin_and_tokyo(&world);
    world.shared.provider.vouch("code", "ada-1", "ada@example.com");
    let begun = world.second.begin("google").await.unwrap();
    let callback = callback("google", begun.state.expose(), "code");
    let callback = ProviderCallback { client: at(HOME, FIREFOX), ..callback };
    let LoggedIn { session, tokens, .. } = world.second.auth.log_in_with_provider(callback).await.unwrap();

    let page = world.first.auth.page_token(&session).unwrap();
    let show = async |address| {
        let (token, client) = (page.token.expose(), at(address, FIREFOX));
        let request = Authenticate { token, kind: TokenKind::Page, client, budget: None, profile: false };
        world.first.auth.authenticate(request).await.map(|shown| shown.caller)
    };
    show(HOME).await.unwrap();
    let shown = show(CAFE).await;
    assert!(ended(SuspicionReason::ImpossibleTravel)(&shown), "{shown:?}");
    world.assert_refused(&tokens).await;
}

#[tokio::test]
async fn a_refresh_token_that_is_used_far_away_buys_nothing() {
    let world = world().await;
    tell_berlin_and_tokyo(&world);
    let pair = logged_in(&world).await;
    world.shared.clock.advance(Span::minutes(5));
    let stolen = world.first.refresh_as(&pair, at(CAFE, FIREFOX)).await;
    assert!(matches!(stolen, Err(RefreshError::Suspicious(SuspicionReason::ImpossibleTravel))), "{stolen:?}");
    let asked = ask(&world, &pair, HOME, FIREFOX).await;
    assert!(ended(SuspicionReason::ImpossibleTravel)(&asked), "{asked:?}");
}

/// The answer of a rotation is repeated to the same program, but not anywhere in the world.
#[tokio::test]
async fn a_rotation_is_not_repeated_far_away() {
    let world = world().await;
    tell_berlin_and_tokyo(&world);
    let pair = logged_in(&world).await;
    world.first.refresh_as(&pair, at(HOME, FIREFOX)).await.unwrap();
    let stolen = world.second.refresh_as(&pair, at(CAFE, FIREFOX)).await;
    assert!(matches!(stolen, Err(RefreshError::Suspicious(SuspicionReason::ImpossibleTravel))), "{stolen:?}");
}

#[tokio::test]
async fn a_spent_refresh_token_is_reuse_wherever_it_is_used() {
    let world = world().await;
    tell_berlin_and_tokyo(&world);
    let pair = logged_in(&world).await;
    world.first.refresh_as(&pair, at(HOME, FIREFOX)).await.unwrap();
    world.shared.clock.advance(Span::minutes(5));
    let stolen = world.first.refresh_as(&pair, at(CAFE, FIREFOX)).await;
    assert!(matches!(stolen, Err(RefreshError::Reused)), "{stolen:?}");
    assert_eq!(world.events(EventKind::TokenReuseDetected).await.len(), 1);
}

#[tokio::test]
async fn a_strict_deployment_allows_no_other_address() {
    let world = world_ruled_by(|policy| policy.suspicion.strict_ip_validation = true).await;
    let pair = logged_in(&world).await;
    ask(&world, &pair, HOME, FIREFOX).await.unwrap();
    let asked = ask(&world, &pair, "198.51.100.2", FIREFOX).await;
    assert!(ended(SuspicionReason::IpChanged)(&asked), "{asked:?}");
    world.assert_refused(&pair).await;
    let (_, ends) = recorded(&world).await;
    let [end] = &ends[..] else { panic!("{ends:?}") };
    assert_eq!((&end.details["reason"], end.severity), (&json!("ip_changed"), Severity::Warning));
}

#[tokio::test]
async fn requests_at_the_same_time_are_recorded_once() {
    let world = world().await;
    tell_berlin_and_tokyo(&world);
    let pair = logged_in(&world).await;
    // Every call of a store lets all others go first, so that all of them judge what they have all read.
    for service in [&world.first, &world.second] {
        service.durable.before_every_call(Arc::new(|| Box::pin(tokio::task::yield_now())));
    }
    let at_once = async |address: &'static str, user_agent: &'static str| {
        let services = [&world.first, &world.second].repeat(10);
        join_all(services.iter().map(|service| service.authenticate_as(&pair, at(address, user_agent)))).await
    };
    let flagged = at_once(HOME, CHROME).await;
    assert!(flagged.iter().all(Result::is_ok), "{flagged:?}");
    assert_eq!(recorded(&world).await.0.len(), 1);
    let refused = at_once(CAFE, FIREFOX).await;
    assert!(refused.iter().all(ended(SuspicionReason::ImpossibleTravel)), "{refused:?}");
    assert_eq!(recorded(&world).await.1.len(), 1);
}

/// Each of them is news to the store, and only one at a time is taken.
#[tokio::test]
async fn requests_from_many_networks_at_the_same_time_all_go_on() {
    let world = world().await;
    let pair = logged_in(&world).await;
    world.first.durable.before_every_call(Arc::new(|| Box::pin(tokio::task::yield_now())));
    let networks = (0..20).map(|network| at(&format!("100.64.{network}.1"), FIREFOX));
    let asked = join_all(networks.map(|client| world.first.authenticate_as(&pair, client))).await;
    assert!(asked.iter().all(Result::is_ok), "{asked:?}");
    let (flags, ends) = recorded(&world).await;
    assert_eq!((flags.len(), ends.len()), (1, 0));
}
