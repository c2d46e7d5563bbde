//! Races for who users are to providers.

use std::future::Future;
use std::sync::Arc;

use archon_domain::{
    AccountOpening, IdentityLink, LinkRight, LinkedIdentity, Linking, NewAccount, PasswordChangeOutcome,
    TokenPurpose, Unlinking, User,
};

use super::{TASKS, many, race};
use crate::Stores;
use crate::samples::{Samples, after, opening_rule, start};

/// As many accounts as a race has tasks.
async fn accounts(stores: &Stores, samples: &Samples) -> Vec<User> {
    let mut accounts = Vec::new();
    for number in 0..TASKS {
        accounts.push(stores.open(samples, &format!("user{number}@example.com")).await);
    }
    accounts
}

/// MUST let exactly one of many concurrent openings of one address win, and one of one identity. Nothing of the
/// others is left behind: each address is free.
pub async fn one_of_many_openings_of_an_identity_wins(stores: &Stores) {
    let samples = Samples::default();
    let identity = samples.identity(samples.user_id(), "google");
    let mut number = 0;
    let racers = many(|| {
        number += 1;
        let mut account = samples.account(&format!("ada{number}@example.com"));
        account.identity = Some(LinkedIdentity { user: account.user.id, ..identity.clone() });
        account.verification = Some(samples.token(account.user.id, TokenPurpose::VerifyEmail));
        account.mails = vec![samples.mail(&account.user, start())];
        account
    });
    let outcomes = race(racers, |account| {
        let (users, user) = (Arc::clone(&stores.users), account.user.clone());
        async move { (user, users.open_account(account).await.unwrap()) }
    })
    .await;
    let (winners, others): (Vec<_>, Vec<_>) =
        outcomes.into_iter().partition(|(_, outcome)| *outcome == AccountOpening::Opened);
    assert_eq!(winners.len(), 1);
    assert_eq!(stores.found(&identity).await.map(|found| found.user), Some(winners[0].0.id));
    assert_eq!(stores.pending().await, 1);
    for (user, outcome) in others {
        assert_eq!(outcome, AccountOpening::IdentityTaken);
        let user = User { id: samples.user_id(), ..user };
        stores.opened(NewAccount { user, verification: None, identity: None, mails: Vec::new() }).await;
    }
    assert_eq!(stores.credentials.purge_tokens(after(9999)).await.unwrap(), 1);
}

/// MUST link an identity to one account, however many ask at the same time, and name that to the others. MUST
/// queue the mails together with the link or not at all.
pub async fn one_of_many_links_of_an_identity_wins(stores: &Stores) {
    let samples = Samples::default();
    let users = accounts(stores, &samples).await;
    let identity = samples.identity(users[0].id, "google");
    let mut odd = false;
    let racers = users.iter().map(|user| {
        odd = !odd;
        let right = if odd { LinkRight::LoggedIn } else { LinkRight::ProvedAddress };
        let identity = LinkedIdentity { user: user.id, ..identity.clone() };
        IdentityLink { identity, right, mails: vec![samples.mail(user, start())] }
    });
    let outcomes = race(racers.collect(), |link| {
        let (identities, user) = (Arc::clone(&stores.identities), link.identity.user);
        async move { (user, identities.link(link, after(1)).await.unwrap()) }
    })
    .await;
    let owner = stores.found(&identity).await.expect("one has linked it").user;
    for (user, outcome) in outcomes {
        match outcome {
            Linking::Linked { .. } => assert_eq!(user, owner, "one wins"),
            outcome => assert_eq!(outcome, Linking::AlreadyLinked(owner)),
        }
    }
    for user in users.iter().filter(|user| user.id != owner) {
        assert_eq!(&stores.user(user).await, user);
    }
    assert_eq!(stores.pending().await, 1);
}

/// MUST link an identity to one account, however many ask at the same time, and name that to the others. Also
/// while it is unlinked from one and linked to another again and again.
pub async fn an_identity_that_is_handed_on_is_never_of_two_accounts(stores: &Stores) {
    let samples = Samples::default();
    let users = accounts(stores, &samples).await;
    let identity = samples.identity(users[0].id, "google");
    let linked = race(users, |user| {
        let (stores, identity) = (stores.clone(), LinkedIdentity { user: user.id, ..identity.clone() });
        async move {
            let mut linked = 0;
            for _ in 0..5 {
                let link = IdentityLink {
                    identity: identity.clone(),
                    right: LinkRight::LoggedIn,
                    mails: Vec::new(),
                };
                match stores.identities.link(link, after(1)).await.unwrap() {
                    Linking::Linked { reclaimed } => {
                        assert_eq!(reclaimed, None);
                        assert_eq!(stores.found(&identity).await.as_ref(), Some(&identity));
                        let unlinked = stores.identities.unlink(user.id, "google").await.unwrap();
                        assert_eq!(unlinked, Unlinking::Unlinked(vec![identity.clone()]));
                        linked += 1;
                    }
                    Linking::AlreadyLinked(other) => assert_ne!(other, user.id),
                    Linking::NoAccount => panic!("the account is there"),
                }
            }
            linked
        }
    })
    .await;
    assert!(linked.into_iter().sum::<u32>() > 0);
    assert_eq!(stores.found(&identity).await, None);
}

/// MUST verify an address that is proved for the first time, remove the password with its history and every
/// other identity, void every one-time token, and end every session, naming those it ended, all in one step
/// with the link. Of many at the same time the first does, and the others find the address verified.
pub async fn one_of_many_proofs_of_an_address_reclaims_the_account(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let former = stores.linked(&samples, user.id, "google").await;
    let session = samples.session(user.id, start());
    stores.sessions.open(session.clone(), opening_rule(5), start()).await.unwrap();
    let linkings = race(many(|| samples.link(user.id, "google", LinkRight::ProvedAddress)), |link| {
        let identities = Arc::clone(&stores.identities);
        async move { identities.link(link, after(1)).await.unwrap() }
    })
    .await;
    let (others, first): (Vec<_>, Vec<_>) =
        linkings.into_iter().partition(|linking| *linking == Linking::Linked { reclaimed: None });
    assert_eq!(first, [Linking::Linked { reclaimed: Some(vec![session.id]) }]);
    assert_eq!(others.len(), TASKS - 1);
    assert_eq!(stores.found(&former).await, None);
    assert_eq!(stores.identities.list(user.id).await.unwrap().len(), TASKS, "no link is lost");
}

/// Links identities, whose provider vouches for the user's address, while others at the same time `prove` it in
/// another way: how many of the links reclaimed the account, and how often the other proof was accepted.
async fn proofs_at_once<F>(
    stores: &Stores,
    samples: &Samples,
    user: &User,
    prove: impl Fn() -> F,
) -> (usize, usize)
where
    F: Future<Output = bool> + Send + 'static,
{
    let mut odd = false;
    let racers = many(|| {
        odd = !odd;
        odd.then(|| samples.link(user.id, "google", LinkRight::ProvedAddress))
    });
    let outcomes = race(racers, |link| {
        let (identities, prove) = (Arc::clone(&stores.identities), prove());
        async move {
            match link {
                Some(link) => match identities.link(link, after(1)).await.unwrap() {
                    Linking::Linked { reclaimed } => (reclaimed.is_some(), false),
                    other => panic!("the identity is new and the account is there: {other:?}"),
                },
                None => (false, prove.await),
            }
        }
    })
    .await;
    let linked = stores.identities.list(user.id).await.unwrap();
    assert_eq!(linked.iter().filter(|it| it.provider == "google").count(), TASKS / 2, "no link is lost");
    let count = |wanted: fn(&(bool, bool)) -> bool| outcomes.iter().filter(|it| wanted(it)).count();
    (count(|it| it.0), count(|it| it.1))
}

/// MUST verify an address that is proved for the first time, remove the password with its history and every
/// other identity, void every one-time token, and end every session, naming those it ended, all in one step
/// with the link. Where a reset comes first, its password stays, and what came with the account is gone as well.
pub async fn a_reset_or_a_link_proves_an_address_first(stores: &Stores) {
    let samples = Samples::default();
    for address in ["ada@example.com", "ben@example.com", "cleo@example.com"] {
        let user = stores.open(&samples, address).await;
        let former = stores.linked(&samples, user.id, "github").await;
        let token = samples.token(user.id, TokenPurpose::ResetPassword);
        stores.credentials.issue_token(token.clone(), Vec::new()).await.unwrap();
        let reset = samples.password_reset(&user, &token);
        let proofs = proofs_at_once(stores, &samples, &user, || {
            let (credentials, reset) = (Arc::clone(&stores.credentials), reset.clone());
            async move {
                let outcome = credentials.change_password(reset, after(1)).await.unwrap();
                matches!(outcome, PasswordChangeOutcome::Changed(_))
            }
        });
        let password = match proofs.await {
            (1, 0) => None,
            (0, 1) => Some(reset.hash.clone()),
            proofs => panic!("one is the first: {proofs:?}"),
        };
        let stored = stores.user(&user).await;
        assert_eq!((stored.password, stored.email_verified_at), (password.clone(), Some(after(1))));
        let history = stores.credentials.password_history(user.id, 1).await.unwrap();
        assert_eq!(history, Vec::from_iter(password));
        assert_eq!(stores.found(&former).await, None);
    }
}

/// MUST verify an address that is proved for the first time, remove the password with its history and every
/// other identity, void every one-time token, and end every session, naming those it ended, all in one step
/// with the link. Where a verification comes first, MUST leave the account as it is for a user who is logged in,
/// and where the address was verified before.
pub async fn a_verification_or_a_link_proves_an_address_first(stores: &Stores) {
    let samples = Samples::default();
    for address in ["ada@example.com", "ben@example.com", "cleo@example.com"] {
        let user = stores.open(&samples, address).await;
        let former = stores.linked(&samples, user.id, "github").await;
        let token = samples.token(user.id, TokenPurpose::VerifyEmail);
        stores.credentials.issue_token(token.clone(), Vec::new()).await.unwrap();
        let proofs = proofs_at_once(stores, &samples, &user, || {
            let (credentials, digest) = (Arc::clone(&stores.credentials), token.digest);
            async move { credentials.verify_email(&digest, after(1)).await.unwrap().is_some() }
        });
        let stays = match proofs.await {
            (1, 0) => false,
            (0, 1) => true,
            proofs => panic!("one is the first: {proofs:?}"),
        };
        let stored = stores.user(&user).await;
        assert_eq!(stored.password, user.password.filter(|_| stays));
        assert_eq!(stored.email_verified_at, Some(after(1)));
        assert_eq!(stores.found(&former).await, Some(former).filter(|_| stays));
    }
}

/// MUST leave every account a password or an identity, however many ask at the same time.
pub async fn unlinkings_at_once_leave_a_way_in(stores: &Stores) {
    let samples = Samples::default();
    for address in ["ada@example.com", "ben@example.com", "cleo@example.com"] {
        let mut account = samples.account(address);
        account.user.password = None;
        let user = stores.opened(account).await;
        let providers = ["google", "github"];
        for provider in providers {
            stores.linked(&samples, user.id, provider).await;
        }
        let mut turn = providers.into_iter().cycle();
        let racers = many(|| turn.next().expect("they go round"));
        let outcomes = race(racers, |provider| {
            let identities = Arc::clone(&stores.identities);
            async move { (provider, identities.unlink(user.id, provider).await.unwrap()) }
        })
        .await;
        let [left] = &stores.identities.list(user.id).await.unwrap()[..] else {
            panic!("one is left");
        };
        let mut unlinked = 0;
        for (provider, outcome) in outcomes {
            match outcome {
                Unlinking::Unlinked(identities) => {
                    assert!(identities.iter().all(|identity| identity.provider == provider));
                    unlinked += identities.len();
                }
                Unlinking::LastWayIn => assert_eq!(provider, left.provider),
                Unlinking::NotLinked => assert_ne!(provider, left.provider),
            }
        }
        assert_eq!(unlinked, 1);
    }
}
