//! The use cases while a store fails at any call: whatever fails can be tried again, nothing acknowledged is
//! lost, no ended session comes back, and nobody's session is lost.

use archon_app::{AuthenticateError, ChangePasswordError, EndSessionError, LogInError, OwnPasswordError};
use archon_app::{DeleteAccountError, RefreshError, RegisterError, ResetPasswordError};
use archon_contract::faults::Fault;
use archon_domain::Span;
use archon_domain::ports::{SessionStore as _, TokenIssuer as _};

use crate::support::PATIENCE;
use crate::support::world::{MayFail, NEW_PASSWORD, PASSWORD, Trouble, World};

/// Every trouble there is.
fn troubles() -> [Trouble; 7] {
    [
        Trouble::Durable(Fault::Refused),
        Trouble::Durable(Fault::Unanswered),
        Trouble::Fast(Fault::Refused),
        Trouble::Fast(Fault::Unanswered),
        Trouble::Fast(Fault::Hanging),
        Trouble::Fast(Fault::Silent),
        Trouble::Killed,
    ]
}

/// Takes a journey with every trouble at every call of its action, until the action has no further call; and
/// all that again with a fast store that loses everything before every call.
pub(crate) async fn at_every_call(journey: impl AsyncFn(&World)) {
    for trouble in troubles() {
        for emptied in [false, true] {
            for place in 0.. {
                assert!(place < 100, "the action does not come to an end");
                let world = World::new(trouble.clone(), place, emptied).await;
                let bystander = world.second.registered("bystander").await;
                journey(&world).await;
                world.assert_accepted(&bystander).await;
                if !world.is_struck() {
                    let durable = !matches!(trouble, Trouble::Fast(_));
                    assert!(place > 0 || !durable, "the action has not asked the durable store");
                    break;
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn registering() {
    at_every_call(async |world: &World| {
        if world.act(world.first.register("ada")).await.is_none() {
            match world.second.register("ada").await {
                // The first had opened the account before it failed.
                Ok(_) | Err(RegisterError::EmailExists) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        let pair = world.second.log_in("ada", PASSWORD).await.unwrap();
        world.assert_accepted(&pair).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn logging_in() {
    at_every_call(async |world: &World| {
        let earlier = world.second.registered("ada").await;
        let pair = match world.act(world.first.log_in("ada", PASSWORD)).await {
            Some(pair) => pair,
            None => world.second.log_in("ada", PASSWORD).await.unwrap(),
        };
        world.assert_accepted(&pair).await;
        world.assert_accepted(&earlier).await;
        world.second.refresh(&pair).await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn authenticating() {
    // Of a session that the fast store has, and of one that it has not.
    for known in [true, false] {
        at_every_call(async |world: &World| {
            let pair = world.second.registered("ada").await;
            if !known {
                world.shared.cache.clear();
            }
            let action = async {
                // Asked of the durable store by this at least, so that there is a call to strike.
                world.first.refresh(&pair).await.map(drop).map_err(|error| match error {
                    RefreshError::Fault(fault) => AuthenticateError::Fault(fault),
                    error => panic!("{error:?}"),
                })?;
                world.first.authenticate(&pair).await.map(drop)
            };
            if world.act(action).await.is_none() {
                world.second.authenticate(&pair).await.unwrap();
            }
            world.assert_accepted(&pair).await;
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn refreshing() {
    at_every_call(async |world: &World| {
        let old = world.second.registered("ada").await;
        let new = match world.act(world.first.refresh(&old)).await {
            Some(new) => new,
            None => world.second.refresh(&old).await.unwrap(),
        };
        let again = world.second.refresh(&old).await.unwrap();
        assert_eq!(again.refresh_token, new.refresh_token, "a retry yields the very successor");
        let session = world.shared.store.find(&world.session_of(&old)).await.unwrap().unwrap();
        let now = archon_contract::samples::start();
        let spent = world.tokens.verify(old.refresh_token.expose(), archon_domain::TokenKind::Refresh, now);
        let last = session.refresh.last.expect("it has rotated");
        assert_eq!(last.predecessor, spent.unwrap().id, "it has rotated once");
        world.assert_accepted(&new).await;
        world.assert_accepted(&old).await;
        world.second.refresh(&new).await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn refreshing_again_in_the_grace_window() {
    at_every_call(async |world: &World| {
        let old = world.second.registered("ada").await;
        let new = world.second.refresh(&old).await.unwrap();
        let replayed = match world.act(world.first.refresh(&old)).await {
            Some(replayed) => replayed,
            None => world.second.refresh(&old).await.unwrap(),
        };
        assert_eq!(replayed.refresh_token, new.refresh_token);
        world.assert_accepted(&new).await;
        world.second.refresh(&new).await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn presenting_a_spent_token() {
    at_every_call(async |world: &World| {
        let old = world.second.registered("ada").await;
        let new = world.second.refresh(&old).await.unwrap();
        world.assert_accepted(&new).await;
        world.shared.clock.advance(Span::seconds(20));
        let present = async || match world.first.refresh(&old).await {
            Err(RefreshError::Reused) => Ok(()),
            Ok(_) => panic!("the token was spent"),
            Err(error) => Err(error),
        };
        if world.act(present()).await.is_none() {
            let again = world.second.refresh(&old).await;
            assert!(matches!(again, Err(RefreshError::Reused)), "{again:?}");
        }
        world.after_a_partition().await;
        world.assert_refused(&new).await;
        world.assert_refused(&old).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn ending_another_session() {
    at_every_call(async |world: &World| {
        let own = world.second.registered("ada").await;
        let other = world.first.log_in("ada", PASSWORD).await.unwrap();
        world.assert_accepted(&other).await;
        world.second.authenticate(&other).await.unwrap();
        let (caller, id) = (world.second.authenticate(&own).await.unwrap(), world.session_of(&other));
        if world.act(world.first.auth.end_session(&caller, &id)).await.is_none() {
            match world.second.auth.end_session(&caller, &id).await {
                // The first had ended it before it failed.
                Ok(()) | Err(EndSessionError::NotFound) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        world.after_a_partition().await;
        world.assert_refused(&other).await;
        world.assert_accepted(&own).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn ending_all_other_sessions() {
    at_every_call(async |world: &World| {
        let own = world.second.registered("ada").await;
        let others = [(); 2].map(|()| world.second.log_in("ada", PASSWORD));
        let others = futures::future::try_join_all(others).await.unwrap();
        let caller = world.second.authenticate(&own).await.unwrap();
        if world.act(world.first.auth.end_other_sessions(&caller)).await.is_none() {
            world.second.auth.end_other_sessions(&caller).await.unwrap();
        }
        world.after_a_partition().await;
        for other in &others {
            world.assert_refused(other).await;
        }
        world.assert_accepted(&own).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn changing_the_password() {
    at_every_call(async |world: &World| {
        let own = world.second.registered("ada").await;
        let other = world.second.log_in("ada", PASSWORD).await.unwrap();
        let caller = world.second.authenticate(&own).await.unwrap();
        if world.act(world.first.change_password(&caller)).await.is_none() {
            match world.second.change_password(&caller).await {
                Ok(()) => {}
                // The first had changed it before it failed. Nobody was told, and within a second it is known.
                Err(ChangePasswordError::Current(OwnPasswordError::Wrong)) => world.a_second_passes().await,
                Err(error) => panic!("{error:?}"),
            }
        }
        world.after_a_partition().await;
        world.assert_refused(&other).await;
        world.assert_accepted(&own).await;
        let refused = world.second.log_in("ada", PASSWORD).await;
        assert!(matches!(refused, Err(LogInError::InvalidCredentials)), "{refused:?}");
        world.second.log_in("ada", NEW_PASSWORD).await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn asking_for_a_reset() {
    at_every_call(async |world: &World| {
        let pair = world.second.registered("ada").await;
        if world.act(world.first.request_reset("ada")).await.is_none() {
            world.second.request_reset("ada").await.unwrap();
        }
        // A try whose answer was lost may have queued a mail as well.
        for token in world.reset_tokens().await {
            assert!(world.second.auth.reset_token_is_good(&token).await.unwrap());
        }
        assert!(!world.reset_tokens().await.is_empty(), "nothing acknowledged is lost");
        world.assert_accepted(&pair).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn asking_for_a_reset_of_nobody() {
    at_every_call(async |world: &World| {
        if world.act(world.first.request_reset("nobody")).await.is_none() {
            world.second.request_reset("nobody").await.unwrap();
        }
        assert_eq!(world.reset_tokens().await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn resetting_the_password() {
    at_every_call(async |world: &World| {
        let pairs =
            [world.second.registered("ada").await, world.second.log_in("ada", PASSWORD).await.unwrap()];
        for pair in &pairs {
            world.assert_accepted(pair).await;
        }
        let token = world.reset_token("ada").await;
        if world.act(world.first.reset_password(&token, NEW_PASSWORD)).await.is_none() {
            match world.second.reset_password(&token, NEW_PASSWORD).await {
                Ok(_) => {}
                // The first had reset it before it failed. Nobody was told, and within a second it is known.
                Err(ResetPasswordError::InvalidToken) => world.a_second_passes().await,
                Err(error) => panic!("{error:?}"),
            }
        }
        world.after_a_partition().await;
        for pair in &pairs {
            world.assert_refused(pair).await;
        }
        let refused = world.second.log_in("ada", PASSWORD).await;
        assert!(matches!(refused, Err(LogInError::InvalidCredentials)), "{refused:?}");
        world.second.log_in("ada", NEW_PASSWORD).await.unwrap();
        let spent = world.second.reset_password(&token, "Other.Password-9!").await;
        assert!(matches!(spent, Err(ResetPasswordError::InvalidToken)), "{spent:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn logging_out() {
    at_every_call(async |world: &World| {
        let other = world.second.registered("ada").await;
        let pair = world.second.log_in("ada", PASSWORD).await.unwrap();
        let caller = world.first.authenticate(&pair).await.unwrap();
        if world.act(world.first.auth.log_out(&caller)).await.is_none() {
            match world.second.authenticate(&pair).await {
                Ok(caller) => world.second.auth.log_out(&caller).await.unwrap(),
                // The first had ended the session before it failed.
                Err(AuthenticateError::SessionEnded(_) | AuthenticateError::Revoked) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        world.after_a_partition().await;
        world.assert_refused(&pair).await;
        world.assert_accepted(&other).await;
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn deleting_the_account() {
    at_every_call(async |world: &World| {
        let pair = world.second.registered("ada").await;
        let other = world.second.log_in("ada", PASSWORD).await.unwrap();
        let caller = world.first.authenticate(&pair).await.unwrap();
        if world.act(world.first.delete_account(&caller)).await.is_none() {
            match world.second.delete_account(&caller).await {
                Ok(()) | Err(DeleteAccountError::AccountGone) => {}
                Err(error) => panic!("{:?}", error.failure()),
            }
        }
        // The rows are gone with the account, so nobody else finds out: what the first could not tell, it owes.
        for service in world.services() {
            assert!(service.keeper.try_close(PATIENCE).await);
        }
        world.assert_refused(&pair).await;
        world.assert_refused(&other).await;
        world.second.registered("ada").await;
    })
    .await;
}
