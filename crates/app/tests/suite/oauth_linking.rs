//! Linking providers to an account and unlinking them.

use archon_app::{BeginLinkingError, LinkProviderError, UnlinkError};
use archon_domain::ports::Identities as _;

use crate::support::oauth::listed;
use crate::support::world::{NEW_PASSWORD, World};

#[tokio::test]
async fn a_user_links_a_provider_and_logs_in_with_it() {
    let world = World::calm().await;
    let ada = world.verified("ada").await;
    // The address does not matter: the user is logged in on both sides.
    world.shared.provider.tell_unvouched("code", "ada-1", Some("elsewhere@example.com"));
    let linked = world.first.link_with(&ada, "google", "code").await.unwrap();
    assert_eq!((linked.user, linked.provider.as_str()), (ada.user, "google"));
    let again = world.second.link_with(&ada, "google", "code").await.unwrap();
    assert_eq!(again, linked, "it is linked once");
    assert_eq!(world.first.auth.identities(&ada).await.unwrap(), [linked]);
    assert_eq!(world.second.log_in_with("google", "code").await.unwrap().user.id, ada.user);

    let bob = world.verified("bob").await;
    let refused = world.first.link_with(&bob, "google", "code").await;
    assert!(matches!(refused, Err(LinkProviderError::IdentityTaken)), "{refused:?}");
    assert_eq!(world.first.auth.identities(&bob).await.unwrap(), []);
}

/// The Trojan identifier attack (Sudhodanan and Paverd 2022): whoever has opened an account with somebody else's
/// address leaves a way in behind for when that person takes it over.
#[tokio::test]
async fn nobody_links_a_provider_before_the_address_is_proved() {
    let world = World::calm().await;
    let pair = world.second.registered("ada").await;
    let caller = world.first.authenticate(&pair).await.unwrap();
    let refused = world.first.auth.begin_linking(&caller, "google".to_owned(), listed()).await;
    assert!(matches!(refused, Err(BeginLinkingError::EmailNotVerified)), "{refused:?}");
    assert!(world.shared.provider.flows().is_empty());
}

/// The same attack by way of an account that was opened with a provider which does not vouch for the address.
#[tokio::test]
async fn a_reset_by_the_owner_of_the_address_removes_what_was_linked_before() {
    let world = World::calm().await;
    world.shared.provider.tell_unvouched("his", "his-1", Some("ada@example.com"));
    let hijacker = world.first.log_in_with("google", "his").await.unwrap();
    let token = world.reset_token("ada").await;
    world.second.reset_password(&token, NEW_PASSWORD).await.unwrap();
    world.assert_refused(&hijacker.tokens).await;
    assert_eq!(world.shared.store.list(hijacker.user.id).await.unwrap(), []);
    let refused = world.first.log_in_with("google", "his").await;
    assert!(matches!(refused, Err(archon_app::ProviderLogInError::AccountExists)), "{refused:?}");
    world.second.log_in("ada", NEW_PASSWORD).await.unwrap();
}

#[tokio::test]
async fn the_last_way_in_stays() {
    let world = World::calm().await;
    world.shared.provider.vouch("code", "ada-1", "ada@example.com");
    world.shared.other_provider.vouch("code", "ada-2", "ada@example.com");
    let logged_in = world.first.log_in_with("google", "code").await.unwrap();
    let ada = world.first.authenticate(&logged_in.tokens).await.unwrap();
    assert!(!world.first.auth.has_password(&ada).await.unwrap());
    let unlink = async |provider: &str| world.first.auth.unlink_provider(&ada, provider).await;

    assert!(matches!(unlink("google").await, Err(UnlinkError::LastWayIn)));
    assert!(matches!(unlink("other").await, Err(UnlinkError::NotLinked)));
    assert!(matches!(unlink("nobody").await, Err(UnlinkError::NotLinked)));
    world.second.log_in_with("other", "code").await.unwrap();
    unlink("google").await.unwrap();
    assert!(matches!(unlink("google").await, Err(UnlinkError::NotLinked)));
    assert!(matches!(unlink("other").await, Err(UnlinkError::LastWayIn)));

    let token = world.reset_token("ada").await;
    world.second.reset_password(&token, NEW_PASSWORD).await.unwrap();
    unlink("other").await.unwrap();
    assert_eq!(world.first.auth.identities(&ada).await.unwrap(), []);
    world.second.log_in("ada", NEW_PASSWORD).await.unwrap();
}

#[tokio::test]
async fn the_export_has_the_linked_providers() {
    let world = World::calm().await;
    world.shared.provider.vouch("code", "ada-1", "ada@example.com");
    let logged_in = world.first.log_in_with("google", "code").await.unwrap();
    let ada = world.first.authenticate(&logged_in.tokens).await.unwrap();
    let export = world.first.auth.export_account(&ada).await.unwrap();
    assert_eq!(export.identities, world.shared.store.list(ada.user).await.unwrap());
    assert_eq!(export.identities.len(), 1);
}
