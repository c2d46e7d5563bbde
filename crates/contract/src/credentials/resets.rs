use archon_domain::{IssuedToken, PasswordChange, PasswordChangeOutcome, PasswordRight, TokenPurpose, User};

use super::{change, changed};
use crate::Stores;
use crate::samples::{Samples, after, opening_rule, start, tick};
use crate::stores::{assert_same_mail, assert_same_user};

/// A token of the user that is stored.
async fn issued(stores: &Stores, samples: &Samples, user: &User, purpose: TokenPurpose) -> IssuedToken {
    let token = samples.token(user.id, purpose);
    stores.credentials.issue_token(token.clone(), Vec::new()).await.unwrap();
    token
}

/// Whether the token can be spent for the purpose that it was issued for.
async fn is_good(stores: &Stores, token: &IssuedToken) -> bool {
    let owner = stores.credentials.token_owner(&token.digest, token.purpose, after(1)).await.unwrap();
    assert!(owner.is_none_or(|owner| owner == token.user));
    owner.is_some()
}

/// MUST change the password by a reset token of the user only before its expiry, and spend it with the change.
pub async fn a_reset_token_is_right_enough_before_its_expiry(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let session = samples.session(user.id, start());
    stores.sessions.open(session.clone(), opening_rule(5), start()).await.unwrap();
    let mut token = samples.token(user.id, TokenPurpose::ResetPassword);
    token.expires_at = after(60) + tick();
    stores.credentials.issue_token(token.clone(), Vec::new()).await.unwrap();
    let others = issued(stores, &samples, &other, TokenPurpose::ResetPassword).await;
    let verification = issued(stores, &samples, &user, TokenPurpose::VerifyEmail).await;
    let unknown = samples.token(user.id, TokenPurpose::ResetPassword);

    let early = after(1);
    let of_nobody = PasswordChange { user: samples.user_id(), ..samples.password_reset(&user, &token) };
    for (refused, now) in [
        (samples.password_reset(&user, &token), token.expires_at),
        (samples.password_reset(&user, &token), after(61)),
        (samples.password_reset(&user, &others), early),
        (samples.password_reset(&user, &verification), early),
        (samples.password_reset(&user, &unknown), early),
        (of_nobody, early),
    ] {
        let refused = PasswordChange { mails: vec![samples.mail(&user, now)], ..refused };
        assert_eq!(change(stores, refused, now).await, PasswordChangeOutcome::Superseded);
    }
    assert_same_user(&stores.user(&user).await, &user);
    assert_eq!(stores.credentials.password_history(user.id, 9).await.unwrap().len(), 1);
    assert_eq!(stores.pending().await, 0);
    assert_eq!(stores.sessions.find(&session.id).await.unwrap(), Some(session.clone()));
    assert!(is_good(stores, &others).await && is_good(stores, &verification).await, "refusals spend nothing");

    let (reset, now) = (samples.password_reset(&user, &token), token.expires_at - tick());
    let mail = samples.mail(&user, now);
    let reset = PasswordChange { mails: vec![mail.clone()], ..reset };
    let password = Some(reset.hash.clone());
    assert_eq!(change(stores, reset, now).await, PasswordChangeOutcome::Changed(vec![session.id]));
    let (verified, void_before) = (Some(now), now);
    let expected = User {
        password,
        email_verified_at: verified,
        attempts_void_before: void_before,
        updated_at: now,
        ..user.clone()
    };
    assert_same_user(&stores.user(&user).await, &expected);
    assert_same_user(&stores.user(&other).await, &other);
    let claimed = stores.claim_all(now).await;
    assert_eq!(claimed.len(), 1);
    assert_same_mail(&claimed[0].mail, &mail.mail);
    let again = samples.password_reset(&expected, &token);
    assert_eq!(change(stores, again, now).await, PasswordChangeOutcome::Superseded, "it is spent");
    assert_same_user(&stores.user(&user).await, &expected);
}

/// MUST change the password by a reset token of the user only before its expiry, and spend it with the change.
/// Whatever the password is, or if there is none, and whether it is the same again.
pub async fn a_reset_asks_for_no_password(stores: &Stores) {
    let samples = Samples::default();
    let mut account = samples.account("ada@example.com");
    account.user.password = None;
    let user = stores.opened(account).await;
    let mut newest_first = Vec::new();
    for _ in 0..2 {
        let token = issued(stores, &samples, &user, TokenPurpose::ResetPassword).await;
        let reset = samples.password_reset(&user, &token);
        newest_first.insert(0, reset.hash.clone());
        assert_eq!(change(stores, reset, after(1)).await, changed());
        assert_eq!(stores.user(&user).await.password.as_ref(), newest_first.first());
        assert_eq!(stores.credentials.password_history(user.id, 9).await.unwrap(), newest_first);
    }
}

/// MUST verify the address with a reset token, unless it is verified already, and not without one.
pub async fn a_reset_verifies_an_address_that_was_not(stores: &Stores) {
    let samples = Samples::default();
    let since = Some(start() - tick());
    for (address, verified_at, by_token, expected) in [
        ("unverified@example.com", None, true, Some(after(1) + tick())),
        ("verified@example.com", since, true, since),
        ("unverified-still@example.com", None, false, None),
        ("verified-still@example.com", since, false, since),
    ] {
        let mut account = samples.account(address);
        account.user.email_verified_at = verified_at;
        let user = stores.opened(account).await;
        let token = issued(stores, &samples, &user, TokenPurpose::ResetPassword).await;
        let by_password = samples.password_change(&user);
        let next = if by_token { samples.password_reset(&user, &token) } else { by_password };
        assert_eq!(change(stores, next, after(1) + tick()).await, changed());
        assert_eq!(stores.user(&user).await.email_verified_at, expected, "{address}");
    }
}

/// MUST remove every identity with a reset token of an address that was never verified, and none elsewhere.
pub async fn a_reset_of_an_address_never_verified_removes_every_identity(stores: &Stores) {
    let samples = Samples::default();
    let other = stores.open(&samples, "other@example.com").await;
    let others = stores.linked(&samples, other.id, "google").await;
    let since = Some(start() - tick());
    for (address, verified_at, by_token, stays) in [
        ("unverified@example.com", None, true, false),
        ("verified@example.com", since, true, true),
        ("unverified-still@example.com", None, false, true),
        ("verified-still@example.com", since, false, true),
    ] {
        let mut account = samples.account(address);
        account.user.email_verified_at = verified_at;
        let user = stores.opened(account).await;
        let mut identities = Vec::new();
        for provider in ["github", "google", "google"] {
            identities.push(stores.linked(&samples, user.id, provider).await);
        }
        let token = issued(stores, &samples, &user, TokenPurpose::ResetPassword).await;
        let refused = samples.password_reset(&user, &samples.token(user.id, TokenPurpose::ResetPassword));
        assert_eq!(change(stores, refused, after(1)).await, PasswordChangeOutcome::Superseded);
        let by_password = samples.password_change(&user);
        let next = if by_token { samples.password_reset(&user, &token) } else { by_password };
        for identity in &identities {
            assert_eq!(stores.found(identity).await.as_ref(), Some(identity), "a refusal removes nothing");
        }
        assert_eq!(change(stores, next, after(1)).await, changed());
        for identity in identities {
            assert_eq!(stores.found(&identity).await, Some(identity).filter(|_| stays), "{address}");
        }
    }
    assert_eq!(stores.found(&others).await, Some(others));
}

/// MUST set `attempts_void_before` to `now` where the change lifts the lock, and leave it alone elsewhere.
pub async fn a_change_lifts_the_lock_where_it_says_so(stores: &Stores) {
    let samples = Samples::default();
    for (address, by_token, lifts_lock) in [
        ("a@example.com", true, true),
        ("b@example.com", true, false),
        ("c@example.com", false, true),
        ("d@example.com", false, false),
    ] {
        let user = stores.open(&samples, address).await;
        let token = issued(stores, &samples, &user, TokenPurpose::ResetPassword).await;
        let mut next = samples.password_change(&user);
        if by_token {
            next.right = PasswordRight::ResetToken(token.digest);
        }
        next.lifts_lock = lifts_lock;
        let now = after(1) + tick();
        assert_eq!(change(stores, next, now).await, changed());
        let expected = if lifts_lock { now } else { user.attempts_void_before };
        assert_eq!(stores.user(&user).await.attempts_void_before, expected, "{address}");
    }
}

/// MUST void every reset token of the user. Also with a reset; those of another purpose stay good.
pub async fn a_reset_voids_the_other_reset_tokens(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let reset = TokenPurpose::ResetPassword;
    let older = issued(stores, &samples, &user, reset).await;
    let spent = issued(stores, &samples, &user, reset).await;
    let newer = issued(stores, &samples, &user, reset).await;
    let others = issued(stores, &samples, &other, reset).await;
    let verification = issued(stores, &samples, &user, TokenPurpose::VerifyEmail).await;
    assert_eq!(change(stores, samples.password_reset(&user, &spent), after(1)).await, changed());
    for void in [&older, &spent, &newer] {
        assert!(!is_good(stores, void).await);
        let again = samples.password_reset(&user, void);
        assert_eq!(change(stores, again, after(1)).await, PasswordChangeOutcome::Superseded);
    }
    assert!(is_good(stores, &others).await && is_good(stores, &verification).await);
}

/// MUST queue the mails together with the change or not at all. A reset that fails leaves its token good.
pub async fn a_reset_that_fails_spends_and_changes_nothing(stores: &Stores) {
    let samples = Samples::default();
    let mut account = samples.account("ada@example.com");
    let queued = samples.mail(&account.user, start());
    account.mails = vec![queued.clone()];
    let user = stores.opened(account).await;
    let session = samples.session(user.id, start());
    stores.sessions.open(session.clone(), opening_rule(5), start()).await.unwrap();
    let token = issued(stores, &samples, &user, TokenPurpose::ResetPassword).await;

    let mut next = samples.password_reset(&user, &token);
    next.mails = vec![samples.mail(&user, after(1)), queued];
    let refused = stores.credentials.change_password(next, after(1)).await;
    assert!(refused.is_err(), "no two mails can have one id");
    assert_same_user(&stores.user(&user).await, &user);
    assert_eq!(stores.credentials.password_history(user.id, 9).await.unwrap().len(), 1);
    assert_eq!(stores.pending().await, 1);
    assert_eq!(stores.sessions.find(&session.id).await.unwrap(), Some(session.clone()));
    assert!(is_good(stores, &token).await);
    let outcome = change(stores, samples.password_reset(&user, &token), after(1)).await;
    assert_eq!(outcome, PasswordChangeOutcome::Changed(vec![session.id]));
}
