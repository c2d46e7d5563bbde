use archon_domain::{AccountOpening, LinkedIdentity, NewAccount, TokenPurpose};

use crate::Stores;
use crate::samples::{Samples, after, start, tick};
use crate::stores::{assert_same_mail, assert_same_user};

/// MUST store the account, its verification token, its identity and its mails together or not at all.
pub async fn opening_stores_the_account_and_what_comes_with_it(stores: &Stores) {
    let samples = Samples::default();
    let mut account = samples.account("Ada@Example.com");
    let token = samples.token(account.user.id, TokenPurpose::VerifyEmail);
    let mails = vec![samples.mail(&account.user, start()), samples.mail(&account.user, start() + tick())];
    let identity = samples.identity(account.user.id, "google");
    account.verification = Some(token.clone());
    account.identity = Some(identity.clone());
    account.mails = mails.clone();
    let user = stores.opened(account).await;

    assert_same_user(&stores.user(&user).await, &user);
    let claimed = stores.claim_all(after(1)).await;
    assert_eq!(claimed.len(), 2);
    for (claimed, queued) in claimed.iter().zip(&mails) {
        assert_same_mail(&claimed.mail, &queued.mail);
        assert_eq!((claimed.queued_at, &claimed.last_error), (queued.queued_at, &None));
    }
    assert_eq!(stores.found(&identity).await, Some(identity));
    let verified = stores.credentials.verify_email(&token.digest, after(1)).await.unwrap();
    assert_eq!(verified.map(|user| user.id), Some(user.id));
    assert_eq!(
        stores.credentials.password_history(user.id, 9).await.unwrap(),
        Vec::from_iter(user.password),
        "the first password is part of the history"
    );
}

/// MUST store the account, its verification token, its identity and its mails together or not at all.
pub async fn opening_that_fails_stores_nothing(stores: &Stores) {
    let samples = Samples::default();
    let mut first = samples.account("first@example.com");
    let queued = samples.mail(&first.user, start());
    first.mails = vec![queued.clone()];
    stores.opened(first).await;

    let mut second = samples.account("second@example.com");
    let token = samples.token(second.user.id, TokenPurpose::VerifyEmail);
    let mut same_id = samples.mail(&second.user, start());
    same_id.mail.id = queued.mail.id;
    let identity = samples.identity(second.user.id, "google");
    second.verification = Some(token.clone());
    second.identity = Some(identity.clone());
    second.mails = vec![samples.mail(&second.user, start()), same_id];
    let user = second.user.clone();
    assert!(stores.users.open_account(second).await.is_err(), "no two mails can have one id");

    assert_eq!(stores.users.find(user.id).await.unwrap(), None);
    assert_eq!(stores.users.find_by_email(user.email.key()).await.unwrap(), None);
    assert_eq!(stores.credentials.verify_email(&token.digest, start()).await.unwrap(), None);
    assert_eq!(stores.credentials.password_history(user.id, 9).await.unwrap(), Vec::new());
    assert_eq!(stores.found(&identity).await, None);
    assert_eq!(stores.pending().await, 1);
}

/// MUST answer `EmailTaken` and store nothing when another account has the address, its case aside.
pub async fn a_taken_address_opens_no_account(stores: &Stores) {
    let samples = Samples::default();
    for (address, shouted) in
        [("ada@example.com", "ADA@EXAMPLE.COM"), ("jürgen@exämple.de", "JÜRGEN@Exämple.DE")]
    {
        let first = stores.open(&samples, address).await;
        let mut second = samples.account(shouted);
        let token = samples.token(second.user.id, TokenPurpose::VerifyEmail);
        let identity = samples.identity(second.user.id, "google");
        second.verification = Some(token.clone());
        second.identity = Some(identity.clone());
        second.mails = vec![samples.mail(&second.user, start())];
        let id = second.user.id;
        assert_eq!(stores.users.open_account(second).await.unwrap(), AccountOpening::EmailTaken);

        assert_eq!(stores.users.find(id).await.unwrap(), None);
        assert_eq!(stores.pending().await, 0);
        assert_eq!(stores.found(&identity).await, None);
        assert_eq!(stores.credentials.verify_email(&token.digest, start()).await.unwrap(), None);
        assert_same_user(&stores.user(&first).await, &first);
    }
}

/// MUST answer `IdentityTaken` and store nothing when another account has the identity.
pub async fn a_taken_identity_opens_no_account(stores: &Stores) {
    let samples = Samples::default();
    let first = stores.open(&samples, "ada@example.com").await;
    let taken = stores.linked(&samples, first.id, "google").await;
    let mut second = samples.account("second@example.com");
    let token = samples.token(second.user.id, TokenPurpose::VerifyEmail);
    second.verification = Some(token.clone());
    second.identity = Some(LinkedIdentity { user: second.user.id, email: None, ..taken.clone() });
    second.mails = vec![samples.mail(&second.user, start())];
    let id = second.user.id;
    assert_eq!(stores.users.open_account(second.clone()).await.unwrap(), AccountOpening::IdentityTaken);

    assert_eq!(stores.users.find(id).await.unwrap(), None);
    assert_eq!(stores.users.find_by_email(second.user.email.key()).await.unwrap(), None);
    assert_eq!(stores.credentials.password_history(id, 9).await.unwrap(), Vec::new());
    assert_eq!(stores.credentials.token_owner(&token.digest, token.purpose, start()).await.unwrap(), None);
    assert_eq!(stores.pending().await, 0);
    assert_eq!(stores.found(&taken).await, Some(taken));
    assert_same_user(&stores.user(&first).await, &first);

    // Another identity of the same provider is no reason to refuse, nor is the address taken.
    let other = samples.identity(id, "google");
    stores.opened(NewAccount { identity: Some(other.clone()), ..second }).await;
    assert_eq!(stores.found(&other).await, Some(other));
}
