//! Races for passwords and one-time tokens.

use std::collections::BTreeSet;
use std::sync::Arc;

use archon_domain::{
    Opening, PasswordChange, PasswordChangeOutcome, PasswordHash, PasswordRight, SessionId, SessionStanding,
    TerminationReason, TokenPurpose, User,
};

use super::{TASKS, many, race};
use crate::Stores;
use crate::samples::{Samples, after, opening_rule, start};

/// Makes the changes at the same time, each with a mail; the right and the hash of the one that wins.
///
/// Nothing of the others may be left behind.
async fn winner(
    stores: &Stores,
    samples: &Samples,
    user: &User,
    changes: Vec<PasswordChange>,
) -> (PasswordRight, PasswordHash) {
    let racers = changes.into_iter().map(|change| {
        let mails = vec![samples.mail(user, start())];
        PasswordChange { mails, ..change }
    });
    let outcomes = race(racers.collect(), |change| {
        let credentials = Arc::clone(&stores.credentials);
        let (right, hash) = (change.right.clone(), change.hash.clone());
        async move { ((right, hash), credentials.change_password(change, after(1)).await.unwrap()) }
    })
    .await;
    let is_change = |outcome: &PasswordChangeOutcome| matches!(outcome, PasswordChangeOutcome::Changed(_));
    let mut winners =
        outcomes.into_iter().filter(|(_, outcome)| is_change(outcome)).map(|(change, _)| change);
    let winner = winners.next().expect("one wins");
    assert_eq!(winners.next(), None, "only one wins");
    let stored = stores.user(user).await;
    assert_eq!(stored.password.as_ref(), Some(&winner.1));
    let by_token = matches!(winner.0, PasswordRight::ResetToken(_));
    assert_eq!(stored.email_verified_at.is_some(), by_token, "the address of the winner's right");
    let history = stores.credentials.password_history(user.id, 999).await.unwrap();
    assert_eq!(history, [Some(winner.1.clone()), user.password.clone()].map(|hash| hash.expect("it is set")));
    assert_eq!(stores.pending().await, 1);
    winner
}

/// MUST let exactly one of many concurrent changes of one password win, and one by the same token.
pub async fn one_of_many_changes_of_a_password_wins(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let changes = many(|| samples.password_change(&user));
    winner(stores, &samples, &user, changes).await;
}

/// MUST let exactly one of many concurrent changes of one password win, and one by the same token.
pub async fn one_of_many_resets_by_a_token_wins(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let token = samples.token(user.id, TokenPurpose::ResetPassword);
    stores.credentials.issue_token(token.clone(), Vec::new()).await.unwrap();
    let changes = many(|| samples.password_reset(&user, &token));
    winner(stores, &samples, &user, changes).await;
}

/// MUST let exactly one of many concurrent changes of one password win, and one by the same token. A change
/// voids the tokens and a reset replaces the password, so that one of both kinds together wins, by whichever of
/// the tokens.
pub async fn one_of_resets_and_changes_at_the_same_time_wins(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let tokens = [(); 2].map(|()| samples.token(user.id, TokenPurpose::ResetPassword));
    for token in &tokens {
        stores.credentials.issue_token(token.clone(), Vec::new()).await.unwrap();
    }
    let mut turn = 0;
    let changes = many(|| {
        turn += 1;
        match turn % 4 {
            0 => samples.password_reset(&user, &tokens[0]),
            1 => samples.password_reset(&user, &tokens[1]),
            _ => samples.password_change(&user),
        }
    });
    winner(stores, &samples, &user, changes).await;
    for token in &tokens {
        let owner = stores.credentials.token_owner(&token.digest, token.purpose, after(1)).await.unwrap();
        assert_eq!(owner, None, "whoever won, the tokens are void");
    }
}

/// MUST end every session of the user but the one to keep, and name those it ended. Of sessions that open at the
/// same time, those that were there before the change, and no others.
pub async fn a_reset_names_the_sessions_that_were_open_before_it(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let token = samples.token(user.id, TokenPurpose::ResetPassword);
    stores.credentials.issue_token(token.clone(), Vec::new()).await.unwrap();
    let mut racers: Vec<_> = many(|| Ok(samples.session(user.id, start())));
    racers[TASKS / 2] = Err(samples.password_reset(&user, &token));
    let opened: Vec<SessionId> = racers.iter().flatten().map(|session| session.id.clone()).collect();
    let named = race(racers, |racer| {
        let stores = stores.clone();
        async move {
            match racer {
                Ok(session) => {
                    let opening = stores.sessions.open(session, opening_rule(999), start()).await.unwrap();
                    assert_eq!(opening, Opening::Opened { ended: Vec::new() });
                    None
                }
                Err(reset) => Some(stores.credentials.change_password(reset, after(1)).await.unwrap()),
            }
        }
    })
    .await;
    let Some(PasswordChangeOutcome::Changed(named)) = named.into_iter().flatten().next() else {
        panic!("nobody else changes the password");
    };
    let named: BTreeSet<_> = named.into_iter().collect();
    for id in &opened {
        let session = stores.sessions.find(id).await.unwrap().expect("it was opened");
        let by_reset = SessionStanding::Ended(TerminationReason::PasswordChanged);
        let expected = if named.contains(id) { by_reset } else { SessionStanding::Live };
        assert_eq!(session.standing(after(1)), expected);
    }
}

/// MUST accept a token at most once, however many present it at the same time.
pub async fn a_token_is_accepted_by_one_of_many(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let token = samples.token(user.id, TokenPurpose::VerifyEmail);
    stores.credentials.issue_token(token.clone(), Vec::new()).await.unwrap();
    let accepted = race(many(|| token.digest), |digest| {
        let credentials = Arc::clone(&stores.credentials);
        async move { credentials.verify_email(&digest, after(1)).await.unwrap().is_some() }
    })
    .await;
    assert_eq!(accepted.into_iter().filter(|accepted| *accepted).count(), 1);
}
