//! What a [`archon_domain::ports::Gate`] must do, whatever it remembers between two questions.

use std::sync::Arc;

use archon_domain::ports::Gate;
use archon_domain::{
    ClientNetwork, Instant, LinkRight, OpeningRule, Passage, Passed, Profile, Rotation, Session,
    SessionStanding, TerminationReason, TokenPurpose, User,
};

use crate::rate_limiter::per_minute;
use crate::samples::{Samples, after, amendments, ip, opening_rule, policy, start, tick, travelled};
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
                sessions_that_ended_with_a_link_are_shown_as_ended,
                a_revoked_token_is_said_to_be_revoked,
                a_request_that_may_pass_is_charged_and_no_other,
                the_profile_is_shown_to_those_who_ask_and_may_pass,
                a_change_of_a_profile_is_shown_once_it_has_returned,
            ],
            concurrency [
                no_passage_after_the_end_shows_a_session_live,
                no_passage_after_the_revocation_shows_a_token_good,
                no_passage_after_a_change_shows_the_profile_before_it,
                no_passage_after_an_observation_shows_the_trace_before_it,
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
    let resumed = stored(&gated.stores, &session).await;
    assert_eq!(resumed.refresh.chain_began, after(60), "it was resumed");
    assert_shown_as_stored(gated, &samples, &session, after(61)).await;

    let trace = travelled(&resumed.trace, after(62));
    assert!(gated.stores.sessions.observe(&session.id, &resumed.trace, &trace, after(63)).await.unwrap());
    assert_shown_as_stored(gated, &samples, &session, after(63)).await;
    assert_eq!(shown(gated, &samples, &session, after(63)).await.map(|shown| shown.trace), Some(trace));
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

/// MUST show an ended session as ended once its end has returned.
pub async fn sessions_that_ended_with_a_link_are_shown_as_ended(gated: &Gated) {
    let samples = Samples::default();
    let (user, session) = passed(gated, &samples).await;
    for (right, is_live) in [(LinkRight::LoggedIn, true), (LinkRight::ProvedAddress, false)] {
        assert_shown_as_stored(gated, &samples, &session, start()).await;
        let link = samples.link(user.id, "google", right);
        gated.stores.identities.link(link, after(1)).await.unwrap();
        let shown = pass(gated, &samples.passage(&session), after(1)).await.session;
        assert_eq!(shown.expect("the session is there").is_live(after(1)), is_live);
    }
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

/// The profile that the gate shows to a fresh token of the session.
async fn shown_profile(gated: &Gated, samples: &Samples, session: &Session, now: Instant) -> Option<Profile> {
    let passage = Passage { profile: true, ..samples.passage(session) };
    pass(gated, &passage, now).await.profile.map(|profile| *profile)
}

/// Asks twice, so that a gate that remembers has something to remember; both must show the stored account.
async fn assert_profile_as_stored(
    gated: &Gated,
    samples: &Samples,
    session: &Session,
    now: Instant,
) -> Profile {
    let stored = gated.stores.users.find(session.user).await.unwrap().expect("the account is stored");
    let stored = Profile::from(stored);
    for _ in 0..2 {
        let shown = shown_profile(gated, samples, session, now).await.expect("it was asked for");
        assert_eq!(shown.email.as_typed(), stored.email.as_typed());
        assert_eq!(shown, stored);
    }
    stored
}

/// MUST show the user's profile as it is stored when it is asked for and the request may pass, and none for an
/// ended session, a revoked token or a spent budget.
pub async fn the_profile_is_shown_to_those_who_ask_and_may_pass(gated: &Gated) {
    let samples = Samples::default();
    let (user, session) = passed(gated, &samples).await;
    assert_profile_as_stored(gated, &samples, &session, after(1)).await;
    let asking = Passage { profile: true, ..samples.passage(&session) };
    assert_eq!(pass(gated, &samples.passage(&session), after(1)).await.profile, None, "not asked for");

    let limited = charged(asking.clone(), per_minute(2));
    for is_shown in [true, true, false] {
        assert_eq!(pass(gated, &limited, after(1)).await.profile.is_some(), is_shown);
    }
    let foreign = Passage { user: samples.user_id(), ..asking.clone() };
    assert_eq!(pass(gated, &foreign, after(1)).await.profile, None);
    gated.stores.revocations.revoke(&asking.token, "stolen").await.unwrap();
    assert_eq!(pass(gated, &asking, after(1)).await.profile, None);
    let ended = samples.session(user.id, start());
    open(&gated.stores, &ended, policy().opening, start()).await;
    gated.stores.sessions.end(&ended.id, TerminationReason::Logout, start()).await.unwrap();
    assert_eq!(shown_profile(gated, &samples, &ended, after(1)).await, None);

    gated.stores.users.delete_account(user.id).await.unwrap();
    assert_eq!(shown_profile(gated, &samples, &session, after(1)).await, None);
}

/// MUST show a change of a profile once the change has returned.
pub async fn a_change_of_a_profile_is_shown_once_it_has_returned(gated: &Gated) {
    let samples = Samples::default();
    let (user, session) = passed(gated, &samples).await;
    let (users, credentials) = (&gated.stores.users, &gated.stores.credentials);
    let mut before = assert_profile_as_stored(gated, &samples, &session, after(1)).await;
    let mut assert_changed = async || {
        let changed = assert_profile_as_stored(gated, &samples, &session, after(1)).await;
        assert_ne!(changed, before);
        before = changed;
    };
    for (amendment, second) in amendments().into_iter().zip(2..) {
        users.amend(user.id, amendment, after(second)).await.unwrap();
        assert_changed().await;
    }
    users.record_login(user.id, ClientNetwork::of(ip("192.0.2.1")), after(20)).await.unwrap();
    assert_changed().await;
    let mut change = samples.password_change(&user);
    change.keep_session = Some(session.id.clone());
    credentials.change_password(change, after(21)).await.unwrap();
    assert_changed().await;
    let [verification, reset] = [TokenPurpose::VerifyEmail, TokenPurpose::ResetPassword]
        .map(|purpose| samples.token(user.id, purpose));
    for token in [&verification, &reset] {
        credentials.issue_token(token.clone(), Vec::new()).await.unwrap();
    }
    credentials.verify_email(&verification.digest, after(22)).await.unwrap();
    assert_changed().await;
    let mut change = samples.password_reset(&user, &reset);
    change.keep_session = Some(session.id.clone());
    credentials.change_password(change, after(23)).await.unwrap();
    assert_changed().await;
}
