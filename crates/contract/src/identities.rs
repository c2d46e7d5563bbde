//! What an [`archon_domain::ports::Identities`] must do.

use archon_domain::{IdentityLink, LinkRight, LinkedIdentity, Linking, Span, Unlinking, User};

use crate::Stores;
use crate::samples::{Samples, after, start, tick};
use crate::stores::assert_same_user;

mod linking;

pub use linking::*;

/// Runs the suite of `Identities` on the [`Stores`] of a fixture.
#[macro_export]
macro_rules! identities {
    ($fixture:ident) => {
        $crate::cases! {
            identities of $crate::Stores: $fixture,
            cases [
                an_identity_is_found_by_its_provider_and_its_subject_to_the_letter,
                identities_are_listed_the_first_linked_first,
                a_linked_identity_names_its_account,
                nothing_is_linked_to_an_account_that_is_gone,
                a_link_queues_its_mails,
                a_link_that_fails_queues_and_changes_nothing,
                a_link_of_who_is_logged_in_leaves_the_account_as_it_is,
                a_link_to_a_verified_address_leaves_the_account_as_it_is,
                an_address_that_is_proved_takes_everything_that_lets_others_back_in,
                an_account_is_reclaimed_once,
                unlinking_removes_the_identities_of_one_provider,
                the_last_way_in_stays,
            ],
            concurrency [
                one_of_many_links_of_an_identity_wins,
                an_identity_that_is_handed_on_is_never_of_two_accounts,
                one_of_many_proofs_of_an_address_reclaims_the_account,
                a_reset_or_a_link_proves_an_address_first,
                a_verification_or_a_link_proves_an_address_first,
                unlinkings_at_once_leave_a_way_in,
            ],
        }
    };
}

/// MUST find an identity by its provider and its subject, both to the letter.
pub async fn an_identity_is_found_by_its_provider_and_its_subject_to_the_letter(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let longest = "ä".repeat(150);
    let names = [
        ("google", "Subject"),
        ("google", "subject"),
        ("google", "Subject "),
        ("Google", "Subject"),
        ("github", "4711"),
        ("github", &longest),
        ("https://login.example.com/realms/ü", "o'clock; -- \"x\" \\ %"),
    ];
    let identities: Vec<_> = names
        .iter()
        .zip([&user, &other].into_iter().cycle())
        .map(|((provider, subject), owner)| LinkedIdentity {
            subject: (*subject).to_owned(),
            email: (owner.id == user.id).then(|| "Ada@Example.com".to_owned()),
            ..samples.identity(owner.id, provider)
        })
        .collect();
    for identity in &identities {
        let link =
            IdentityLink { identity: identity.clone(), ..samples.link(user.id, "", LinkRight::LoggedIn) };
        let linking = stores.identities.link(link, start()).await.unwrap();
        assert_eq!(linking, Linking::Linked { reclaimed: None }, "{identity:?}");
    }
    for identity in &identities {
        assert_eq!(stores.found(identity).await.as_ref(), Some(identity));
    }
    for (provider, subject) in [
        ("github", "Subject"),
        ("GitHub", "4711"),
        ("google", " Subject"),
        ("google", "Sub%"),
        ("google", "S_bject"),
        ("google", ""),
        ("", "4711"),
    ] {
        let found = stores.identities.find(provider, subject).await.unwrap();
        assert_eq!(found, None, "{provider} {subject:?}");
    }
}

/// MUST list the identities of the account only, the first linked first.
pub async fn identities_are_listed_the_first_linked_first(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let mut linked = Vec::new();
    // Neither in the order of their names nor in that of the calls.
    for (provider, ticks) in [("google", 3), ("acme", 4), ("github", 1), ("google", 2), ("microsoft", 5)] {
        let mut link = samples.link(user.id, provider, LinkRight::LoggedIn);
        link.identity.created_at = start() + Span::microseconds(ticks);
        linked.push(link.identity.clone());
        stores.identities.link(link, start()).await.unwrap();
    }
    let others = stores.linked(&samples, other.id, "google").await;
    linked.sort_by_key(|identity| identity.created_at);
    assert_eq!(stores.identities.list(user.id).await.unwrap(), linked);
    assert_eq!(stores.identities.list(other.id).await.unwrap(), [others]);
    assert_eq!(stores.identities.list(samples.user_id()).await.unwrap(), []);
}

/// An account that has nothing but what is given.
async fn account(stores: &Stores, samples: &Samples, address: &str, has_password: bool) -> User {
    let mut account = samples.account(address);
    account.user.password = account.user.password.filter(|_| has_password);
    stores.opened(account).await
}

/// MUST remove the account's identities of the provider, name them, and leave all others alone.
pub async fn unlinking_removes_the_identities_of_one_provider(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let mut later = samples.link(user.id, "google", LinkRight::LoggedIn);
    later.identity.created_at += tick();
    stores.identities.link(later.clone(), start()).await.unwrap();
    let first = stores.linked(&samples, user.id, "google").await;
    let kept = stores.linked(&samples, user.id, "github").await;
    let others = stores.linked(&samples, other.id, "google").await;

    let unlink =
        async |owner: &User, provider: &str| stores.identities.unlink(owner.id, provider).await.unwrap();
    for (owner, provider) in [(&user, "microsoft"), (&user, "Google"), (&user, "%"), (&other, "github")] {
        assert_eq!(unlink(owner, provider).await, Unlinking::NotLinked, "{provider}");
    }
    assert_eq!(stores.identities.unlink(samples.user_id(), "google").await.unwrap(), Unlinking::NotLinked);
    let unlinked = vec![first.clone(), later.identity.clone()];
    assert_eq!(unlink(&user, "google").await, Unlinking::Unlinked(unlinked));

    assert_eq!(stores.identities.list(user.id).await.unwrap(), std::slice::from_ref(&kept));
    assert_eq!(stores.found(&first).await, None);
    assert_eq!(stores.found(&others).await.as_ref(), Some(&others));
    assert_eq!(unlink(&user, "google").await, Unlinking::NotLinked, "it is unlinked already");
    assert_eq!(unlink(&user, "github").await, Unlinking::Unlinked(vec![kept]), "there is a password");
    assert_same_user(&stores.user(&user).await, &user);

    // What is unlinked is free for everybody.
    let again = IdentityLink {
        identity: LinkedIdentity { user: other.id, ..first },
        ..samples.link(other.id, "google", LinkRight::LoggedIn)
    };
    let linking = stores.identities.link(again, after(1)).await.unwrap();
    assert_eq!(linking, Linking::Linked { reclaimed: None });
}

/// MUST leave every account a password or an identity, however many ask at the same time.
pub async fn the_last_way_in_stays(stores: &Stores) {
    let samples = Samples::default();
    let user = account(stores, &samples, "ada@example.com", false).await;
    let mut google = Vec::new();
    for _ in 0..2 {
        google.push(stores.linked(&samples, user.id, "google").await);
    }
    let unlink = async |provider: &str| stores.identities.unlink(user.id, provider).await.unwrap();
    assert_eq!(unlink("google").await, Unlinking::LastWayIn, "both would go");
    assert_eq!(unlink("github").await, Unlinking::NotLinked);
    for identity in &google {
        assert_eq!(stores.found(identity).await.as_ref(), Some(identity));
    }
    let github = stores.linked(&samples, user.id, "github").await;
    assert!(matches!(unlink("google").await, Unlinking::Unlinked(unlinked) if unlinked.len() == 2));
    assert_eq!(unlink("github").await, Unlinking::LastWayIn);
    assert_eq!(stores.found(&github).await.as_ref(), Some(&github));

    stores.credentials.change_password(samples.password_change(&user), after(1)).await.unwrap();
    assert_eq!(unlink("github").await, Unlinking::Unlinked(vec![github]), "a password is a way in");
}
