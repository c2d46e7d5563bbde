use std::sync::Arc;

use archon_domain::ports::SessionCache;
use archon_domain::{
    AccountDeletion, Amended, Amendment, LinkRight, Linking, Passage, SessionStanding, StoreError,
    TerminationReason, TokenPurpose,
};

use super::{Fault, Faults, Hold};
use crate::gate::{Gated, pass};
use crate::samples::{Samples, after, policy, start};
use crate::session_store::{open, opened};
use crate::user_repo::{demotion, disablement};

/// A gate and stores that are composed of a fast store and a durable one, with faults beneath.
#[derive(Clone)]
pub struct Composed {
    /// What is composed.
    pub gated: Gated,
    /// The fast store's copies of sessions, as an operator reaches them: without faults.
    pub cache: Arc<dyn SessionCache>,
    /// Makes the fast store lose everything it holds of sessions and revoked tokens.
    pub empty: super::Prelude,
    /// Makes the composition rely on the fast store again after it has failed.
    pub recover: super::Prelude,
    /// Faults of the fast store.
    pub fast: Arc<Faults>,
    /// Faults of the durable store.
    pub durable: Arc<Faults>,
}

/// Asks the gate on a task of its own.
pub(super) fn ask(composed: &Composed, passage: &Passage) -> tokio::task::JoinHandle<archon_domain::Passed> {
    let (gated, passage) = (composed.gated.clone(), passage.clone());
    tokio::spawn(async move { pass(&gated, &passage, after(1)).await })
}

/// Whether the gate shows the session live to a token that is not revoked.
pub(super) async fn lets_pass(composed: &Composed, passage: &Passage) -> bool {
    let passed = pass(&composed.gated, passage, after(2)).await;
    !passed.revoked && passed.session.is_some_and(|session| session.is_live(after(2)))
}

/// MUST show an ended session as ended once its end has returned. Also when it ends between the moment the
/// durable store is read and the moment the fast store is told what was read.
pub async fn a_session_that_ends_while_it_is_read_is_not_put_back(composed: &Composed) {
    let samples = Samples::default();
    let stores = &composed.gated.stores;
    let (_, session) = opened(stores, &samples, start()).await;
    let passage = samples.passage(&session);
    // The session and its revocations are read at the same time: each of the two is held once.
    for held in 0..2 {
        (composed.empty)().await;
        let hold = Hold::default();
        composed.durable.strike_one(held, Fault::Held(hold.clone()));
        let asked = ask(composed, &passage);
        hold.reached().await;
        if held == 1 {
            stores.sessions.end(&session.id, TerminationReason::Logout, after(1)).await.unwrap();
        } else {
            stores.sessions.rotate(samples.rotate(&session, after(1)), after(1)).await.unwrap();
        }
        hold.release();
        asked.await.expect("the question is answered");
        let shown = pass(&composed.gated, &passage, after(2)).await.session.expect("it is there");
        let stored = stores.sessions.find(&session.id).await.unwrap();
        assert_eq!(Some(shown), stored);
    }
    assert!(!lets_pass(composed, &passage).await);
}

/// MUST say of a revoked token that it is revoked once its revocation has returned. Also when it is revoked
/// between the moment the durable store is read and the moment the fast store is told what was read.
pub async fn a_token_revoked_while_its_session_is_read_stays_revoked(composed: &Composed) {
    let samples = Samples::default();
    let (_, session) = opened(&composed.gated.stores, &samples, start()).await;
    for held in 0..2 {
        let passage = samples.passage(&session);
        (composed.empty)().await;
        let hold = Hold::default();
        composed.durable.strike_one(held, Fault::Held(hold.clone()));
        let asked = ask(composed, &passage);
        hold.reached().await;
        composed.gated.stores.revocations.revoke(&passage.token, "stolen").await.unwrap();
        (composed.empty)().await;
        hold.release();
        asked.await.expect("the question is answered");
        assert!(!lets_pass(composed, &passage).await);
    }
}

/// Lets a change of the durable store happen whose writer then dies: nobody is told, least of all the fast
/// store.
pub(super) async fn killed<T: Send + 'static>(
    composed: &Composed,
    change: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) {
    let hold = Hold::default();
    composed.durable.strike_one(0, Fault::Held(hold.clone()));
    let writer = tokio::spawn(change);
    hold.reached().await;
    writer.abort();
    assert!(writer.await.is_err_and(|error| error.is_cancelled()));
}

/// MUST end a live session once, and keep the first reason. When the writer of an end died and it is asked for
/// again, MUST show an ended session as ended once its end has returned.
pub async fn an_end_whose_writer_died_is_seen_when_it_is_repeated(composed: &Composed) {
    let samples = Samples::default();
    let stores = &composed.gated.stores;
    let (_, session) = opened(stores, &samples, start()).await;
    let passage = samples.passage(&session);
    assert!(lets_pass(composed, &passage).await);
    let (sessions, id) = (Arc::clone(&stores.sessions), session.id.clone());
    killed(composed, async move { sessions.end(&id, TerminationReason::Logout, after(1)).await }).await;
    let again = stores.sessions.end(&session.id, TerminationReason::EndedByUser, after(2)).await.unwrap();
    assert_eq!(again, None, "the first had ended it");
    assert!(!lets_pass(composed, &passage).await);
}

/// MUST end every live session of the user but the one to keep. When the writer of the ends died and they are
/// asked for again, MUST show an ended session as ended once its end has returned.
pub async fn ends_whose_writer_died_are_seen_when_they_are_repeated(composed: &Composed) {
    let samples = Samples::default();
    let stores = &composed.gated.stores;
    let (user, kept) = opened(stores, &samples, start()).await;
    let session = samples.session(user.id, start());
    open(stores, &session, policy().opening, start()).await;
    let passage = samples.passage(&session);
    let reason = TerminationReason::EndedByUser;
    assert!(lets_pass(composed, &passage).await);
    let (sessions, keep) = (Arc::clone(&stores.sessions), kept.id.clone());
    killed(composed, async move { sessions.end_all_but(user.id, Some(&keep), reason, after(1)).await }).await;
    let again = stores.sessions.end_all_but(user.id, Some(&kept.id), reason, after(2)).await.unwrap();
    assert_eq!(again, [], "the first had ended them");
    assert!(!lets_pass(composed, &passage).await);
    assert!(lets_pass(composed, &samples.passage(&kept)).await);
}

/// MUST end every session of the user but the one to keep, and name those it ended, also when the answer is lost:
/// nobody can ask again with a token that is spent. So then too, MUST show an ended session as ended once its end
/// has returned, and MUST show a change of a profile once the change has returned.
pub async fn a_reset_whose_answer_was_lost_is_seen_at_once(composed: &Composed) {
    let samples = Samples::default();
    let stores = &composed.gated.stores;
    let (user, session) = opened(stores, &samples, start()).await;
    let kept = samples.session(user.id, start());
    open(stores, &kept, policy().opening, start()).await;
    let token = samples.token(user.id, TokenPurpose::ResetPassword);
    stores.credentials.issue_token(token.clone(), Vec::new()).await.unwrap();
    let shown = async |session| {
        let passage = Passage { profile: true, ..samples.passage(session) };
        pass(&composed.gated, &passage, after(1)).await
    };
    for known in [&session, &kept] {
        assert_eq!(shown(known).await.profile.expect("it was asked for").email_verified_at, None);
    }
    let mut reset = samples.password_reset(&user, &token);
    reset.keep_session = Some(kept.id.clone());
    composed.durable.strike_one(0, Fault::Unanswered);
    assert!(stores.credentials.change_password(reset, after(1)).await.is_err());
    let ended = shown(&session).await.session.expect("it is there");
    assert_eq!(ended.standing(after(1)), SessionStanding::Ended(TerminationReason::PasswordChanged));
    assert!(shown(&kept).await.profile.expect("it was asked for").email_verified_at.is_some());
}

/// MUST show an ended session as ended once its end has returned. Also when it ended with a link whose answer was
/// lost: whoever comes again is known by the identity, and links nothing.
pub async fn a_link_whose_answer_was_lost_is_seen_at_once(composed: &Composed) {
    let samples = Samples::default();
    let stores = &composed.gated.stores;
    let (user, session) = opened(stores, &samples, start()).await;
    let passage = samples.passage(&session);
    assert!(lets_pass(composed, &passage).await);
    let link = samples.link(user.id, "google", LinkRight::ProvedAddress);
    composed.durable.strike_one(0, Fault::Unanswered);
    assert!(stores.identities.link(link, after(1)).await.is_err());
    assert!(!lets_pass(composed, &passage).await);
}

/// MUST show an ended session as ended once its end has returned, and MUST show a change of a profile once the
/// change has returned. Also when the writer of the link that made both died, and it is asked for again.
pub async fn a_link_whose_writer_died_is_seen_when_it_is_repeated(composed: &Composed) {
    let samples = Samples::default();
    let stores = &composed.gated.stores;
    let (user, session) = opened(stores, &samples, start()).await;
    let passage = samples.passage(&session);
    assert!(lets_pass(composed, &passage).await);
    let link = samples.link(user.id, "google", LinkRight::ProvedAddress);
    let (identities, again) = (Arc::clone(&stores.identities), link.clone());
    killed(composed, async move { identities.link(link, after(1)).await }).await;
    let again = stores.identities.link(again, after(2)).await.unwrap();
    assert_eq!(again, Linking::AlreadyLinked(user.id), "the first had linked it");
    assert!(!lets_pass(composed, &passage).await);

    // A session of the reclaimed account shows the verified address.
    let session = samples.session(user.id, start());
    open(stores, &session, policy().opening, start()).await;
    let passage = Passage { profile: true, ..samples.passage(&session) };
    let shown = pass(&composed.gated, &passage, after(2)).await.profile.expect("it was asked for");
    assert_eq!(shown.email_verified_at, Some(after(1)));
}

/// MUST say of a revoked token that it is revoked once its revocation has returned. An operator revokes it by
/// hand, in the fast store alone; MUST keep a revoked token revoked until its expiry.
pub async fn what_an_operator_blacklists_outlives_the_fast_store(composed: &Composed) {
    let samples = Samples::default();
    let (_, session) = opened(&composed.gated.stores, &samples, start()).await;
    let [asked_by_gate, asked_by_name, innocent] = [(); 3].map(|()| samples.passage(&session));
    assert!(lets_pass(composed, &innocent).await);
    for listed in [&asked_by_gate, &asked_by_name] {
        composed.cache.blacklist(&listed.token, "by hand", start()).await.unwrap();
    }
    let revocations = &composed.gated.stores.revocations;
    assert!(pass(&composed.gated, &asked_by_gate, after(1)).await.revoked);
    assert!(revocations.is_revoked(&asked_by_name.token, after(1)).await.unwrap());

    (composed.empty)().await;
    for listed in [&asked_by_gate, &asked_by_name] {
        assert!(pass(&composed.gated, listed, after(2)).await.revoked);
        assert!(revocations.is_revoked(&listed.token, after(2)).await.unwrap());
    }
    assert!(lets_pass(composed, &innocent).await);
}

/// MUST end a live session once, and keep the first reason, whatever the fast store does, and MUST show an
/// ended session as ended once its end has returned.
pub async fn a_fast_store_that_fails_fails_no_change(composed: &Composed) {
    let samples = Samples::default();
    let stores = &composed.gated.stores;
    let (user, _) = opened(stores, &samples, start()).await;
    for fault in [Fault::Refused, Fault::Unanswered, Fault::Silent, Fault::Hanging] {
        composed.fast.heal();
        (composed.recover)().await;
        let session = samples.session(user.id, start());
        stores.sessions.open(session.clone(), policy().opening, start()).await.unwrap();
        let passage = samples.passage(&session);
        assert!(lets_pass(composed, &passage).await);
        composed.fast.strike_all(fault);
        let ended = stores.sessions.end(&session.id, TerminationReason::Logout, after(1)).await.unwrap();
        assert_eq!(ended.expect("it was live").id, session.id);
        stores.revocations.revoke(&passage.token, "logout").await.unwrap();
        let shown = pass(&composed.gated, &passage, after(2)).await;
        let shown = shown.session.expect("the session is there");
        assert_eq!(shown.standing(after(2)), SessionStanding::Ended(TerminationReason::Logout));
    }
}

/// MUST show the user's session as the session store has it, but for touches of the last seconds. The durable
/// store is not asked for what the fast one has: after a log-in, and after one look at a session that has
/// changed.
pub async fn a_session_once_seen_is_not_looked_up_again(composed: &Composed) {
    let samples = Samples::default();
    let stores = &composed.gated.stores;
    let (_, session) = opened(stores, &samples, start()).await;
    let looks = async || {
        let before = composed.durable.calls();
        for _ in 0..10 {
            assert!(lets_pass(composed, &samples.passage(&session)).await);
        }
        composed.durable.calls() - before
    };
    assert_eq!(looks().await, 0, "the log-in has put it in");
    stores.sessions.rotate(samples.rotate(&session, after(1)), after(1)).await.unwrap();
    assert_eq!(looks().await, 2, "the session and its revoked tokens, once");
    stores.sessions.touch(&[session.touched(after(1), &policy())]).await.unwrap();
    assert_eq!(looks().await, 0, "a touch is told to the fast store");
}

/// MUST show a change of a profile once the change has returned. Also when it changes between the moment the
/// durable store is read and the moment the fast store is told what was read.
pub async fn a_profile_that_changes_while_it_is_read_is_not_put_back(composed: &Composed) {
    let samples = Samples::default();
    let stores = &composed.gated.stores;
    let (user, session) = opened(stores, &samples, start()).await;
    let passage = Passage { profile: true, ..samples.passage(&session) };
    let hold = Hold::default();
    composed.durable.strike_one(0, Fault::Held(hold.clone()));
    let asked = ask(composed, &passage);
    hold.reached().await;
    stores.users.amend(user.id, Amendment::Unlock, after(1)).await.unwrap();
    hold.release();
    let read = asked.await.expect("the question is answered").profile.expect("it was asked for");
    assert_eq!(read.updated_at, start(), "it was read before the change");
    let shown = pass(&composed.gated, &passage, after(2)).await.profile.expect("it was asked for");
    assert_eq!(shown.updated_at, after(1));
}

/// MUST show the user's profile as it is stored when it is asked for and the request may pass, and none for an
/// ended session, a revoked token or a spent budget. The durable store is not asked for what the fast one has:
/// after one look at a profile that is new or has changed.
pub async fn a_profile_once_seen_is_not_looked_up_again(composed: &Composed) {
    let samples = Samples::default();
    let stores = &composed.gated.stores;
    let (user, session) = opened(stores, &samples, start()).await;
    let looks = async || {
        let before = composed.durable.calls();
        for _ in 0..10 {
            let passage = Passage { profile: true, ..samples.passage(&session) };
            assert!(pass(&composed.gated, &passage, after(1)).await.profile.is_some());
        }
        composed.durable.calls() - before
    };
    assert_eq!(looks().await, 1, "the account, once");
    assert_eq!(looks().await, 0);
    stores.users.amend(user.id, Amendment::Unlock, after(1)).await.unwrap();
    assert_eq!(looks().await, 1, "the account that has changed, once");
}

/// MUST leave an active administrator, however many of them are disabled, demoted or deleted at the same time. Also
/// when whoever removes one does not learn that it was done, and so may do it again.
pub async fn an_administrator_whose_removal_was_not_answered_is_counted_out(composed: &Composed) {
    let samples = Samples::default();
    let users = &composed.gated.stores.users;
    let last = composed.gated.stores.administrator(&samples, "last@example.com").await;
    for (number, amendment) in [Some(demotion()), Some(disablement()), None].into_iter().enumerate() {
        let address = format!("admin{number}@example.com");
        let other = composed.gated.stores.administrator(&samples, &address).await;
        for fault in [Some(Fault::Refused), Some(Fault::Unanswered), None] {
            if let Some(fault) = &fault {
                composed.durable.strike_one(0, fault.clone());
            }
            let removed = match amendment.clone() {
                Some(amendment) => users.amend(other.id, amendment, after(1)).await.map(drop),
                None => users.delete_account(other.id).await.map(drop),
            };
            assert_eq!(removed.is_err(), fault.is_some());
        }
        let refused = users.amend(last.id, disablement(), after(1)).await.unwrap();
        assert_eq!(refused, Amended::LastAdministrator);
        assert_eq!(users.delete_account(last.id).await.unwrap(), AccountDeletion::LastAdministrator);
    }
}
