//! What a [`archon_domain::ports::Credentials`] must do.

use archon_domain::{
    Instant, PasswordChange, PasswordChangeOutcome, PasswordHash, PasswordRight, SessionStanding,
    TerminationReason, TokenPurpose, User,
};

use crate::Stores;
use crate::samples::{Samples, after, opening_rule, start};
use crate::stores::{assert_same_mail, assert_same_user};

mod resets;
mod tokens;

pub use resets::*;
pub use tokens::*;

/// Runs the suite of `Credentials` on the [`Stores`] of a fixture.
#[macro_export]
macro_rules! credentials {
    ($fixture:ident) => {
        $crate::cases! {
            credentials of $crate::Stores: $fixture,
            cases [
                a_stronger_hash_replaces_only_the_hash_it_was_made_from,
                the_history_starts_with_the_present_password,
                the_history_is_as_deep_as_asked,
                a_change_names_the_password_it_replaces,
                a_first_password_replaces_none,
                a_change_ends_every_session_but_the_one_to_keep,
                a_change_voids_reset_tokens,
                a_change_queues_its_mails,
                a_change_that_fails_queues_and_changes_nothing,
                a_reset_token_is_right_enough_before_its_expiry,
                a_reset_asks_for_no_password,
                a_reset_verifies_an_address_that_was_not,
                a_reset_of_an_address_never_verified_removes_every_identity,
                a_change_lifts_the_lock_where_it_says_so,
                a_reset_voids_the_other_reset_tokens,
                a_reset_that_fails_spends_and_changes_nothing,
                a_token_names_its_user_while_it_can_be_spent,
                a_token_is_stored_with_its_mails,
                a_token_that_fails_leaves_no_mails,
                a_token_of_an_account_that_is_gone_is_refused,
                verification_marks_the_address_and_spends_the_token,
                an_address_that_is_verified_keeps_its_instant,
                a_token_is_accepted_once,
                expired_tokens_and_those_of_another_purpose_are_refused,
                verification_voids_other_verification_tokens,
                expired_tokens_are_forgotten_and_no_others,
            ],
            concurrency [
                one_of_many_changes_of_a_password_wins,
                one_of_many_resets_by_a_token_wins,
                one_of_resets_and_changes_at_the_same_time_wins,
                a_reset_names_the_sessions_that_were_open_before_it,
                a_token_is_accepted_by_one_of_many,
            ],
        }
    };
}

async fn change(stores: &Stores, change: PasswordChange, now: Instant) -> PasswordChangeOutcome {
    stores.credentials.change_password(change, now).await.unwrap()
}

fn changed() -> PasswordChangeOutcome {
    PasswordChangeOutcome::Changed(Vec::new())
}

/// MUST replace the hash only where it still is `from`, in the history as well.
pub async fn a_stronger_hash_replaces_only_the_hash_it_was_made_from(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let (old, stronger) = (user.password.clone().unwrap(), samples.hash());
    let upgrade = async |id, from: &PasswordHash, to: &PasswordHash| {
        stores.credentials.upgrade_hash(id, from, to).await.unwrap()
    };

    assert!(!upgrade(user.id, &samples.hash(), &stronger).await);
    assert!(!upgrade(samples.user_id(), &old, &stronger).await);
    assert!(!upgrade(other.id, &old, &stronger).await);
    assert_same_user(&stores.user(&user).await, &user);

    assert!(upgrade(user.id, &old, &stronger).await);
    assert_eq!(stores.user(&user).await.password, Some(stronger.clone()));
    assert_eq!(
        stores.credentials.password_history(user.id, 9).await.unwrap(),
        std::slice::from_ref(&stronger)
    );
    assert!(!upgrade(user.id, &old, &samples.hash()).await, "it is replaced already");

    let user = stores.user(&user).await;
    assert_eq!(change(stores, samples.password_change(&user), after(1)).await, changed());
    assert!(!upgrade(user.id, &stronger, &samples.hash()).await, "it is an older password now");
    assert_same_user(&stores.user(&other).await, &other);
}

/// MUST list the present password first and older ones after it, newest first.
pub async fn the_history_starts_with_the_present_password(stores: &Stores) {
    let samples = Samples::default();
    let mut user = stores.open(&samples, "ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let mut newest_first = vec![user.password.clone().unwrap()];
    for _ in 0..4 {
        // All at one instant: the order is that of the changes.
        assert_eq!(change(stores, samples.password_change(&user), after(1)).await, changed());
        user = stores.user(&user).await;
        newest_first.insert(0, user.password.clone().unwrap());
        let history = stores.credentials.password_history(user.id, 9).await.unwrap();
        assert_eq!(expose(&history), expose(&newest_first));
    }
    let others = stores.credentials.password_history(other.id, 9).await.unwrap();
    assert_eq!(others, [other.password.unwrap()]);
}

fn expose(hashes: &[PasswordHash]) -> Vec<&str> {
    hashes.iter().map(PasswordHash::expose).collect()
}

/// MUST list the present password first and older ones after it, newest first. At most as many as asked
/// for, and as many as the last change said to remember.
pub async fn the_history_is_as_deep_as_asked(stores: &Stores) {
    let samples = Samples::default();
    let mut user = stores.open(&samples, "ada@example.com").await;
    let mut newest_first = vec![user.password.clone().unwrap()];
    for _ in 0..5 {
        let mut next = samples.password_change(&user);
        next.history_depth = 3;
        assert_eq!(change(stores, next, after(1)).await, changed());
        user = stores.user(&user).await;
        newest_first.insert(0, user.password.clone().unwrap());
    }
    for (asked, got) in [(0, 0), (1, 1), (2, 2), (3, 3), (9, 3)] {
        let history = stores.credentials.password_history(user.id, asked).await.unwrap();
        assert_eq!(expose(&history), expose(&newest_first[..got]), "asked for {asked}");
    }
}

/// MUST change the password only where it still is the one that `Replaces` names.
pub async fn a_change_names_the_password_it_replaces(stores: &Stores) {
    let samples = Samples::default();
    let mut account = samples.account("ada@example.com");
    account.user.password = Some(samples.hash());
    let user = stores.opened(account).await;
    let other = stores.open(&samples, "other@example.com").await;
    let session = samples.session(user.id, start());
    stores.sessions.open(session.clone(), opening_rule(5), start()).await.unwrap();

    let mut wrong = samples.password_change(&user);
    wrong.right = PasswordRight::Replaces(Some(samples.hash()));
    wrong.mails = vec![samples.mail(&user, start())];
    let mut none = samples.password_change(&user);
    none.right = PasswordRight::Replaces(None);
    let mut unknown = samples.password_change(&user);
    unknown.user = samples.user_id();
    for refused in [wrong, none, unknown] {
        assert_eq!(change(stores, refused, after(1)).await, PasswordChangeOutcome::Superseded);
    }
    assert_same_user(&stores.user(&user).await, &user);
    assert_eq!(stores.credentials.password_history(user.id, 9).await.unwrap().len(), 1);
    assert_eq!(stores.pending().await, 0);
    assert_eq!(stores.sessions.find(&session.id).await.unwrap(), Some(session.clone()));

    let right = samples.password_change(&user);
    let expected = User { password: Some(right.hash.clone()), updated_at: after(2), ..user.clone() };
    assert_eq!(change(stores, right, after(2)).await, PasswordChangeOutcome::Changed(vec![session.id]));
    assert_same_user(&stores.user(&user).await, &expected);
    assert_same_user(&stores.user(&other).await, &other);
}

/// MUST change the password only where it still is the one that `Replaces` names. No password is one
/// that can be named.
pub async fn a_first_password_replaces_none(stores: &Stores) {
    let samples = Samples::default();
    let mut account = samples.account("ada@example.com");
    account.user.password = None;
    let user = stores.opened(account).await;
    let mut wrong = samples.password_change(&user);
    wrong.right = PasswordRight::Replaces(Some(samples.hash()));
    assert_eq!(change(stores, wrong, after(1)).await, PasswordChangeOutcome::Superseded);
    let right = samples.password_change(&user);
    let hash = right.hash.clone();
    assert_eq!(change(stores, right, after(1)).await, changed());
    assert_eq!(stores.user(&user).await.password, Some(hash.clone()));
    assert_eq!(stores.credentials.password_history(user.id, 9).await.unwrap(), [hash]);
}

/// MUST end every session of the user but the one to keep, and name those it ended.
pub async fn a_change_ends_every_session_but_the_one_to_keep(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let mut ids = Vec::new();
    for owner in [&user, &user, &user, &user, &other] {
        let session = samples.session(owner.id, start());
        ids.push(session.id.clone());
        stores.sessions.open(session, opening_rule(9), start()).await.unwrap();
    }
    stores.sessions.end(&ids[3], TerminationReason::Logout, start()).await.unwrap();

    let mut next = samples.password_change(&user);
    next.keep_session = Some(ids[1].clone());
    let PasswordChangeOutcome::Changed(mut ended) = change(stores, next, after(1)).await else {
        panic!("the change was not superseded");
    };
    ended.sort();
    let mut expected = vec![ids[0].clone(), ids[2].clone()];
    expected.sort();
    assert_eq!(ended, expected);
    let by_change = SessionStanding::Ended(TerminationReason::PasswordChanged);
    let by_log_out = SessionStanding::Ended(TerminationReason::Logout);
    let live = SessionStanding::Live;
    for (id, standing) in ids.iter().zip([by_change, live, by_change, by_log_out, live]) {
        let session = stores.sessions.find(id).await.unwrap().unwrap();
        assert_eq!(session.standing(after(1)), standing);
    }
}

/// MUST void every reset token of the user. Void tokens are not kept: nothing is left to purge.
pub async fn a_change_voids_reset_tokens(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let verification = samples.token(user.id, TokenPurpose::VerifyEmail);
    let reset = TokenPurpose::ResetPassword;
    for token in [
        samples.token(user.id, reset),
        samples.token(user.id, reset),
        verification.clone(),
        samples.token(other.id, reset),
    ] {
        stores.credentials.issue_token(token, Vec::new()).await.unwrap();
    }
    assert_eq!(change(stores, samples.password_change(&user), after(1)).await, changed());
    let verified = stores.credentials.verify_email(&verification.digest, after(1)).await.unwrap();
    assert!(verified.is_some(), "tokens of another purpose stay");
    assert_eq!(
        stores.credentials.purge_tokens(after(9999)).await.unwrap(),
        1,
        "of all tokens only the other account's is left"
    );
}

/// MUST queue the mails together with the change or not at all.
pub async fn a_change_queues_its_mails(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let mut next = samples.password_change(&user);
    let mail = samples.mail(&user, after(1));
    next.mails = vec![mail.clone()];
    assert_eq!(change(stores, next, after(1)).await, changed());
    let claimed = stores.claim_all(after(1)).await;
    assert_eq!(claimed.len(), 1);
    assert_same_mail(&claimed[0].mail, &mail.mail);
}

/// MUST queue the mails together with the change or not at all.
pub async fn a_change_that_fails_queues_and_changes_nothing(stores: &Stores) {
    let samples = Samples::default();
    let mut account = samples.account("ada@example.com");
    let queued = samples.mail(&account.user, start());
    account.mails = vec![queued.clone()];
    let user = stores.opened(account).await;
    let session = samples.session(user.id, start());
    stores.sessions.open(session.clone(), opening_rule(5), start()).await.unwrap();

    let mut next = samples.password_change(&user);
    next.mails = vec![samples.mail(&user, after(1)), queued];
    let refused = stores.credentials.change_password(next, after(1)).await;
    assert!(refused.is_err(), "no two mails can have one id");
    assert_same_user(&stores.user(&user).await, &user);
    assert_eq!(stores.credentials.password_history(user.id, 9).await.unwrap().len(), 1);
    assert_eq!(stores.pending().await, 1);
    assert_eq!(stores.sessions.find(&session.id).await.unwrap(), Some(session));
}
