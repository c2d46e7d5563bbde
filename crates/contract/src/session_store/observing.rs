use archon_domain::{
    Instant, Opening, OpeningRule, Rotation, Session, SessionId, SessionTrace, TerminationReason,
};

use super::{open, opened, stored};
use crate::Stores;
use crate::samples::{Samples, after, ip, moved, opening_rule, policy, start, tick, travelled};

/// What the store answers to whoever has judged a request by one trace, and remembers another after it.
async fn observe(
    stores: &Stores,
    id: &SessionId,
    before: &SessionTrace,
    after: &SessionTrace,
    now: Instant,
) -> bool {
    stores.sessions.observe(id, before, after, now).await.unwrap()
}

/// MUST take the trace over when the session holds the one that it was judged by.
pub async fn observe_takes_the_next_trace_over(stores: &Stores) {
    let samples = Samples::default();
    let (user, mut session) = opened(stores, &samples, start()).await;
    let first = moved(&session.trace, ip("192.0.2.255"), after(1) + tick());
    let second = travelled(&first, after(2));
    let third = moved(&second, ip("2001:db8:ffff::1"), after(3));
    for next in [first, second, third] {
        assert!(observe(stores, &session.id, &session.trace, &next, after(4)).await);
        session.trace = next;
        assert_eq!(stored(stores, &session).await, session);
        assert_eq!(stores.sessions.list(user.id, after(4)).await.unwrap(), [session.clone()]);
    }
}

/// MUST take one of two traces that were judged at the same time, and refuse the other.
pub async fn observe_refuses_a_trace_that_was_judged_by_another(stores: &Stores) {
    let samples = Samples::default();
    let (user, mut session) = opened(stores, &samples, start()).await;
    let began = session.trace.clone();
    let [taken, refused] = ["192.0.2.1", "198.51.100.1"].map(|address| moved(&began, ip(address), after(1)));
    assert!(observe(stores, &session.id, &began, &taken, after(1)).await);
    session.trace = taken.clone();
    for next in [&refused, &taken, &began] {
        assert!(!observe(stores, &session.id, &began, next, after(2)).await);
        assert_eq!(stored(stores, &session).await, session);
    }
    // They may differ by no more than how long the last address was in use.
    let mut later = taken.clone();
    later.used_until(after(1) + tick());
    assert!(!observe(stores, &session.id, &later, &refused, after(2)).await);
    assert!(observe(stores, &session.id, &taken, &later, after(2)).await);
    assert!(!observe(stores, &session.id, &taken, &refused, after(2)).await);

    let unknown = samples.session(user.id, start());
    assert!(!observe(stores, &unknown.id, &unknown.trace, &taken, after(1)).await);
    assert_eq!(stores.sessions.find(&unknown.id).await.unwrap(), None);
}

/// MUST take one of two traces that were judged at the same time, and refuse the other. A log-in that resumes
/// the session begins another one.
pub async fn observe_refuses_a_trace_from_before_a_new_log_in(stores: &Stores) {
    let samples = Samples::default();
    let (user, session) = opened(stores, &samples, start()).await;
    let rule = OpeningRule { one_per_device: true, ..opening_rule(5) };
    let login = samples.session(user.id, after(60));
    let opening = stores.sessions.open(login.clone(), rule, after(60)).await.unwrap();
    assert!(matches!(opening, Opening::Resumed(_)), "{opening:?}");
    let suspicious = travelled(&session.trace, after(59));
    assert!(!observe(stores, &session.id, &session.trace, &suspicious, after(60)).await);
    assert_eq!(stored(stores, &session).await.trace, login.trace);
    let next = moved(&login.trace, ip("192.0.2.1"), after(61));
    assert!(observe(stores, &session.id, &login.trace, &next, after(61)).await);
}

/// MUST leave everything else of the session as it is.
pub async fn observe_changes_nothing_but_the_trace(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let mut session = samples.session(user.id, start());
    session.remembered = true;
    session.refresh = samples.rotated_state();
    session.expires_at = after(900) + tick();
    let other = samples.session(user.id, start());
    for session in [&session, &other] {
        open(stores, session, opening_rule(5), start()).await;
    }
    let next = travelled(&session.trace, after(1));
    assert!(observe(stores, &session.id, &session.trace, &next, after(2)).await);
    session.trace = next;
    assert_eq!(stored(stores, &session).await, session);
    assert_eq!(stored(stores, &other).await, other);

    // Nor does anything else change the trace.
    let touch = session.touched(after(10), &policy());
    session.apply(&touch);
    stores.sessions.touch(&[touch]).await.unwrap();
    assert_eq!(stored(stores, &session).await, session);
    let rotate = samples.rotate(&session, after(20));
    let Rotation::Rotated(rotated) = stores.sessions.rotate(rotate, after(20)).await.unwrap() else {
        panic!("the token was current");
    };
    assert_eq!(rotated.trace, session.trace);
    let ended = stores.sessions.end(&session.id, TerminationReason::Logout, after(30)).await.unwrap();
    assert_eq!(ended.expect("it was live").trace, session.trace);
    assert_eq!(stored(stores, &session).await.trace, session.trace);
}

/// MUST leave ended and expired sessions as they are.
pub async fn observe_leaves_ended_and_expired_sessions(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let [ended, idle, mut absolute] = [(); 3].map(|()| samples.session(user.id, start()));
    absolute.absolute_expires_at = after(10);
    for session in [&ended, &idle, &absolute] {
        open(stores, session, opening_rule(5), start()).await;
    }
    let next = moved(&ended.trace, ip("192.0.2.1"), after(1));
    let refused = async |session: &Session, now| {
        let before = stored(stores, session).await;
        assert!(!observe(stores, &session.id, &before.trace, &next, now).await);
        assert_eq!(stored(stores, session).await, before);
    };
    stores.sessions.end(&ended.id, TerminationReason::Logout, after(1)).await.unwrap();
    refused(&ended, after(1)).await;
    for (session, end) in [(&idle, idle.expires_at), (&absolute, after(10))] {
        refused(session, end).await;
        assert!(observe(stores, &session.id, &session.trace, &next, end - tick()).await);
    }
}
