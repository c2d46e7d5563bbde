//! Races at the gate and in the fast stores behind it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use archon_domain::{Amendment, Passage, Passed, SessionStanding, TerminationReason};

use super::{TASKS, many, race};
use crate::samples::{Samples, after, ip, moved, start};
use crate::session_store::opened;
use crate::{Gated, gate, oauth_states, rate_limiter, session_cache};

/// MUST leave a lease that stands to its holder, for a few seconds at the most: many who ask at the same
/// time would else keep each other from settling for ever.
pub async fn one_of_many_who_ask_at_once_settles(cache: &session_cache::Port) {
    let samples = Samples::default();
    let session = samples.session(samples.user_id(), start());
    let racers = many(|| (samples.passage(&session), samples.lease()));
    let answers = race(racers, |(passage, lease)| {
        let (cache, entry) = (Arc::clone(cache), session_cache::entry(&session));
        async move {
            let found = session_cache::live(&cache, &passage, &lease, start()).await;
            if found.is_none() {
                cache.settle(&entry.session.id, &lease, Some(&entry), start()).await.unwrap();
            }
            found
        }
    })
    .await;
    for (found, _) in answers.into_iter().flatten() {
        assert_eq!(found, session);
    }
    let found = session_cache::live(cache, &samples.passage(&session), &samples.lease(), start()).await;
    assert_eq!(found, Some((session, None)));
}

/// MUST put the session in only under an unbroken lease, and otherwise change nothing. MUST forget every
/// session it is told and break its lease.
pub async fn no_settling_survives_forgetting_at_the_same_time(cache: &session_cache::Port) {
    let samples = Samples::default();
    let session = samples.session(samples.user_id(), start());
    for _ in 0..20 {
        let lease = samples.lease();
        cache.lease(&session.id, &lease).await.unwrap();
        let mut odd = false;
        let racers = many(|| {
            odd = !odd;
            odd
        });
        race(racers, |settles| {
            let (cache, lease) = (Arc::clone(cache), lease.clone());
            let entry = session_cache::entry(&session);
            async move {
                if settles {
                    cache.settle(&entry.session.id, &lease, Some(&entry), start()).await.unwrap();
                } else {
                    cache.forget(&[entry.session.id]).await.unwrap();
                }
            }
        })
        .await;
        let passage = samples.passage(&session);
        let found = session_cache::live(cache, &passage, &samples.lease(), start()).await;
        assert_eq!(found, None, "whoever settled was before the last who forgot, or came too late");
    }
}

/// MUST put the profile in only under an unbroken lease, and otherwise change nothing. MUST forget every
/// profile it is told and break its lease.
pub async fn no_settling_of_a_profile_survives_forgetting_at_the_same_time(cache: &session_cache::Port) {
    let samples = Samples::default();
    let user = samples.user("ada@example.com");
    let session = samples.session(user.id, start());
    session_cache::put(cache, &samples, &session_cache::entry(&session), start()).await;
    let asking = Passage { profile: true, ..samples.passage(&session) };
    for _ in 0..20 {
        let lease = samples.lease();
        assert_eq!(session_cache::shown(cache, &asking, &lease, start()).await, None);
        let mut odd = false;
        let racers = many(|| {
            odd = !odd;
            odd
        });
        race(racers, |settles| {
            let (cache, lease, entry) = (Arc::clone(cache), lease.clone(), session_cache::cached(&user));
            async move {
                let id = entry.profile.id;
                if settles {
                    cache.settle_profile(id, &lease, Some(&entry), start()).await.unwrap();
                } else {
                    cache.forget_profiles(&[id]).await.unwrap();
                }
            }
        })
        .await;
        let found = session_cache::shown(cache, &asking, &samples.lease(), start()).await;
        assert_eq!(found, None, "whoever settled was before the last who forgot, or came too late");
        cache.forget_profiles(&[user.id]).await.unwrap();
    }
}

/// MUST take one request from the budget when it answers `Live`, and nothing otherwise.
pub async fn passages_at_once_are_charged_up_to_the_quota(cache: &session_cache::Port) {
    let samples = Samples::default();
    let session = samples.session(samples.user_id(), start());
    session_cache::put(cache, &samples, &session_cache::entry(&session), start()).await;
    let quota = rate_limiter::per_minute(20);
    let racers = many(|| (session_cache::charged(samples.passage(&session), quota), samples.lease()));
    let answers = race(racers, |(passage, lease)| {
        let cache = Arc::clone(cache);
        async move { session_cache::live(&cache, &passage, &lease, start()).await }
    })
    .await;
    let decisions = answers.into_iter().filter_map(|answer| answer.expect("the session is live").1);
    let mut left: Vec<_> = decisions.filter(|it| it.allowed).map(|it| it.remaining).collect();
    left.sort_unstable();
    assert_eq!(left, (0..20).collect::<Vec<_>>());
}

/// MUST hand a flow out at most once, however many ask at the same time.
pub async fn a_flow_is_handed_to_one_of_many(states: &oauth_states::Port) {
    let (state, flow) = oauth_states::flow(&Samples::default());
    states.begin(&state, flow, start()).await.unwrap();
    let handed = race(many(|| state.clone()), |state| {
        let states = Arc::clone(states);
        async move { states.consume(&state, after(1)).await.unwrap().is_some() }
    })
    .await;
    assert_eq!(handed.into_iter().filter(|handed| *handed).count(), 1);
}

/// What the gate says to many who ask again and again while `change` happens: to those who asked once it
/// had returned.
async fn passed_after(
    gated: &Gated,
    passage: &Passage,
    change: impl Future<Output = ()> + Send + 'static,
) -> Vec<Passed> {
    let (changed, mut change) = (Arc::new(AtomicBool::new(false)), Some(change));
    let racers = many(|| change.take());
    let passed = race(racers, |change| {
        let (gated, passage, changed) = (gated.clone(), passage.clone(), Arc::clone(&changed));
        async move {
            if let Some(change) = change {
                change.await;
                changed.store(true, Ordering::SeqCst);
            }
            loop {
                let is_after = changed.load(Ordering::SeqCst);
                let passed = gate::pass(&gated, &passage, after(1)).await;
                if is_after {
                    return passed;
                }
                tokio::task::yield_now().await;
            }
        }
    })
    .await;
    assert_eq!(passed.len(), TASKS);
    passed
}

/// MUST show an ended session as ended once its end has returned.
pub async fn no_passage_after_the_end_shows_a_session_live(gated: &Gated) {
    let samples = Samples::default();
    let (_, session) = opened(&gated.stores, &samples, start()).await;
    let (sessions, id) = (Arc::clone(&gated.stores.sessions), session.id.clone());
    let end = async move {
        sessions.end(&id, TerminationReason::Logout, after(1)).await.unwrap();
    };
    for passed in passed_after(gated, &samples.passage(&session), end).await {
        let shown = passed.session.expect("the session is there");
        assert_eq!(shown.standing(after(1)), SessionStanding::Ended(TerminationReason::Logout));
    }
}

/// MUST say of a revoked token that it is revoked once its revocation has returned.
pub async fn no_passage_after_the_revocation_shows_a_token_good(gated: &Gated) {
    let samples = Samples::default();
    let (_, session) = opened(&gated.stores, &samples, start()).await;
    let passage = samples.passage(&session);
    let (revocations, token) = (Arc::clone(&gated.stores.revocations), passage.token.clone());
    let revoke = async move { revocations.revoke(&token, "stolen").await.unwrap() };
    for passed in passed_after(gated, &passage, revoke).await {
        assert!(passed.revoked);
    }
}

/// MUST show a change of a profile once the change has returned.
pub async fn no_passage_after_a_change_shows_the_profile_before_it(gated: &Gated) {
    let samples = Samples::default();
    let (user, session) = opened(&gated.stores, &samples, start()).await;
    let passage = Passage { profile: true, ..samples.passage(&session) };
    let (users, id) = (Arc::clone(&gated.stores.users), user.id);
    let amend = async move {
        users.amend(id, Amendment::Unlock, after(1)).await.unwrap();
    };
    for passed in passed_after(gated, &passage, amend).await {
        assert_eq!(passed.profile.expect("it was asked for").updated_at, after(1));
    }
}

/// MUST show the user's session as the session store has it, but for touches of the last seconds. Its trace, too,
/// once that has been taken over.
pub async fn no_passage_after_an_observation_shows_the_trace_before_it(gated: &Gated) {
    let samples = Samples::default();
    let (_, session) = opened(&gated.stores, &samples, start()).await;
    let passage = samples.passage(&session);
    let next = moved(&session.trace, ip("192.0.2.1"), after(1));
    let (sessions, trace) = (Arc::clone(&gated.stores.sessions), next.clone());
    let observe = async move {
        assert!(sessions.observe(&session.id, &session.trace, &trace, after(1)).await.unwrap());
    };
    for passed in passed_after(gated, &passage, observe).await {
        assert_eq!(passed.session.expect("the session is there").trace, next);
    }
}

/// MUST take one request from the budget when the session is live and the token is not revoked, and nothing
/// otherwise. However many ask at the same time, and whatever of the session is remembered.
pub async fn passages_at_once_draw_on_one_budget(gated: &Gated) {
    let samples = Samples::default();
    let (_, session) = opened(&gated.stores, &samples, start()).await;
    gated.stores.sessions.rotate(samples.rotate(&session, after(1)), after(1)).await.unwrap();
    let quota = rate_limiter::per_minute(20);
    let racers = many(|| session_cache::charged(samples.passage(&session), quota));
    let passed = race(racers, |passage| {
        let gated = gated.clone();
        async move { gate::pass(&gated, &passage, after(1)).await }
    })
    .await;
    let decisions = passed.into_iter().map(|passed| passed.decision.expect("the session is live"));
    let mut left: Vec<_> = decisions.filter(|it| it.allowed).map(|it| it.remaining).collect();
    left.sort_unstable();
    assert_eq!(left, (0..20).collect::<Vec<_>>());
}
