use archon_domain::{
    Opening, OpeningRule, RefreshState, Session, SessionEnding, SessionStanding, Span, TerminationReason,
};

use super::{open, stored};
use crate::Stores;
use crate::samples::{Samples, after, ip, opening_rule, start, tick, travelled, user_agent};

/// MUST store the session as it was given.
pub async fn open_stores_the_session_as_given(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let session = samples.session(user.id, start());
    open(stores, &session, opening_rule(5), start()).await;
    assert_eq!(stored(stores, &session).await, session);
    assert_eq!(stores.sessions.list(user.id, start()).await.unwrap(), [session]);
}

/// MUST return every field as it was stored.
pub async fn find_returns_every_field_as_stored(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let mut full = samples.session_on(user.id, &user_agent(&"🦊".repeat(480)), start());
    full.last_accessed = after(1) + tick();
    full.expires_at = after(2000) + tick();
    full.absolute_expires_at = after(3000) + tick();
    full.remembered = true;
    full.refresh = samples.rotated_state();
    full.trace = travelled(&full.trace, after(1));
    let mut bare = samples.session_on(user.id, &archon_domain::UserAgent::default(), start());
    bare.address = ip("192.0.2.255");
    for session in [&mut full, &mut bare] {
        open(stores, session, opening_rule(5), after(1)).await;
        assert_eq!(stored(stores, session).await, *session);
        for reason in [TerminationReason::EndedByUser, TerminationReason::Logout] {
            stores.sessions.end(&session.id, reason, after(5) + tick()).await.unwrap();
        }
        let ending = SessionEnding { at: after(5) + tick(), reason: TerminationReason::EndedByUser };
        session.ending = Some(ending);
        assert_eq!(stored(stores, session).await, *session);
    }
    assert_eq!(stores.sessions.find(&samples.session_id()).await.unwrap(), None);
}

/// MUST end the least recently used live session when the rule says so, and name it.
pub async fn open_ends_the_least_recently_used_session_at_the_limit(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let strangers = samples.session(other.id, start());
    open(stores, &strangers, opening_rule(3), start()).await;
    let sessions = [10, 11, 12].map(|second| samples.session(user.id, after(second)));
    for session in &sessions {
        open(stores, session, opening_rule(3), after(12)).await;
    }
    // The first to be opened is used once more, so the second is the least recently used.
    let touch = sessions[0].touched(after(20), &crate::samples::policy());
    stores.sessions.touch(&[touch]).await.unwrap();

    let next = samples.session(user.id, after(30));
    let opening = stores.sessions.open(next.clone(), opening_rule(3), after(30)).await.unwrap();
    assert_eq!(opening, Opening::Opened { ended: vec![sessions[1].id.clone()] });
    let ended = stored(stores, &sessions[1]).await;
    let reason = TerminationReason::SessionLimit;
    assert_eq!(ended.ending, Some(SessionEnding { at: after(30), reason }));
    let live = stores.sessions.list(user.id, after(30)).await.unwrap();
    let live: Vec<_> = live.into_iter().map(|session| session.id).collect();
    assert_eq!(live, [&next, &sessions[0], &sessions[2]].map(|session| session.id.clone()));
    assert_eq!(stored(stores, &strangers).await, strangers);
}

/// MUST never leave more live sessions than the rule allows, however many open at the same time. Also
/// when the rule has become stricter since they were opened.
pub async fn open_makes_room_when_the_limit_was_lowered(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let sessions = [10, 11, 12, 13].map(|second| samples.session(user.id, after(second)));
    for session in &sessions {
        open(stores, session, opening_rule(4), after(13)).await;
    }
    let next = samples.session(user.id, after(30));
    let opening = stores.sessions.open(next.clone(), opening_rule(2), after(30)).await.unwrap();
    let Opening::Opened { mut ended } = opening else {
        panic!("the session was not opened: {opening:?}");
    };
    ended.sort();
    let mut expected: Vec<_> = sessions[..3].iter().map(|session| session.id.clone()).collect();
    expected.sort();
    assert_eq!(ended, expected);
    assert_eq!(stores.sessions.list(user.id, after(30)).await.unwrap().len(), 2);
}

/// MUST answer `LimitReached` and store nothing when the rule forbids one more live session.
pub async fn open_answers_limit_reached_and_stores_nothing(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let rule = OpeningRule { end_oldest: false, ..opening_rule(2) };
    let sessions = [10, 11].map(|second| samples.session(user.id, after(second)));
    for session in &sessions {
        open(stores, session, rule, after(11)).await;
    }
    let next = samples.session(user.id, after(30));
    let opening = stores.sessions.open(next.clone(), rule, after(30)).await.unwrap();
    assert_eq!(opening, Opening::LimitReached);
    assert_eq!(stores.sessions.find(&next.id).await.unwrap(), None);
    let [first, second] = sessions;
    assert_eq!(stores.sessions.list(user.id, after(30)).await.unwrap(), [second, first]);
}

/// MUST count neither expired nor ended sessions.
pub async fn open_counts_neither_expired_nor_ended_sessions(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let rule = OpeningRule { end_oldest: false, ..opening_rule(1) };
    open(stores, &samples.session(other.id, start()), rule, start()).await;
    let ended = samples.session(user.id, start());
    open(stores, &ended, rule, start()).await;
    stores.sessions.end(&ended.id, TerminationReason::Logout, after(1)).await.unwrap();

    let idle = samples.session(user.id, after(2));
    open(stores, &idle, rule, after(2)).await;
    let mut absolute = samples.session(user.id, idle.expires_at);
    absolute.absolute_expires_at = idle.expires_at + Span::seconds(7);
    open(stores, &absolute, rule, idle.expires_at).await;
    let last_moment = absolute.absolute_expires_at - tick();
    let next = samples.session(user.id, last_moment);
    let opening = stores.sessions.open(next.clone(), rule, last_moment).await.unwrap();
    assert_eq!(opening, Opening::LimitReached, "it has not expired yet");
    open(stores, &next, rule, absolute.absolute_expires_at).await;
    for (session, standing) in [
        (&ended, SessionStanding::Ended(TerminationReason::Logout)),
        (&idle, SessionStanding::Expired),
        (&absolute, SessionStanding::Expired),
    ] {
        let session = stored(stores, session).await;
        assert_eq!(session.standing(absolute.absolute_expires_at), standing, "nothing had to end");
    }
}

/// MUST resume the live session of the same device when the rule asks for one per device.
pub async fn open_resumes_the_session_of_the_same_device(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    // At the limit, so that a store that makes room first ends the session that it should resume.
    let rule = OpeningRule { one_per_device: true, ..opening_rule(1) };
    let first = samples.session(user.id, start());
    open(stores, &first, rule, start()).await;
    let mut login = samples.session(user.id, after(60) + tick());
    login.remembered = true;
    login.address = ip("198.51.100.9");
    // The first has become suspicious, the log-in has nothing to do with that.
    let suspicious = travelled(&first.trace, after(30));
    assert!(stores.sessions.observe(&first.id, &first.trace, &suspicious, after(30)).await.unwrap());

    let expected = Session {
        refresh: RefreshState::first(login.refresh.current, after(60) + tick()),
        last_accessed: login.last_accessed,
        expires_at: login.expires_at,
        remembered: true,
        address: login.address,
        trace: login.trace.clone(),
        ..first.clone()
    };
    let opening = stores.sessions.open(login.clone(), rule, after(60) + tick()).await.unwrap();
    assert_eq!(opening, Opening::Resumed(Box::new(expected.clone())));
    assert_eq!(stores.sessions.find(&login.id).await.unwrap(), None);
    assert_eq!(stores.sessions.list(user.id, after(61)).await.unwrap(), [expected]);
}

/// MUST resume the live session of the same device when the rule asks for one per device. And no other
/// session, and not when the rule does not ask.
pub async fn open_resumes_only_a_live_session_of_the_same_user_and_device(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let rule = OpeningRule { one_per_device: true, ..opening_rule(9) };
    open(stores, &samples.session(other.id, start()), rule, start()).await;
    open(stores, &samples.session_on(user.id, &user_agent("Safari"), start()), rule, start()).await;
    let ended = samples.session(user.id, start());
    open(stores, &ended, rule, start()).await;
    stores.sessions.end(&ended.id, TerminationReason::Logout, after(1)).await.unwrap();
    let expired = samples.session(user.id, after(2));
    open(stores, &expired, rule, after(2)).await;
    let later = expired.expires_at;
    let live = samples.session(user.id, later);
    open(stores, &live, rule, later).await;
    open(stores, &samples.session(user.id, later), opening_rule(9), later).await;
    assert_eq!(stores.sessions.list(user.id, later).await.unwrap().len(), 2);
}
