//! What administrators do, on replicas that share a fast store: what they end is over everywhere at once, also
//! where a store fails meanwhile, and who administers is read from the account each time.

use std::collections::BTreeSet;

use archon_app::{
    AdministerError, AdministratorError, AuthenticateError, CreateUser, Mandate, TokenPair, UserSearch,
};
use archon_contract::samples::email;
use archon_domain::{EventKind, Password, PasswordPolicy, PersonName, Role, User, UserId};

use crate::support::PATIENCE;
use crate::support::world::{MayFail as _, PASSWORD, World};
use crate::under_faults::at_every_call;

fn mandate() -> Mandate {
    Mandate::command_line(None)
}

fn roles(words: &[&str]) -> BTreeSet<Role> {
    words.iter().map(|word| Role::parse(word).unwrap()).collect()
}

/// Opens the account of an administrator.
async fn administrator(world: &World, name: &str) -> User {
    let (email, name) = (email(&format!("{name}@example.com")), PersonName::parse(name).unwrap());
    let password = PasswordPolicy::default().accept("password", Password::new(PASSWORD), None, None).unwrap();
    let create = CreateUser { email, password, name, roles: roles(&["admin"]), email_verified: true };
    world.second.auth.create_user(&mandate(), create).await.unwrap()
}

async fn user_of(world: &World, pair: &TokenPair) -> UserId {
    world.second.authenticate(pair).await.unwrap().user
}

/// Somebody who is logged in twice.
async fn logged_in_twice(world: &World) -> (UserId, [TokenPair; 2]) {
    let pairs = [world.second.registered("ada").await, world.second.log_in("ada", PASSWORD).await.unwrap()];
    (user_of(world, &pairs[0]).await, pairs)
}

#[tokio::test(start_paused = true)]
async fn disabling_a_user() {
    at_every_call(async |world: &World| {
        let (user, pairs) = logged_in_twice(world).await;
        if world.act(world.first.auth.disable_user(&mandate(), user)).await.is_none() {
            world.second.auth.disable_user(&mandate(), user).await.unwrap();
        }
        world.after_a_partition().await;
        for pair in &pairs {
            world.assert_refused(pair).await;
        }
        world.second.log_in("ada", PASSWORD).await.unwrap_err();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn ending_a_users_sessions() {
    at_every_call(async |world: &World| {
        let (user, pairs) = logged_in_twice(world).await;
        if world.act(world.first.auth.end_sessions_of(&mandate(), user)).await.is_none() {
            world.second.auth.end_sessions_of(&mandate(), user).await.unwrap();
        }
        world.after_a_partition().await;
        for pair in &pairs {
            world.assert_refused(pair).await;
        }
        world.second.log_in("ada", PASSWORD).await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn ending_one_of_a_users_sessions() {
    at_every_call(async |world: &World| {
        let (user, [ended, other]) = logged_in_twice(world).await;
        let session = world.session_of(&ended);
        if world.act(world.first.auth.end_session_of(&mandate(), user, &session)).await.is_none() {
            match world.second.auth.end_session_of(&mandate(), user, &session).await {
                Ok(()) | Err(AdministerError::UnknownSession) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        world.after_a_partition().await;
        world.assert_refused(&ended).await;
        world.assert_accepted(&other).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn deleting_a_user() {
    at_every_call(async |world: &World| {
        let (user, pairs) = logged_in_twice(world).await;
        if world.act(world.first.auth.delete_user(&mandate(), user)).await.is_none() {
            match world.second.auth.delete_user(&mandate(), user).await {
                Ok(()) | Err(AdministerError::UnknownUser) => {}
                Err(error) => panic!("{:?}", error.failure()),
            }
        }
        // The rows are gone with the account, so nobody else finds out: what the first could not tell, it owes.
        for service in world.services() {
            assert!(service.keeper.try_close(PATIENCE).await);
        }
        for pair in &pairs {
            world.assert_refused(pair).await;
        }
        world.second.registered("ada").await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_an_administrator_ends_is_over_on_the_other_replica_at_once() {
    let world = World::calm().await;
    let (user, pairs) = logged_in_twice(&world).await;
    // Both replicas know the sessions by the fast store.
    for service in [&world.first, &world.second] {
        for pair in &pairs {
            service.authenticate(pair).await.unwrap();
        }
    }
    assert_eq!(world.first.auth.end_sessions_of(&mandate(), user).await.unwrap(), 2);
    for pair in &pairs {
        let refused = world.second.authenticate(pair).await;
        assert!(matches!(refused, Err(AuthenticateError::SessionEnded(_))), "{refused:?}");
    }
    assert_eq!(world.first.auth.end_sessions_of(&mandate(), user).await.unwrap(), 0);
    assert_eq!(world.events(EventKind::AdminAction).await.len(), 2, "each action is recorded");
}

#[tokio::test(start_paused = true)]
async fn who_was_an_administrator_a_moment_ago_is_none_any_more() {
    let world = World::calm().await;
    let (root, _) = (administrator(&world, "root").await, administrator(&world, "other").await);
    let pair = world.second.log_in("root", PASSWORD).await.unwrap();
    let caller = world.first.authenticate(&pair).await.unwrap();
    assert!(caller.roles.contains(&Role::admin()));
    world.first.auth.administrator(caller.clone()).await.unwrap();

    let forbidden = async || {
        let refused = world.first.auth.administrator(caller.clone()).await;
        matches!(refused, Err(AdministratorError::Forbidden))
    };
    world.second.auth.set_roles(&mandate(), root.id, roles(&["user"])).await.unwrap();
    assert!(forbidden().await, "demoted");
    world.second.auth.set_roles(&mandate(), root.id, roles(&["admin"])).await.unwrap();
    assert!(!forbidden().await);
    world.second.auth.disable_user(&mandate(), root.id).await.unwrap();
    assert!(forbidden().await, "shut");
    world.second.auth.delete_user(&mandate(), root.id).await.unwrap();
    assert!(forbidden().await, "deleted");
}

#[tokio::test(start_paused = true)]
async fn a_token_from_before_the_role_does_not_administer_but_pages_go_by_the_account() {
    let world = World::calm().await;
    let pair = world.second.registered("ada").await;
    let caller = world.first.authenticate(&pair).await.unwrap();
    let refused = world.first.auth.administrator_of_pages(caller.clone()).await;
    assert!(matches!(refused, Err(AdministratorError::Forbidden)), "{refused:?}");
    world.second.auth.set_roles(&mandate(), caller.user, roles(&["admin"])).await.unwrap();
    let refused = world.first.auth.administrator(caller.clone()).await;
    assert!(matches!(refused, Err(AdministratorError::Forbidden)), "{refused:?}");
    world.first.auth.administrator_of_pages(caller).await.unwrap();
    let renewed = world.first.refresh(&pair).await.unwrap();
    let caller = world.first.authenticate(&renewed).await.unwrap();
    world.first.auth.administrator(caller).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_last_administrator_keeps_everything() {
    let world = World::calm().await;
    let root = administrator(&world, "root").await;
    let pair = world.second.log_in("root", PASSWORD).await.unwrap();
    let auth = &world.first.auth;
    let refused = [
        auth.disable_user(&mandate(), root.id).await.map(drop),
        auth.set_roles(&mandate(), root.id, roles(&["user"])).await.map(drop),
        auth.delete_user(&mandate(), root.id).await,
    ];
    for refused in refused {
        assert!(matches!(refused, Err(AdministerError::LastAdministrator)), "{refused:?}");
    }
    world.assert_accepted(&pair).await;
    assert_eq!(world.events(EventKind::AdminAction).await.len(), 1, "nothing was done but the creation");
    administrator(&world, "other").await;
    auth.delete_user(&mandate(), root.id).await.unwrap();
    let found = auth.find_users(&UserSearch::default().with_query("root@"), None, 10).await.unwrap();
    assert_eq!(found.items, []);
}
