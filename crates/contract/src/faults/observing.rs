//! What the gate shows of a session's trace when something goes wrong.

use std::sync::Arc;

use archon_domain::{Session, SessionTrace};

use super::composed::{ask, killed, lets_pass};
use super::{Composed, Fault, Hold};
use crate::gate::pass;
use crate::samples::{Samples, after, ip, moved, policy, start};
use crate::session_store::opened;

/// What a request from another network leaves behind.
fn next(session: &Session) -> SessionTrace {
    moved(&session.trace, ip("192.0.2.1"), after(1))
}

/// The trace that the gate shows to a fresh token of the session.
async fn shown(composed: &Composed, samples: &Samples, session: &Session) -> SessionTrace {
    let passed = pass(&composed.gated, &samples.passage(session), after(2)).await;
    passed.session.expect("the session is there").trace
}

/// MUST show the user's session as the session store has it, but for touches of the last seconds. Also when its
/// trace is taken over between the moment the durable store is read and the moment the fast store is told what
/// was read.
pub async fn a_trace_that_is_taken_over_while_it_is_read_is_shown(composed: &Composed) {
    let samples = Samples::default();
    let stores = &composed.gated.stores;
    let (_, session) = opened(stores, &samples, start()).await;
    (composed.empty)().await;
    let hold = Hold::default();
    composed.durable.strike_one(0, Fault::Held(hold.clone()));
    let asked = ask(composed, &samples.passage(&session));
    hold.reached().await;
    let next = next(&session);
    assert!(stores.sessions.observe(&session.id, &session.trace, &next, after(1)).await.unwrap());
    hold.release();
    asked.await.expect("the question is answered");
    assert_eq!(shown(composed, &samples, &session).await, next);
}

/// MUST show the user's session as the session store has it, but for touches of the last seconds. Also when it is
/// looked up while the fast store is told to forget it.
pub async fn a_trace_that_is_read_while_the_fast_store_forgets_is_the_next_one(composed: &Composed) {
    let samples = Samples::default();
    let stores = &composed.gated.stores;
    let (_, session) = opened(stores, &samples, start()).await;
    assert!(lets_pass(composed, &samples.passage(&session)).await);
    let next = next(&session);
    let hold = Hold::default();
    composed.fast.strike_one(0, Fault::Held(hold.clone()));
    let (sessions, before, after_it) = (Arc::clone(&stores.sessions), session.clone(), next.clone());
    let observing = tokio::spawn(async move {
        sessions.observe(&before.id, &before.trace, &after_it, after(1)).await.unwrap()
    });
    hold.reached().await;
    assert!(lets_pass(composed, &samples.passage(&session)).await);
    hold.release();
    assert!(observing.await.expect("the trace is taken over"));
    assert_eq!(shown(composed, &samples, &session).await, next);
}

/// MUST show the user's session as the session store has it, but for touches of the last seconds. Also when the
/// answer of whoever took a trace over was lost, or when they died and somebody else judges by the trace before.
pub async fn a_trace_that_was_taken_over_untold_is_shown_to_who_asks_again(composed: &Composed) {
    let samples = Samples::default();
    let stores = &composed.gated.stores;
    let (_, session) = opened(stores, &samples, start()).await;
    assert!(lets_pass(composed, &samples.passage(&session)).await);
    let next = next(&session);
    composed.durable.strike_one(0, Fault::Unanswered);
    assert!(stores.sessions.observe(&session.id, &session.trace, &next, after(1)).await.is_err());
    assert_eq!(shown(composed, &samples, &session).await, next);

    let last = moved(&next, ip("198.51.100.1"), after(2));
    let (sessions, id) = (Arc::clone(&stores.sessions), session.id.clone());
    let (before, after_it) = (next.clone(), last.clone());
    killed(composed, async move { sessions.observe(&id, &before, &after_it, after(2)).await }).await;
    let again = stores.sessions.observe(&session.id, &next, &last, after(2)).await.unwrap();
    assert!(!again, "the first had taken it over");
    assert_eq!(shown(composed, &samples, &session).await, last);
}

/// MUST take the trace over when the session holds the one that it was judged by, whatever the fast store does,
/// and MUST show the user's session as the session store has it, but for touches of the last seconds. Also when
/// the fast store is back.
pub async fn a_fast_store_that_fails_fails_no_observation(composed: &Composed) {
    let samples = Samples::default();
    let stores = &composed.gated.stores;
    let (user, _) = opened(stores, &samples, start()).await;
    for fault in [Fault::Refused, Fault::Unanswered, Fault::Silent, Fault::Hanging] {
        let session = samples.session(user.id, start());
        stores.sessions.open(session.clone(), policy().opening, start()).await.unwrap();
        assert!(lets_pass(composed, &samples.passage(&session)).await);
        let next = next(&session);
        composed.fast.strike_all(fault);
        assert!(stores.sessions.observe(&session.id, &session.trace, &next, after(1)).await.unwrap());
        assert_eq!(shown(composed, &samples, &session).await, next);
        composed.fast.heal();
        (composed.recover)().await;
        assert_eq!(shown(composed, &samples, &session).await, next);
    }
}
