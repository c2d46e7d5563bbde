//! Administrators who delete their own accounts: somebody is left who can administer the service.

use archon_app::{Caller, DeleteAccountError, Mandate, TokenPair};
use archon_domain::{EventKind, Role};

use crate::support::world::World;
use crate::under_faults::at_every_call;

/// Somebody who registers and is made an administrator.
async fn administrator(world: &World, name: &str) -> (Caller, TokenPair) {
    let pair = world.second.registered(name).await;
    let caller = world.first.authenticate(&pair).await.unwrap();
    let roles = [Role::user(), Role::admin()].into();
    world.second.auth.set_roles(&Mandate::command_line(None), caller.user, roles).await.unwrap();
    (caller, pair)
}

#[tokio::test(start_paused = true)]
async fn the_last_administrator_stays_and_stays_logged_in() {
    let world = World::calm().await;
    let (ada, pair) = administrator(&world, "ada").await;
    let refused = world.first.delete_account(&ada).await;
    assert!(matches!(refused, Err(DeleteAccountError::LastAdministrator)), "{refused:?}");
    world.assert_accepted(&pair).await;
    assert_eq!(world.events(EventKind::AccountDeleted).await, []);

    let (_, other) = administrator(&world, "grace").await;
    world.first.delete_account(&ada).await.unwrap();
    world.assert_refused(&pair).await;
    world.assert_accepted(&other).await;
}

#[tokio::test(start_paused = true)]
async fn of_two_administrators_who_go_one_is_left_whatever_fails() {
    at_every_call(async |world: &World| {
        let (ada, _) = administrator(world, "ada").await;
        let (grace, pair) = administrator(world, "grace").await;
        if world.act(world.first.delete_account(&ada)).await.is_none() {
            match world.second.delete_account(&ada).await {
                // The first had deleted it before it failed.
                Ok(()) | Err(DeleteAccountError::AccountGone) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        let refused = world.second.delete_account(&grace).await;
        assert!(matches!(refused, Err(DeleteAccountError::LastAdministrator)), "{refused:?}");
        world.assert_accepted(&pair).await;
    })
    .await;
}
