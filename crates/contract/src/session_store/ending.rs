use archon_domain::{SessionEnding, Span, TerminationReason, Touch};

use super::{open, opened, stored};
use crate::Stores;
use crate::samples::{Samples, after, opening_rule, policy, start, tick, user_agent};

/// MUST list live sessions only, the last used first.
pub async fn list_names_live_sessions_the_last_used_first(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let mut sessions =
        [1, 2, 3, 4, 5].map(|tick| samples.session(user.id, start() + Span::microseconds(tick)));
    sessions[4].expires_at = after(10);
    for session in &sessions {
        open(stores, session, opening_rule(9), after(1)).await;
    }
    open(stores, &samples.session(other.id, start()), opening_rule(9), start()).await;
    stores.sessions.end(&sessions[2].id, TerminationReason::Logout, after(1)).await.unwrap();
    stores.sessions.touch(&[sessions[0].touched(after(5), &policy())]).await.unwrap();

    let list = async |now| {
        let live = stores.sessions.list(user.id, now).await.unwrap();
        live.into_iter().map(|session| session.id).collect::<Vec<_>>()
    };
    let ids = sessions.map(|session| session.id);
    let all = [&ids[0], &ids[4], &ids[3], &ids[1]].map(Clone::clone);
    assert_eq!(list(after(10) - tick()).await, all);
    assert_eq!(list(after(10)).await, [&ids[0], &ids[3], &ids[1]].map(Clone::clone));
    assert_eq!(
        list(after(3600) + Span::microseconds(1)).await,
        [ids[0].clone(), ids[3].clone(), ids[1].clone()]
    );
    assert_eq!(list(after(9999)).await, []);
    assert_eq!(stores.sessions.list(samples.user_id(), start()).await.unwrap(), []);
}

/// MUST know the device of every session of the user that was opened by then, whether live, expired or ended.
pub async fn knows_device_whatever_became_of_its_sessions(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let session_on = |user, name, now| samples.session_on(user, &user_agent(name), now);
    let (live, mut expired) =
        (session_on(user.id, "live", start()), session_on(user.id, "expired", start() + tick()));
    expired.expires_at = start() + tick();
    let (ended, others) = (session_on(user.id, "ended", after(1)), session_on(other.id, "other's", start()));
    for session in [&live, &expired, &ended, &others] {
        open(stores, session, opening_rule(9), after(1)).await;
    }
    stores.sessions.end(&ended.id, TerminationReason::Logout, after(2)).await.unwrap();

    let known = async |name, until| {
        let device = user_agent(name).fingerprint();
        stores.sessions.knows_device(user.id, &device, until).await.unwrap()
    };
    assert!(known("live", start()).await && !known("live", start() - tick()).await);
    assert!(known("expired", start() + tick()).await && !known("expired", start()).await);
    assert!(known("ended", after(9)).await && !known("ended", start()).await);
    assert!(!known("other's", after(9)).await && !known("nobody's", after(9)).await);
}

/// MUST never move `last_accessed` or `expires_at` backwards.
pub async fn touch_never_moves_backwards(stores: &Stores) {
    let samples = Samples::default();
    let (_, mut session) = opened(stores, &samples, start()).await;
    let touch = |accessed, expires| Touch {
        session: session.id.clone(),
        last_accessed: accessed,
        expires_at: expires,
    };
    let (newer, later) = (after(50) + tick(), after(5000) + tick());
    let touches = [
        (touch(newer, later), newer, later),
        (touch(after(40), after(4000)), newer, later),
        (touch(after(60), after(4000)), after(60), later),
        (touch(after(40), after(6000)), after(60), after(6000)),
    ];
    for (touch, last_accessed, expires_at) in touches {
        stores.sessions.touch(&[touch]).await.unwrap();
        (session.last_accessed, session.expires_at) = (last_accessed, expires_at);
        assert_eq!(stored(stores, &session).await, session);
    }
}

/// MUST record every touch of the batch.
pub async fn touch_records_the_whole_batch(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let mut sessions = [1, 2, 3].map(|second| samples.session(user.id, after(second)));
    for session in &sessions {
        open(stores, session, opening_rule(9), after(3)).await;
    }
    let touches = sessions.each_ref().map(|session| session.touched(after(30), &policy()));
    stores.sessions.touch(&touches).await.unwrap();
    for (session, touch) in sessions.iter_mut().zip(&touches) {
        session.apply(touch);
        assert_eq!(stored(stores, session).await, *session);
    }
    stores.sessions.touch(&[]).await.unwrap();
}

/// MUST name every session that was ended since, and no other.
pub async fn ended_since_names_the_sessions_that_were_ended(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let sessions = [1, 2, 3, 4].map(|second| samples.session(user.id, after(second)));
    for session in &sessions {
        open(stores, session, opening_rule(9), after(4)).await;
    }
    let end = async |place: usize, at| {
        stores.sessions.end(&sessions[place].id, TerminationReason::Logout, at).await.unwrap();
    };
    end(0, after(10)).await;
    end(1, after(20)).await;
    let keep = Some(&sessions[3].id);
    let reason = TerminationReason::EndedByUser;
    stores.sessions.end_all_but(user.id, keep, reason, after(30)).await.unwrap();

    let ended_since = async |since| {
        let mut ended = stores.sessions.ended_since(since).await.unwrap();
        ended.sort_by_key(|id| sessions.iter().position(|session| session.id == *id));
        ended
    };
    let ids = sessions.each_ref().map(|session| session.id.clone());
    assert_eq!(ended_since(after(10)).await, ids[..3]);
    assert_eq!(ended_since(after(10) + tick()).await, ids[1..3]);
    assert_eq!(ended_since(after(30)).await, ids[2..3]);
    assert_eq!(ended_since(after(31)).await, []);
}

/// MUST leave ended and unknown sessions as they are.
pub async fn touch_leaves_ended_and_unknown_sessions(stores: &Stores) {
    let samples = Samples::default();
    let (user, session) = opened(stores, &samples, start()).await;
    stores.sessions.end(&session.id, TerminationReason::Logout, after(1)).await.unwrap();
    let ended = stored(stores, &session).await;
    stores.sessions.touch(&[session.touched(after(50), &policy())]).await.unwrap();
    assert_eq!(stored(stores, &session).await, ended);

    let unknown = samples.session(user.id, start());
    stores.sessions.touch(&[unknown.touched(after(50), &policy())]).await.unwrap();
    assert_eq!(stores.sessions.find(&unknown.id).await.unwrap(), None);
}

/// MUST end a live session once, and keep the first reason.
pub async fn end_ends_once_and_keeps_the_first_reason(stores: &Stores) {
    let samples = Samples::default();
    let (user, session) = opened(stores, &samples, start()).await;
    let mut ended = session.clone();
    ended.end(after(1) + tick(), TerminationReason::EndedByAdministrator);
    let end = async |id, reason, now| stores.sessions.end(id, reason, now).await.unwrap();

    let answer = end(&session.id, TerminationReason::EndedByAdministrator, after(1) + tick()).await;
    let answer = answer.expect("the session was live");
    assert_eq!((&answer.id, answer.user, &answer.refresh), (&session.id, user.id, &session.refresh));
    assert_eq!(stored(stores, &session).await, ended);
    assert_eq!(end(&session.id, TerminationReason::Logout, after(2)).await, None);
    assert_eq!(stored(stores, &session).await, ended);

    let expired = samples.session(user.id, start());
    open(stores, &expired, opening_rule(5), start()).await;
    assert_eq!(end(&expired.id, TerminationReason::Logout, expired.expires_at).await, None);
    assert_eq!(stored(stores, &expired).await, expired, "an expired session was not live");
    assert_eq!(end(&samples.session_id(), TerminationReason::Logout, start()).await, None);
}

/// MUST end every live session of the user but the one to keep.
pub async fn end_all_but_ends_every_live_session_but_one(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let mut sessions = [(); 5].map(|()| samples.session(user.id, start()));
    sessions[3].expires_at = after(10);
    for session in &sessions {
        open(stores, session, opening_rule(9), start()).await;
    }
    let strangers = samples.session(other.id, start());
    open(stores, &strangers, opening_rule(9), start()).await;
    stores.sessions.end(&sessions[4].id, TerminationReason::Logout, start()).await.unwrap();
    let end_all_but = async |keep, reason, now| {
        let mut ended = stores.sessions.end_all_but(user.id, keep, reason, now).await.unwrap();
        ended.sort();
        ended
    };

    let by_user = TerminationReason::EndedByUser;
    let mut expected = vec![sessions[0].id.clone(), sessions[2].id.clone()];
    expected.sort();
    assert_eq!(end_all_but(Some(&sessions[1].id), by_user, after(10)).await, expected);
    for index in [0, 2] {
        let ending = stored(stores, &sessions[index]).await.ending;
        assert_eq!(ending, Some(SessionEnding { at: after(10), reason: by_user }));
    }
    for session in [&sessions[1], &sessions[3], &strangers] {
        assert_eq!(stored(stores, session).await, *session);
    }
    assert_eq!(end_all_but(Some(&strangers.id), by_user, after(11)).await, [sessions[1].id.clone()]);
    assert_eq!(end_all_but(None, by_user, after(12)).await, []);
    assert_eq!(stored(stores, &strangers).await, strangers);
}

/// MUST forget sessions whose last token has long expired, and no others.
pub async fn purge_forgets_sessions_that_are_long_over(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let mut sessions = [(); 6].map(|()| samples.session(user.id, start()));
    let [ended, idle, absolute, ended_later, expires_later, live] = &mut sessions;
    idle.expires_at = after(10);
    absolute.absolute_expires_at = after(10);
    expires_later.expires_at = after(20);
    for session in [&*ended, idle, absolute, ended_later, expires_later, live] {
        open(stores, session, opening_rule(9), start()).await;
    }
    stores.sessions.end(&ended.id, TerminationReason::Logout, after(10)).await.unwrap();
    stores.sessions.end(&ended_later.id, TerminationReason::Logout, after(20)).await.unwrap();

    assert_eq!(stores.sessions.purge(after(10)).await.unwrap(), 0, "not before `before`");
    assert_eq!(stores.sessions.purge(after(10) + tick()).await.unwrap(), 3);
    for gone in [ended, idle, absolute] {
        assert_eq!(stores.sessions.find(&gone.id).await.unwrap(), None);
    }
    for stays in [ended_later, expires_later, live] {
        assert_eq!(stored(stores, stays).await.id, stays.id);
    }
    assert_eq!(stores.sessions.purge(after(20) + tick()).await.unwrap(), 2);
    assert_eq!(stores.sessions.list(user.id, after(30)).await.unwrap().len(), 1);
}
