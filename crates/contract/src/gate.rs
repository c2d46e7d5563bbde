//! What a [`archon_domain::ports::Gate`] must do, whatever it remembers between two questions.

use std::sync::Arc;

use archon_domain::ports::Gate;
use archon_domain::{
    Instant, OpeningRule, Passage, Passed, Rotation, Session, SessionStanding, TerminationReason, User,
};

use crate::rate_limiter::per_minute;
use crate::samples::{Samples, after, opening_rule, policy, start, tick};
use crate::session_cache::charged;
use crate::session_store::{open, opened, stored};
use crate::stores::Stores;

/// A gate, and the stores by which everything is changed that it looks at.
#[derive(Clone)]
pub struct Gated {
    /// The stores, by which every change goes.
    pub stores: Stores,
    /// The gate before them.
    pub gate: Arc<dyn Gate>,
}

/// Runs the suite of `Gate` on the [`Gated`] stores of a fixture.
#[macro_export]
macro_rules! gate {
    ($fixture:ident) => {
        $crate::cases! {
            gate of $crate::Gated: $fixture,
            cases [
                the_session_is_shown_as_the_store_has_it,
                a_session_lives_on_as_it_is_used,
                unknown_deleted_and_foreign_sessions_are_not_shown,
                a_session_that_was_ended_is_shown_as_ended,
                a_session_that_ended_for_another_is_shown_as_ended,
                a_session_that_ended_by_reuse_is_shown_as_ended,
                sessions_that_ended_with_a_password_are_shown_as_ended,
                a_revoked_token_is_said_to_be_revoked,
                a_request_that_may_pass_is_charged_and_no_other,
            ],
            concurrency [
                no_passage_after_the_end_shows_a_session_live,
                no_passage_after_the_revocation_shows_a_token_good,
                passages_at_once_draw_on_one_budget,
            ],
        }
    };
}

/// What the gate says.
pub(crate) async fn pass(gated: &Gated, passage: &Passage, now: Instant) -> Passed {
    gated.gate.pass(passage, now).await.unwrap()
}

/// The session that the gate shows to a fresh token of it.
async fn shown(gated: &Gated, samples: &Samples, session: &Session, now: Instant) -> Option<Session> {
    let passed = pass(gated, &samples.passage(session), now).await;
    assert!(!passed.revoked && passed.decision.is_none());
    passed.session
}

/// Asks twice, so that a gate that remembers has something to remember; both must show the stored session.
async fn assert_shown_as_stored(gated: &Gated, samples: &Samples, session: &Session, now: Instant) {
    let stored = stored(&gated.stores, session).await;
    for _ in 0..2 {
        let shown = shown(gated, samples, session, now).await.expect("the session is there");
        let touched_alike =
            Session { last_accessed: stored.last_accessed, expires_at: stored.expires_at, ..shown };
        assert_eq!(touched_alike, stored);
    }
}

/// A session that the gate has shown, and that it may remember.
async fn passed(gated: &Gated, samples: &Samples) -> (User, Session) {
    let (user, session) = opened(&gated.stores, samples, start()).await;
    assert_shown_as_stored(gated, samples, &session, start()).await;
    (user, session)
}

async fn assert_ended(gated: &Gated, samples: &Samples, session: &Session, reason: TerminationReason) {
    for second in [100, 101] {
        let shown = shown(gated, samples, session, after(second)).await.expect("the session is there");
        assert_eq!(shown.standing(after(second)), SessionStanding::Ended(reason));
    }
}

/// MUST show the user's session as the session store has it, but for touches of the last seconds.
pub async fn the_session_is_shown_as_the_store_has_it(gated: &Gated) {
    let samples = Samples::default();
    let (user, session) = passed(gated, &samples).await;
    let rotated = gated.stores.sessions.rotate(samples.rotate(&session, after(10)), after(10)).await.unwrap();
    assert!(matches!(rotated, Rotation::Rotated(_)), "{rotated:?}");
    assert_shown_as_stored(gated, &samples, &session, after(11)).await;

    let rule = OpeningRule { one_per_device: true, ..opening_rule(5) };
    let login = samples.session(user.id, after(60));
    gated.stores.sessions.open(login, rule, after(60)).await.unwrap();
    assert_eq!(stored(&gated.stores, &session).await.refresh.chain_began, after(60), "it was resumed");
    assert_shown_as_stored(gated, &samples, &session, after(61)).await;
}

/// MUST show the user's session as the session store has it, but for touches of the last seconds. What
/// expires is shown as expired, and what was used in time is not.
pub async fn a_session_lives_on_as_it_is_used(gated: &Gated) {
    let samples = Samples::default();
    let (_, mut session) = passed(gated, &samples).await;
    let touch = session.touched(session.expires_at - tick(), &policy());
    let before = session.expires_at;
    session.apply(&touch);
    gated.stores.sessions.touch(&[touch]).await.unwrap();
    for (now, standing) in [
        (before, SessionStanding::Live),
        (session.expires_at - tick(), SessionStanding::Live),
        (session.expires_at, SessionStanding::Expired),
    ] {
        let shown = shown(gated, &samples, &session, now).await.expect("the session is there");
        assert_eq!((shown.standing(now), &shown), (standing, &session));
    }
}

/// MUST show no session that is unknown, deleted or another user's.
pub async fn unknown_deleted_and_foreign_sessions_are_not_shown(gated: &Gated) {
    let samples = Samples::default();
    let (user, session) = passed(gated, &samples).await;
    let unknown = samples.session(user.id, start());
    assert_eq!(shown(gated, &samples, &unknown, after(1)).await, None);
    let foreign = Passage { user: samples.user_id(), ..samples.passage(&session) };
    assert_eq!(pass(gated, &foreign, after(1)).await.session, None);

    assert_shown_as_stored(gated, &samples, &session, after(2)).await;
    gated.stores.users.delete_account(user.id).await.unwrap();
    assert_eq!(shown(gated, &samples, &session, after(3)).await, None);
}

/// MUST show an ended session as ended once its end has returned.
pub async fn a_session_that_was_ended_is_shown_as_ended(gated: &Gated) {
    let samples = Samples::default();
    let (user, session) = passed(gated, &samples).await;
    let others = [(); 2].map(|()| samples.session(user.id, after(1)));
    for other in &others {
        open(&gated.stores, other, policy().opening, after(1)).await;
        assert_shown_as_stored(gated, &samples, other, after(1)).await;
    }
    let logout = TerminationReason::Logout;
    assert!(gated.stores.sessions.end(&session.id, logout, after(2)).await.unwrap().is_some());
    assert_ended(gated, &samples, &session, logout).await;

    let by_user = TerminationReason::EndedByUser;
    let (kept, ended) = (&others[0], &others[1]);
    gated.stores.sessions.end_all_but(user.id, Some(&kept.id), by_user, after(3)).await.unwrap();
    assert_ended(gated, &samples, ended, by_user).await;
    assert_shown_as_stored(gated, &samples, kept, after(4)).await;
}

/// MUST show an ended session as ended once its end has returned.
pub async fn a_session_that_ended_for_another_is_shown_as_ended(gated: &Gated) {
    let samples = Samples::default();
    let (user, session) = passed(gated, &samples).await;
    let next = samples.session(user.id, after(1));
    gated.stores.sessions.open(next.clone(), opening_rule(1), after(1)).await.unwrap();
    assert_ended(gated, &samples, &session, TerminationReason::SessionLimit).await;
    assert_shown_as_stored(gated, &samples, &next, after(2)).await;
}

/// MUST show an ended session as ended once its end has returned.
pub async fn a_session_that_ended_by_reuse_is_shown_as_ended(gated: &Gated) {
    let samples = Samples::default();
    let (_, session) = passed(gated, &samples).await;
    let rotate = async |seconds| {
        let rotate = samples.rotate(&session, after(seconds));
        gated.stores.sessions.rotate(rotate, after(seconds)).await.unwrap()
    };
    assert!(matches!(rotate(1).await, Rotation::Rotated(_)));
    assert_shown_as_stored(gated, &samples, &session, after(2)).await;
    assert!(matches!(rotate(60).await, Rotation::Reused(_)));
    assert_ended(gated, &samples, &session, TerminationReason::TokenReuse).await;
}

/// MUST show an ended session as ended once its end has returned.
pub async fn sessions_that_ended_with_a_password_are_shown_as_ended(gated: &Gated) {
    let samples = Samples::default();
    let (user, kept) = passed(gated, &samples).await;
    let ended = samples.session(user.id, start());
    open(&gated.stores, &ended, policy().opening, start()).await;
    assert_shown_as_stored(gated, &samples, &ended, start()).await;
    let mut change = samples.password_change(&user);
    change.keep_session = Some(kept.id.clone());
    gated.stores.credentials.change_password(change, after(1)).await.unwrap();
    assert_ended(gated, &samples, &ended, TerminationReason::PasswordChanged).await;
    assert_shown_as_stored(gated, &samples, &kept, after(2)).await;
}

/// MUST say of a revoked token that it is revoked once its revocation has returned.
pub async fn a_revoked_token_is_said_to_be_revoked(gated: &Gated) {
    let samples = Samples::default();
    let (_, session) = passed(gated, &samples).await;
    let passages = [(); 2].map(|()| samples.passage(&session));
    for passage in &passages {
        assert!(!pass(gated, passage, start()).await.revoked);
    }
    gated.stores.revocations.revoke(&passages[0].token, "stolen").await.unwrap();
    for second in [1, 2, 3] {
        assert!(pass(gated, &passages[0], after(second)).await.revoked);
        let other = pass(gated, &passages[1], after(second)).await;
        assert_eq!((other.revoked, other.session.as_ref()), (false, Some(&session)));
    }
}

/// MUST take one request from the budget when the session is live and the token is not revoked, and nothing
/// otherwise.
pub async fn a_request_that_may_pass_is_charged_and_no_other(gated: &Gated) {
    let samples = Samples::default();
    let (user, session) = passed(gated, &samples).await;
    let ended = samples.session(user.id, start());
    open(&gated.stores, &ended, policy().opening, start()).await;
    gated.stores.sessions.end(&ended.id, TerminationReason::Logout, start()).await.unwrap();
    let charged = |session| charged(samples.passage(session), per_minute(4));
    let unknown = samples.session(user.id, start());
    let revoked = charged(&session);
    gated.stores.revocations.revoke(&revoked.token, "stolen").await.unwrap();

    for (remaining, allowed) in [(3, true), (2, true), (1, true), (0, true), (0, false)] {
        for refused in [charged(&ended), charged(&unknown), revoked.clone()] {
            assert_eq!(pass(gated, &refused, after(1)).await.decision, None);
        }
        let passed = pass(gated, &charged(&session), after(1)).await;
        let decision = passed.decision.expect("the session is live");
        assert_eq!((decision.remaining, decision.allowed), (remaining, allowed));
        if remaining == 2 {
            // Whatever the gate remembered of the session is out of date; the budget is the same.
            let rotate = samples.rotate(&session, after(1));
            gated.stores.sessions.rotate(rotate, after(1)).await.unwrap();
        }
    }
}
