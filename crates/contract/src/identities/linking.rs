use archon_domain::{
    IdentityLink, IssuedToken, LinkRight, LinkedIdentity, Linking, NewAccount, Session, SessionId,
    SessionStanding, TerminationReason, TokenPurpose, User,
};

use crate::Stores;
use crate::samples::{Samples, after, opening_rule, start, tick};
use crate::stores::{assert_same_mail, assert_same_user};

/// An account with everything that lets somebody in: a password, an older one, two identities, two sessions, and
/// a token of each purpose.
struct Furnished {
    user: User,
    identities: Vec<LinkedIdentity>,
    sessions: Vec<Session>,
    tokens: Vec<IssuedToken>,
}

impl Furnished {
    async fn open(stores: &Stores, samples: &Samples, account: NewAccount) -> Self {
        let user = stores.opened(account).await;
        let change = samples.password_change(&user);
        stores.credentials.change_password(change, start()).await.unwrap();
        let user = stores.user(&user).await;
        let (mut identities, mut sessions, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
        for provider in ["google", "github"] {
            identities.push(stores.linked(samples, user.id, provider).await);
            let session = samples.session(user.id, start());
            stores.sessions.open(session.clone(), opening_rule(9), start()).await.unwrap();
            sessions.push(session);
        }
        for purpose in [TokenPurpose::VerifyEmail, TokenPurpose::ResetPassword] {
            let token = samples.token(user.id, purpose);
            stores.credentials.issue_token(token.clone(), Vec::new()).await.unwrap();
            tokens.push(token);
        }
        Self { user, identities, sessions, tokens }
    }

    /// That nothing of the account has changed but that `linked` is there besides.
    async fn assert_untouched(&self, stores: &Stores, linked: &[LinkedIdentity]) {
        assert_same_user(&stores.user(&self.user).await, &self.user);
        assert_eq!(stores.credentials.password_history(self.user.id, 9).await.unwrap().len(), 2);
        let mut identities = stores.identities.list(self.user.id).await.unwrap();
        let mut expected = [&self.identities, linked].concat();
        for list in [&mut identities, &mut expected] {
            list.sort_by(|a, b| a.subject.cmp(&b.subject));
        }
        assert_eq!(identities, expected);
        for session in &self.sessions {
            assert_eq!(stores.sessions.find(&session.id).await.unwrap().as_ref(), Some(session));
        }
        for token in &self.tokens {
            let owner = stores.credentials.token_owner(&token.digest, token.purpose, after(1)).await.unwrap();
            assert_eq!(owner, Some(self.user.id));
        }
    }

    fn session_ids(&self) -> Vec<SessionId> {
        sorted(self.sessions.iter().map(|session| session.id.clone()).collect())
    }
}

fn sorted(mut ids: Vec<SessionId>) -> Vec<SessionId> {
    ids.sort();
    ids
}

/// An account whose address was verified some time ago.
fn verified(samples: &Samples, address: &str) -> NewAccount {
    let mut account = samples.account(address);
    account.user.email_verified_at = Some(start() - tick());
    account
}

/// MUST link an identity to one account, however many ask at the same time, and name that to the others. Whoever
/// asks later, by whichever right; nothing is stored then.
pub async fn a_linked_identity_names_its_account(stores: &Stores) {
    let samples = Samples::default();
    let first = stores.open(&samples, "first@example.com").await;
    let identity = stores.linked(&samples, first.id, "google").await;
    let second = Furnished::open(stores, &samples, samples.account("second@example.com")).await;
    for right in [LinkRight::LoggedIn, LinkRight::ProvedAddress] {
        for owner in [&first, &second.user] {
            let later =
                LinkedIdentity { user: owner.id, email: None, created_at: after(9), ..identity.clone() };
            let mails = vec![samples.mail(owner, start())];
            let link = IdentityLink { identity: later, right, mails };
            let linking = stores.identities.link(link, after(9)).await.unwrap();
            assert_eq!(linking, Linking::AlreadyLinked(first.id));
        }
    }
    assert_eq!(stores.found(&identity).await.as_ref(), Some(&identity));
    assert_same_user(&stores.user(&first).await, &first);
    second.assert_untouched(stores, &[]).await;
    assert_eq!(stores.pending().await, 0);
}

/// MUST answer `NoAccount` and store nothing where the account is gone.
pub async fn nothing_is_linked_to_an_account_that_is_gone(stores: &Stores) {
    let samples = Samples::default();
    let gone = stores.open(&samples, "gone@example.com").await;
    stores.users.delete_account(gone.id).await.unwrap();
    let other = stores.open(&samples, "other@example.com").await;
    let taken = stores.linked(&samples, other.id, "google").await;
    for right in [LinkRight::LoggedIn, LinkRight::ProvedAddress] {
        for free in [samples.identity(gone.id, "google"), LinkedIdentity { user: gone.id, ..taken.clone() }] {
            let link = IdentityLink { identity: free, right, mails: vec![samples.mail(&gone, start())] };
            assert_eq!(stores.identities.link(link, after(1)).await.unwrap(), Linking::NoAccount);
        }
    }
    assert_eq!(stores.identities.list(gone.id).await.unwrap(), []);
    assert_eq!(stores.found(&taken).await.as_ref(), Some(&taken));
    assert_eq!(stores.pending().await, 0);
}

/// MUST queue the mails together with the link or not at all.
pub async fn a_link_queues_its_mails(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    for right in [LinkRight::LoggedIn, LinkRight::ProvedAddress] {
        let mail = samples.mail(&user, after(1));
        let link = IdentityLink { mails: vec![mail.clone()], ..samples.link(user.id, "google", right) };
        assert!(matches!(stores.identities.link(link, after(1)).await.unwrap(), Linking::Linked { .. }));
        let claimed = stores.claim_all(after(1)).await;
        assert_eq!(claimed.len(), 1);
        assert_same_mail(&claimed[0].mail, &mail.mail);
    }
}

/// MUST queue the mails together with the link or not at all.
pub async fn a_link_that_fails_queues_and_changes_nothing(stores: &Stores) {
    let samples = Samples::default();
    let mut account = samples.account("ada@example.com");
    let queued = samples.mail(&account.user, start());
    account.mails = vec![queued.clone()];
    let furnished = Furnished::open(stores, &samples, account).await;
    for right in [LinkRight::LoggedIn, LinkRight::ProvedAddress] {
        let mails = vec![samples.mail(&furnished.user, after(1)), queued.clone()];
        let link = IdentityLink { mails, ..samples.link(furnished.user.id, "microsoft", right) };
        assert!(stores.identities.link(link, after(1)).await.is_err(), "no two mails can have one id");
    }
    furnished.assert_untouched(stores, &[]).await;
    assert_eq!(stores.pending().await, 1);
}

/// Links by the right, and holds that nothing else has changed.
async fn assert_only_linked(stores: &Stores, samples: &Samples, account: NewAccount, right: LinkRight) {
    let furnished = Furnished::open(stores, samples, account).await;
    // Also another one of a provider that is linked already.
    let mut linked = Vec::new();
    for provider in ["microsoft", "google"] {
        let link = samples.link(furnished.user.id, provider, right);
        linked.push(link.identity.clone());
        let linking = stores.identities.link(link, after(1)).await.unwrap();
        assert_eq!(linking, Linking::Linked { reclaimed: None });
    }
    furnished.assert_untouched(stores, &linked).await;
}

/// MUST leave the account as it is for a user who is logged in, and where the address was verified before.
pub async fn a_link_of_who_is_logged_in_leaves_the_account_as_it_is(stores: &Stores) {
    let samples = Samples::default();
    let right = LinkRight::LoggedIn;
    assert_only_linked(stores, &samples, samples.account("ada@example.com"), right).await;
    assert_only_linked(stores, &samples, verified(&samples, "verified@example.com"), right).await;
}

/// MUST leave the account as it is for a user who is logged in, and where the address was verified before.
pub async fn a_link_to_a_verified_address_leaves_the_account_as_it_is(stores: &Stores) {
    let samples = Samples::default();
    let account = verified(&samples, "ada@example.com");
    assert_only_linked(stores, &samples, account, LinkRight::ProvedAddress).await;
}

/// MUST verify an address that is proved for the first time, remove the password with its history and every
/// other identity, void every one-time token, and end every session, naming those it ended, all in one step
/// with the link.
pub async fn an_address_that_is_proved_takes_everything_that_lets_others_back_in(stores: &Stores) {
    let samples = Samples::default();
    let opened = Furnished::open(stores, &samples, samples.account("ada@example.com")).await;
    let other = Furnished::open(stores, &samples, samples.account("other@example.com")).await;
    let past = samples.session(opened.user.id, start());
    stores.sessions.open(past.clone(), opening_rule(9), start()).await.unwrap();
    stores.sessions.end(&past.id, TerminationReason::Logout, start()).await.unwrap();

    let now = after(1) + tick();
    let link = samples.link(opened.user.id, "google", LinkRight::ProvedAddress);
    let identity = link.identity.clone();
    let Linking::Linked { reclaimed: Some(ended) } = stores.identities.link(link, now).await.unwrap() else {
        panic!("nobody had proved the address");
    };
    assert_eq!(sorted(ended), opened.session_ids(), "live ones only");
    let expected =
        User { email_verified_at: Some(now), password: None, updated_at: now, ..opened.user.clone() };
    assert_same_user(&stores.user(&opened.user).await, &expected);
    assert_eq!(stores.credentials.password_history(opened.user.id, 9).await.unwrap(), []);
    assert_eq!(stores.identities.list(opened.user.id).await.unwrap(), [identity]);
    for former in &opened.identities {
        assert_eq!(stores.found(former).await, None);
    }
    for session in &opened.sessions {
        let stored = stores.sessions.find(&session.id).await.unwrap().expect("it is kept");
        assert!(matches!(stored.standing(now), SessionStanding::Ended(_)));
    }
    let kept = stores.sessions.find(&past.id).await.unwrap().expect("it is kept");
    assert_eq!(kept.standing(now), SessionStanding::Ended(TerminationReason::Logout));
    for token in &opened.tokens {
        let owner = stores.credentials.token_owner(&token.digest, token.purpose, now).await.unwrap();
        assert_eq!(owner, None);
    }
    other.assert_untouched(stores, &[]).await;
    assert_eq!(stores.credentials.purge_tokens(after(9999)).await.unwrap(), 2, "void tokens are not kept");
}

/// MUST leave the account as it is for a user who is logged in, and where the address was verified before. Also
/// where an earlier link has verified it.
pub async fn an_account_is_reclaimed_once(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let link = async |provider, now| {
        let link = samples.link(user.id, provider, LinkRight::ProvedAddress);
        stores.identities.link(link, now).await.unwrap()
    };
    assert_eq!(link("google", after(1)).await, Linking::Linked { reclaimed: Some(Vec::new()) });
    let session = samples.session(user.id, after(1));
    stores.sessions.open(session.clone(), opening_rule(9), after(1)).await.unwrap();
    let reclaimed = stores.user(&user).await;
    assert_eq!(link("github", after(2)).await, Linking::Linked { reclaimed: None });
    assert_same_user(&stores.user(&user).await, &reclaimed);
    assert_eq!(stores.identities.list(user.id).await.unwrap().len(), 2);
    assert_eq!(stores.sessions.find(&session.id).await.unwrap(), Some(session));
}
