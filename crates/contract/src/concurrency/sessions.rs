//! Races of what the requests of one session leave behind with each other and with whatever else changes it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use archon_domain::{
    Instant, Opening, OpeningRule, Rotation, Session, SessionStanding, SessionTrace, Span, TerminationReason,
};

use super::{many, race};
use crate::Stores;
use crate::samples::{Samples, after, moved, opening_rule, policy, start};
use crate::session_store::{opened, stored};

/// How often a race is run that is rarely close.
const ROUNDS: usize = 10;

/// What so many requests from as many networks leave behind that were judged by the same trace.
fn traces(of: &Session) -> Vec<SessionTrace> {
    let mut network = 0;
    many(|| {
        network += 1;
        moved(&of.trace, IpAddr::from(Ipv4Addr::new(198, 51, network, 1)), after(1))
    })
}

/// Whether the store has taken over what was judged by the trace of the session as it is given.
async fn observe(stores: Stores, session: Session, trace: SessionTrace, now: Instant) -> bool {
    stores.sessions.observe(&session.id, &session.trace, &trace, now).await.unwrap()
}

/// MUST take one of two traces that were judged at the same time, and refuse the other.
pub async fn observers_at_once_are_one_observer(stores: &Stores) {
    let samples = Samples::default();
    let (_, mut session) = opened(stores, &samples, start()).await;
    let observed = race(traces(&session), |trace| {
        let observing = observe(stores.clone(), session.clone(), trace.clone(), after(1));
        async move { observing.await.then_some(trace) }
    })
    .await;
    let taken: Vec<_> = observed.into_iter().flatten().collect();
    assert_eq!(taken.len(), 1);
    session.trace = taken[0].clone();
    assert_eq!(stored(stores, &session).await, session);
}

/// What a racer does to a session.
enum Act {
    Observe(SessionTrace),
    Rotate,
    Touch(Instant),
}

/// MUST leave everything else of the session as it is. Also what rotations and touches change at the same time,
/// and these leave the trace.
pub async fn observing_rotating_and_touching_at_once_loses_nothing(stores: &Stores) {
    let samples = Arc::new(Samples::default());
    let (_, session) = opened(stores, &samples, start()).await;
    let acts = traces(&session).into_iter().zip(0..).map(|(trace, number)| match number % 3 {
        0 => Act::Observe(trace),
        1 => Act::Rotate,
        _ => Act::Touch(after(number)),
    });
    let outcomes = race(acts.collect(), |act| {
        let (stores, samples, session) = (stores.clone(), Arc::clone(&samples), session.clone());
        async move {
            match act {
                Act::Observe(trace) => {
                    (observe(stores, session, trace.clone(), after(1)).await.then_some(trace), None)
                }
                Act::Rotate => {
                    let rotate = samples.rotate(&session, after(1));
                    (None, Some(stores.sessions.rotate(rotate, after(1)).await.unwrap()))
                }
                Act::Touch(at) => {
                    stores.sessions.touch(&[session.touched(at, &policy())]).await.unwrap();
                    (None, None)
                }
            }
        }
    })
    .await;
    let (observed, rotated): (Vec<_>, Vec<_>) = outcomes.into_iter().unzip();
    let observed: Vec<_> = observed.into_iter().flatten().collect();
    let rotated = rotated.into_iter().flatten().filter_map(|rotation| match rotation {
        Rotation::Rotated(session) => Some(session),
        _ => None,
    });
    let rotated: Vec<_> = rotated.collect();
    assert_eq!((observed.len(), rotated.len()), (1, 1));
    let last_touch = session.touched(after(98), &policy());
    let expected = Session {
        trace: observed[0].clone(),
        refresh: rotated[0].refresh.clone(),
        last_accessed: last_touch.last_accessed,
        expires_at: last_touch.expires_at,
        ..session
    };
    assert_eq!(stored(stores, &expected).await, expected);
}

/// MUST leave ended and expired sessions as they are. Also when the session ends at the same time.
pub async fn no_observation_outlasts_an_end(stores: &Stores) {
    let samples = Samples::default();
    for _ in 0..ROUNDS {
        let user = stores.open(&samples, &format!("{}@example.com", samples.user_id())).await;
        let session = samples.session(user.id, start());
        stores.sessions.open(session.clone(), opening_rule(5), start()).await.unwrap();
        let mut racers: Vec<_> = traces(&session).into_iter().map(Some).take(20).collect();
        racers[10] = None;
        let ended = race(racers, |trace| {
            let (stores, session) = (stores.clone(), session.clone());
            async move {
                let Some(trace) = trace else {
                    let reason = TerminationReason::Logout;
                    return stores.sessions.end(&session.id, reason, after(1)).await.unwrap();
                };
                observe(stores, session, trace, after(1)).await;
                None
            }
        })
        .await;
        let ended: Vec<_> = ended.into_iter().flatten().collect();
        assert_eq!(ended.len(), 1);
        let stored = stored(stores, &session).await;
        assert_eq!(stored.trace, ended[0].trace, "as it was when it was ended");
        assert_eq!(stored.standing(after(1)), SessionStanding::Ended(TerminationReason::Logout));
    }
}

/// MUST take one of two traces that were judged at the same time, and refuse the other. Also when the other is
/// that of a log-in which resumes the session.
pub async fn no_observation_outlasts_a_new_log_in(stores: &Stores) {
    let samples = Samples::default();
    let rule = OpeningRule { one_per_device: true, ..opening_rule(5) };
    for _ in 0..ROUNDS {
        let user = stores.open(&samples, &format!("{}@example.com", samples.user_id())).await;
        let session = samples.session(user.id, start());
        stores.sessions.open(session.clone(), rule, start()).await.unwrap();
        let login = samples.session(user.id, after(1));
        let mut racers: Vec<_> = traces(&session).into_iter().map(Some).take(20).collect();
        racers[10] = None;
        race(racers, |trace| {
            let (stores, session, login) = (stores.clone(), session.clone(), login.clone());
            async move {
                let Some(trace) = trace else {
                    let opening = stores.sessions.open(login, rule, after(1)).await.unwrap();
                    assert!(matches!(opening, Opening::Resumed(_)), "{opening:?}");
                    return;
                };
                observe(stores, session, trace, after(1)).await;
            }
        })
        .await;
        assert_eq!(stored(stores, &session).await.trace, login.trace);
    }
}

/// MUST end a live session once, and keep the first reason. Also when a log-in on the same device resumes it, or
/// one on another device ends it, at the same time.
pub async fn an_end_outlasts_openings_at_the_same_time(stores: &Stores) {
    let samples = Samples::default();
    for round in 0..ROUNDS {
        let user = stores.open(&samples, &format!("{}@example.com", samples.user_id())).await;
        let session = samples.session(user.id, start());
        let rule = OpeningRule { one_per_device: round % 2 == 0, ..opening_rule(1) };
        stores.sessions.open(session.clone(), rule, start()).await.unwrap();
        let racers = (0..20).map(|number| (number % 2 == 0).then(|| samples.session(user.id, after(1))));
        let now = after(1) + Span::seconds(1);
        let outcomes = race(racers.collect(), |login| {
            let (stores, id) = (stores.clone(), session.id.clone());
            async move {
                let Some(login) = login else {
                    let reason = TerminationReason::EndedByUser;
                    return stores.sessions.end(&id, reason, now).await.unwrap().is_some();
                };
                let opening = stores.sessions.open(login, rule, now).await.unwrap();
                matches!(opening, Opening::Opened { ended } if ended.contains(&id))
            }
        })
        .await;
        let ends = outcomes.into_iter().filter(|ended| *ended).count();
        assert_eq!(ends, 1, "one has ended it, and says so");
        let ending = stored(stores, &session).await.ending.expect("it has ended");
        assert_eq!(ending.at, now);
        assert!(stores.sessions.list(user.id, now).await.unwrap().len() <= 1);
    }
}
