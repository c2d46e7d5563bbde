//! What a [`archon_domain::ports::SessionCache`] must do.

use std::sync::Arc;

use archon_domain::ports::SessionCache;
use archon_domain::{
    Bucket, CacheAnswer, CachedSession, Charge, Instant, Lease, Passage, Quota, RateDecision, RateKey,
    Session, SessionId, Touch,
};

use crate::rate_limiter::per_minute;
use crate::samples::{Samples, after, policy, start, tick, travelled};

mod profiles;

pub use profiles::*;

/// What the cases of this suite work on.
pub type Port = Arc<dyn SessionCache>;

/// Runs the suite of `SessionCache` on the `Arc<dyn SessionCache>` of a fixture.
#[macro_export]
macro_rules! session_cache {
    ($fixture:ident) => {
        $crate::cases! {
            session_cache of $crate::session_cache::Port: $fixture,
            cases [
                a_settled_session_is_live_with_every_field,
                a_session_that_was_not_settled_is_unsure,
                another_users_session_is_unsure,
                an_expired_session_is_unsure,
                a_leased_session_is_unsure,
                a_blacklisted_token_is_unsure_with_its_reason,
                a_revoked_token_of_the_session_is_unsure,
                a_request_is_charged_when_its_session_is_live,
                a_lease_that_stands_is_left_to_its_holder,
                a_lease_breaks_every_other,
                only_an_unbroken_lease_settles,
                every_session_told_is_forgotten_with_its_lease,
                a_touch_never_moves_a_session_backwards,
                a_touch_puts_no_session_in,
                a_token_stays_on_the_blacklist_until_its_expiry,
                a_settled_profile_is_shown_to_those_who_ask,
                a_profile_is_shown_until_it_expires,
                only_an_unbroken_lease_settles_a_profile,
                every_profile_told_is_forgotten_with_its_lease,
                a_profile_of_another_version_is_forgotten,
            ],
            concurrency [
                one_of_many_who_ask_at_once_settles,
                no_settling_survives_forgetting_at_the_same_time,
                no_settling_of_a_profile_survives_forgetting_at_the_same_time,
                passages_at_once_are_charged_up_to_the_quota,
            ],
        }
    };
}

/// A session in the cache as it is to be settled.
pub(crate) fn entry(session: &Session) -> CachedSession {
    CachedSession { session: session.clone(), revoked: Vec::new() }
}

/// Puts a session in that must be there for a case to begin.
pub(crate) async fn put(cache: &Port, samples: &Samples, entry: &CachedSession, now: Instant) {
    let (id, lease) = (&entry.session.id, samples.lease());
    cache.lease(id, &lease).await.unwrap();
    cache.settle(id, &lease, Some(entry), now).await.unwrap();
}

/// The session if the cache is sure of the passage.
pub(crate) async fn live(
    cache: &Port,
    passage: &Passage,
    lease: &Lease,
    now: Instant,
) -> Option<(Session, Option<RateDecision>)> {
    match cache.pass(passage, lease, now).await.unwrap() {
        CacheAnswer::Live { session, decision, .. } => Some((*session, decision)),
        CacheAnswer::Unsure { .. } => None,
    }
}

/// Whether the cache is sure of a session, asked with a fresh token and lease.
async fn knows(cache: &Port, samples: &Samples, session: &Session, now: Instant) -> bool {
    live(cache, &samples.passage(session), &samples.lease(), now).await.is_some()
}

fn sample(samples: &Samples) -> Session {
    samples.session(samples.user_id(), start())
}

/// One request of the passage's user from a budget of so many a minute.
pub(crate) fn charged(mut passage: Passage, quota: Quota) -> Passage {
    let key = RateKey::User(passage.user);
    passage.charge = Some(Charge { bucket: Bucket::Default, key, quota });
    passage
}

/// MUST answer `Live` only for a session that was settled, belongs to the passage's user, has not
/// expired, and was not forgotten or leased since.
pub async fn a_settled_session_is_live_with_every_field(cache: &Port) {
    let samples = Samples::default();
    let bare = sample(&samples);
    let mut full = sample(&samples);
    full.last_accessed = after(1) + tick();
    full.expires_at = after(2000) + tick();
    full.remembered = true;
    full.refresh = samples.rotated_state();
    full.trace = travelled(&full.trace, after(1));
    for session in [bare, full] {
        let (passage, lease) = (samples.passage(&session), samples.lease());
        assert_eq!(live(cache, &passage, &lease, after(1)).await, None);
        cache.settle(&session.id, &lease, Some(&entry(&session)), after(1)).await.unwrap();
        for second in [1, 2] {
            let answer = live(cache, &passage, &samples.lease(), after(second)).await;
            assert_eq!(answer, Some((session.clone(), None)));
        }
    }
}

/// MUST answer `Live` only for a session that was settled, belongs to the passage's user, has not
/// expired, and was not forgotten or leased since.
pub async fn a_session_that_was_not_settled_is_unsure(cache: &Port) {
    let samples = Samples::default();
    let (session, lease) = (sample(&samples), samples.lease());
    assert!(live(cache, &samples.passage(&session), &lease, start()).await.is_none());
    cache.settle(&session.id, &lease, None, start()).await.unwrap();
    assert!(!knows(cache, &samples, &session, start()).await, "it was settled that there is none");
}

/// MUST answer `Live` only for a session that was settled, belongs to the passage's user, has not
/// expired, and was not forgotten or leased since.
pub async fn another_users_session_is_unsure(cache: &Port) {
    let samples = Samples::default();
    let session = sample(&samples);
    put(cache, &samples, &entry(&session), start()).await;
    let passage = Passage { user: samples.user_id(), ..samples.passage(&session) };
    assert!(live(cache, &passage, &samples.lease(), start()).await.is_none());
}

/// MUST answer `Live` only for a session that was settled, belongs to the passage's user, has not
/// expired, and was not forgotten or leased since.
pub async fn an_expired_session_is_unsure(cache: &Port) {
    let samples = Samples::default();
    let mut sessions = [sample(&samples), sample(&samples)];
    sessions[0].expires_at = after(10);
    sessions[1].absolute_expires_at = after(10);
    for session in &sessions {
        put(cache, &samples, &entry(session), start()).await;
        assert!(knows(cache, &samples, session, after(10) - tick()).await);
        assert!(!knows(cache, &samples, session, after(10)).await);
    }
}

/// MUST answer `Live` only for a session that was settled, belongs to the passage's user, has not
/// expired, and was not forgotten or leased since.
pub async fn a_leased_session_is_unsure(cache: &Port) {
    let samples = Samples::default();
    let session = sample(&samples);
    put(cache, &samples, &entry(&session), start()).await;
    cache.lease(&session.id, &samples.lease()).await.unwrap();
    assert!(!knows(cache, &samples, &session, start()).await);
}

/// MUST answer `Unsure` for a token that is on the blacklist or among the session's revoked tokens, and
/// give the blacklist's reason.
pub async fn a_blacklisted_token_is_unsure_with_its_reason(cache: &Port) {
    let samples = Samples::default();
    let session = sample(&samples);
    put(cache, &samples, &entry(&session), start()).await;
    let (listed, reason) = (samples.passage(&session), "stolen; \"it's ü\"");
    cache.blacklist(&listed.token, reason, start()).await.unwrap();
    for second in [1, 2] {
        let answer = cache.pass(&listed, &samples.lease(), after(second)).await.unwrap();
        assert_eq!(answer, CacheAnswer::Unsure { blacklisted: Some(reason.to_owned()) });
    }
    assert_eq!(cache.blacklisted(&listed.token).await.unwrap().as_deref(), Some(reason));

    put(cache, &samples, &entry(&session), start()).await;
    let other = samples.passage(&session);
    assert!(live(cache, &other, &samples.lease(), after(3)).await.is_some(), "only the one token is listed");
    assert_eq!(cache.blacklisted(&other.token).await.unwrap(), None);
}

/// MUST answer `Unsure` for a token that is on the blacklist or among the session's revoked tokens, and
/// give the blacklist's reason.
pub async fn a_revoked_token_of_the_session_is_unsure(cache: &Port) {
    let samples = Samples::default();
    let session = sample(&samples);
    let passages = [(); 3].map(|()| samples.passage(&session));
    let revoked = passages[..2].iter().map(|passage| passage.token.id).collect();
    let entry = CachedSession { session: session.clone(), revoked };
    for (place, passage) in passages.iter().enumerate() {
        put(cache, &samples, &entry, start()).await;
        let answer = cache.pass(passage, &samples.lease(), after(1)).await.unwrap();
        if place < 2 {
            assert_eq!(answer, CacheAnswer::Unsure { blacklisted: None });
        } else {
            assert!(matches!(answer, CacheAnswer::Live { .. }), "{answer:?}");
        }
    }
}

/// MUST take one request from the budget when it answers `Live`, and nothing otherwise.
pub async fn a_request_is_charged_when_its_session_is_live(cache: &Port) {
    let samples = Samples::default();
    let session = sample(&samples);
    let passage = charged(samples.passage(&session), per_minute(3));
    let unknown = Passage { token: samples.token_ref(after(900)), ..passage.clone() };
    let listed = Passage { token: samples.passage(&session).token, ..passage.clone() };
    cache.blacklist(&listed.token, "listed", start()).await.unwrap();
    for (remaining, allowed) in [(2, true), (1, true), (0, true), (0, false)] {
        for refused in [&unknown, &listed] {
            assert_eq!(live(cache, refused, &samples.lease(), start()).await, None);
        }
        put(cache, &samples, &entry(&session), start()).await;
        let free = live(cache, &Passage { charge: None, ..passage.clone() }, &samples.lease(), start()).await;
        assert_eq!(free, Some((session.clone(), None)));
        let answer = live(cache, &passage, &samples.lease(), start()).await;
        let (found, decision) = answer.expect("the session is live, whether or not there is budget left");
        let decision = decision.expect("the request was to be charged");
        assert_eq!((found, decision.remaining, decision.allowed), (session.clone(), remaining, allowed));
        assert_eq!((decision.quota, decision.retry_at.is_some()), (per_minute(3), !allowed));
    }
}

/// MUST leave a lease that stands to its holder, for a few seconds at the most: many who ask at the same
/// time would else keep each other from settling for ever.
pub async fn a_lease_that_stands_is_left_to_its_holder(cache: &Port) {
    let samples = Samples::default();
    let session = sample(&samples);
    let (first, second) = (samples.lease(), samples.lease());
    for lease in [&first, &second] {
        assert!(live(cache, &samples.passage(&session), lease, start()).await.is_none());
    }
    cache.settle(&session.id, &second, Some(&entry(&session)), start()).await.unwrap();
    assert!(!knows(cache, &samples, &session, start()).await, "it was not the second's to settle");
    cache.settle(&session.id, &first, Some(&entry(&session)), start()).await.unwrap();
    assert!(knows(cache, &samples, &session, start()).await);
}

/// MUST break any other lease of the session.
pub async fn a_lease_breaks_every_other(cache: &Port) {
    let samples = Samples::default();
    let session = sample(&samples);
    let (asked, taken, latest) = (samples.lease(), samples.lease(), samples.lease());
    assert!(live(cache, &samples.passage(&session), &asked, start()).await.is_none());
    for lease in [&taken, &latest] {
        cache.lease(&session.id, lease).await.unwrap();
    }
    for broken in [&asked, &taken] {
        cache.settle(&session.id, broken, Some(&entry(&session)), start()).await.unwrap();
    }
    cache.settle(&session.id, &latest, None, start()).await.unwrap();
    assert!(!knows(cache, &samples, &session, start()).await, "only the last lease stood");
}

/// MUST put the session in only under an unbroken lease, and otherwise change nothing.
pub async fn only_an_unbroken_lease_settles(cache: &Port) {
    let samples = Samples::default();
    let session = sample(&samples);
    let id = &session.id;
    let stale = entry(&session);
    let settle = async |lease: &Lease, entry| cache.settle(id, lease, entry, start()).await.unwrap();

    settle(&samples.lease(), Some(&stale)).await;
    assert!(!knows(cache, &samples, &session, start()).await, "nobody was given this lease");
    let forgotten = samples.lease();
    cache.lease(id, &forgotten).await.unwrap();
    cache.forget(std::slice::from_ref(id)).await.unwrap();
    settle(&forgotten, Some(&stale)).await;
    assert!(!knows(cache, &samples, &session, start()).await, "the lease was broken by forgetting");

    let mut changed = entry(&session);
    changed.session.refresh = samples.rotated_state();
    let (used, fresh) = (samples.lease(), samples.lease());
    cache.lease(id, &used).await.unwrap();
    settle(&used, Some(&stale)).await;
    cache.lease(id, &fresh).await.unwrap();
    settle(&fresh, Some(&changed)).await;
    for spent in [&used, &fresh] {
        settle(spent, Some(&stale)).await;
        settle(spent, None).await;
        let found = live(cache, &samples.passage(&session), &samples.lease(), start()).await;
        assert_eq!(found, Some((changed.session.clone(), None)), "a lease settles once");
    }
}

/// MUST forget every session it is told and break its lease.
pub async fn every_session_told_is_forgotten_with_its_lease(cache: &Port) {
    let samples = Samples::default();
    let sessions: Vec<_> = (0..50).map(|_| sample(&samples)).collect();
    for session in &sessions {
        put(cache, &samples, &entry(session), start()).await;
    }
    let (kept, told) = sessions.split_at(5);
    let mut ids: Vec<SessionId> = told.iter().map(|session| session.id.clone()).collect();
    ids.push(sample(&samples).id);
    cache.forget(&ids).await.unwrap();
    cache.forget(&[]).await.unwrap();
    for session in kept {
        assert!(knows(cache, &samples, session, start()).await);
    }
    for session in told {
        let lease = samples.lease();
        assert!(live(cache, &samples.passage(session), &lease, start()).await.is_none());
        cache.forget(std::slice::from_ref(&session.id)).await.unwrap();
        cache.settle(&session.id, &lease, Some(&entry(session)), start()).await.unwrap();
        assert!(!knows(cache, &samples, session, start()).await);
    }
}

/// MUST never move a session's times backwards, and put no session in.
pub async fn a_touch_never_moves_a_session_backwards(cache: &Port) {
    let samples = Samples::default();
    let mut session = sample(&samples);
    let untouched = sample(&samples);
    for session in [&session, &untouched] {
        put(cache, &samples, &entry(session), start()).await;
    }
    for (accessed, expires) in [(50, 5000), (40, 4000), (60, 4000), (40, 6000)] {
        let touch = Touch {
            session: session.id.clone(),
            last_accessed: after(accessed) + tick(),
            expires_at: after(expires) + tick(),
        };
        session.apply(&touch);
        cache.touch(&[touch]).await.unwrap();
        let found = live(cache, &samples.passage(&session), &samples.lease(), after(1)).await;
        assert_eq!(found, Some((session.clone(), None)));
    }
    assert!(knows(cache, &samples, &session, after(6000)).await, "it lives on as it was touched");
    assert!(!knows(cache, &samples, &untouched, after(6000)).await);
}

/// MUST never move a session's times backwards, and put no session in.
pub async fn a_touch_puts_no_session_in(cache: &Port) {
    let samples = Samples::default();
    let (unknown, leased) = (sample(&samples), sample(&samples));
    let lease = samples.lease();
    cache.lease(&leased.id, &lease).await.unwrap();
    let touches = [&unknown, &leased].map(|session| session.touched(after(5), &policy()));
    cache.touch(&touches).await.unwrap();
    cache.touch(&[]).await.unwrap();
    assert!(!knows(cache, &samples, &unknown, after(6)).await);
    cache.settle(&leased.id, &lease, Some(&entry(&leased)), after(6)).await.unwrap();
    let found = live(cache, &samples.passage(&leased), &samples.lease(), after(6)).await;
    assert_eq!(found, Some((leased, None)), "the touch has left the lease alone");
}

/// MUST keep a token on the blacklist until its expiry.
pub async fn a_token_stays_on_the_blacklist_until_its_expiry(cache: &Port) {
    let samples = Samples::default();
    let session = sample(&samples);
    let listed = samples.passage(&session);
    cache.blacklist(&listed.token, "first", start()).await.unwrap();
    cache.forget(std::slice::from_ref(&session.id)).await.unwrap();
    for now in [start(), after(600), listed.token.expires_at - tick()] {
        put(cache, &samples, &entry(&session), start()).await;
        let answer = cache.pass(&listed, &samples.lease(), now).await.unwrap();
        assert_eq!(answer, CacheAnswer::Unsure { blacklisted: Some("first".to_owned()) });
    }
    let expired = samples.token_ref(start() - tick());
    cache.blacklist(&expired, "too late to matter", start()).await.unwrap();
}
