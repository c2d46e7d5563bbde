use archon_domain::{IssuedToken, StoreErrorKind, TokenPurpose, User};

use crate::Stores;
use crate::samples::{Samples, after, start, tick};
use crate::stores::{assert_same_mail, assert_same_user};

/// MUST store the token and its mails together or not at all.
pub async fn a_token_is_stored_with_its_mails(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let token = samples.token(user.id, TokenPurpose::VerifyEmail);
    let mail = samples.mail(&user, start());
    stores.credentials.issue_token(token.clone(), vec![mail.clone()]).await.unwrap();
    let claimed = stores.claim_all(start()).await;
    assert_eq!(claimed.len(), 1);
    assert_same_mail(&claimed[0].mail, &mail.mail);
    assert!(stores.credentials.verify_email(&token.digest, start()).await.unwrap().is_some());
}

/// MUST store the token and its mails together or not at all.
pub async fn a_token_that_fails_leaves_no_mails(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let first = samples.token(user.id, TokenPurpose::VerifyEmail);
    let queued = samples.mail(&user, start());
    let credentials = &stores.credentials;
    credentials.issue_token(first.clone(), vec![queued.clone()]).await.unwrap();

    let second = samples.token(user.id, TokenPurpose::VerifyEmail);
    let mails = vec![samples.mail(&user, start()), queued];
    assert!(credentials.issue_token(second.clone(), mails).await.is_err(), "no two mails can have one id");
    let same_digest = credentials.issue_token(first, vec![samples.mail(&user, start())]).await;
    assert!(same_digest.is_err(), "no two tokens can have one digest");

    assert_eq!(stores.pending().await, 1);
    assert_eq!(credentials.verify_email(&second.digest, start()).await.unwrap(), None);
}

/// MUST refuse a token of an account that is gone as a conflict. Nothing is left of it.
pub async fn a_token_of_an_account_that_is_gone_is_refused(stores: &Stores) {
    let samples = Samples::default();
    let gone = stores.open(&samples, "gone@example.com").await;
    stores.users.delete_account(gone.id).await.unwrap();
    for user in [gone, samples.user("nobody@example.com")] {
        let token = samples.token(user.id, TokenPurpose::ResetPassword);
        let refused = stores.credentials.issue_token(token.clone(), Vec::new()).await;
        assert_eq!(refused.expect_err("it cannot be kept").kind(), StoreErrorKind::Conflict);
        assert_eq!(stores.credentials.purge_tokens(token.expires_at + tick()).await.unwrap(), 0);
    }
}

/// MUST name the user of a token that could be spent for the purpose at `now`, and of no other.
pub async fn a_token_names_its_user_while_it_can_be_spent(stores: &Stores) {
    let samples = Samples::default();
    let (reset, verify) = (TokenPurpose::ResetPassword, TokenPurpose::VerifyEmail);
    let users = ["ada@example.com", "other@example.com"].map(|address| samples.account(address));
    let owner = async |token: &IssuedToken, purpose, now| {
        stores.credentials.token_owner(&token.digest, purpose, now).await.unwrap()
    };
    for account in users {
        let user = stores.opened(account).await;
        let [by_reset, by_verification] = [reset, verify].map(|purpose| {
            let mut token = samples.token(user.id, purpose);
            token.expires_at = after(60) + tick();
            token
        });
        for (token, other_purpose) in [(&by_reset, verify), (&by_verification, reset)] {
            assert_eq!(owner(token, token.purpose, after(1)).await, None, "it is not issued yet");
            stores.credentials.issue_token(token.clone(), Vec::new()).await.unwrap();
            for now in [start(), start(), token.expires_at - tick()] {
                assert_eq!(owner(token, token.purpose, now).await, Some(user.id), "to look spends nothing");
                assert_eq!(owner(token, other_purpose, now).await, None);
            }
            assert_eq!(owner(token, token.purpose, token.expires_at).await, None);
        }
        assert!(stores.credentials.verify_email(&by_verification.digest, after(1)).await.unwrap().is_some());
        assert_eq!(owner(&by_verification, verify, after(1)).await, None, "it is spent");
        assert_eq!(owner(&by_reset, reset, after(1)).await, Some(user.id));
        stores.users.delete_account(user.id).await.unwrap();
        assert_eq!(owner(&by_reset, reset, after(1)).await, None, "the account is gone");
    }
}

/// MUST verify the address and spend the token in one step.
pub async fn verification_marks_the_address_and_spends_the_token(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "Ada@Example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let token = samples.token(user.id, TokenPurpose::VerifyEmail);
    stores.credentials.issue_token(token.clone(), Vec::new()).await.unwrap();
    let now = after(5) + tick();
    let verified = stores.credentials.verify_email(&token.digest, now).await.unwrap().unwrap();
    let expected = User { email_verified_at: Some(now), updated_at: now, ..user.clone() };
    assert_same_user(&verified, &expected);
    assert_same_user(&stores.user(&user).await, &expected);
    assert_same_user(&stores.user(&other).await, &other);
}

/// MUST verify the address and spend the token in one step. An address that is verified already, by a reset
/// token for instance, stays verified since then.
pub async fn an_address_that_is_verified_keeps_its_instant(stores: &Stores) {
    let samples = Samples::default();
    let mut account = samples.account("ada@example.com");
    account.user.email_verified_at = Some(after(1) + tick());
    let user = stores.opened(account).await;
    let token = samples.token(user.id, TokenPurpose::VerifyEmail);
    stores.credentials.issue_token(token.clone(), Vec::new()).await.unwrap();
    let verified = stores.credentials.verify_email(&token.digest, after(5)).await.unwrap().unwrap();
    let expected = User { updated_at: after(5), ..user };
    assert_same_user(&verified, &expected);
    assert_same_user(&stores.user(&expected).await, &expected);
}

/// MUST accept a token at most once, however many present it at the same time.
pub async fn a_token_is_accepted_once(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let token = samples.token(user.id, TokenPurpose::VerifyEmail);
    stores.credentials.issue_token(token.clone(), Vec::new()).await.unwrap();
    for accepted in [true, false, false] {
        let verified = stores.credentials.verify_email(&token.digest, after(1)).await.unwrap();
        assert_eq!(verified.is_some(), accepted);
    }
}

/// MUST refuse a token from its expiry on, and a token of another purpose.
pub async fn expired_tokens_and_those_of_another_purpose_are_refused(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let reset = samples.token(user.id, TokenPurpose::ResetPassword);
    let mut token = samples.token(user.id, TokenPurpose::VerifyEmail);
    token.expires_at = after(60) + tick();
    let unknown = samples.token(user.id, TokenPurpose::VerifyEmail);
    for stored in [&reset, &token] {
        stores.credentials.issue_token(stored.clone(), Vec::new()).await.unwrap();
    }
    let verify = async |digest, now| stores.credentials.verify_email(digest, now).await.unwrap();
    assert_eq!(verify(&reset.digest, after(1)).await, None);
    assert_eq!(verify(&unknown.digest, after(1)).await, None);
    assert_eq!(verify(&token.digest, after(61)).await, None);
    assert_eq!(verify(&token.digest, token.expires_at).await, None);
    assert_same_user(&stores.user(&user).await, &user);
    let last_moment = verify(&token.digest, token.expires_at - tick()).await;
    assert!(last_moment.is_some(), "refusals spend nothing");
}

/// MUST void the user's other verification tokens.
pub async fn verification_voids_other_verification_tokens(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let [first, second] = [(); 2].map(|()| samples.token(user.id, TokenPurpose::VerifyEmail));
    let others = samples.token(other.id, TokenPurpose::VerifyEmail);
    for token in [&first, &second, &others] {
        stores.credentials.issue_token(token.clone(), Vec::new()).await.unwrap();
    }
    assert!(stores.credentials.verify_email(&second.digest, after(1)).await.unwrap().is_some());
    assert_eq!(stores.credentials.verify_email(&first.digest, after(1)).await.unwrap(), None);
    assert!(stores.credentials.verify_email(&others.digest, after(1)).await.unwrap().is_some());
}

/// MUST forget expired tokens and no others.
pub async fn expired_tokens_are_forgotten_and_no_others(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let mut token = samples.token(user.id, TokenPurpose::VerifyEmail);
    token.expires_at = after(100);
    for seconds in [10, 20] {
        let mut old = samples.token(user.id, TokenPurpose::ResetPassword);
        old.expires_at = after(seconds);
        stores.credentials.issue_token(old, Vec::new()).await.unwrap();
    }
    stores.credentials.issue_token(token.clone(), Vec::new()).await.unwrap();
    assert_eq!(stores.credentials.purge_tokens(after(10)).await.unwrap(), 0, "not before `before`");
    assert_eq!(stores.credentials.purge_tokens(after(10) + tick()).await.unwrap(), 1);
    assert_eq!(stores.credentials.purge_tokens(after(99)).await.unwrap(), 1);
    assert!(stores.credentials.verify_email(&token.digest, after(99)).await.unwrap().is_some());
}
