//! Logging in with a provider while a store fails, or somebody else is faster, at any call.

use archon_app::{LogInError, LoggedIn, ProviderLogInError, TokenPair};
use archon_contract::faults::{Fault, Hold};
use archon_contract::samples::email;
use archon_domain::ports::{Identities as _, UserRepo as _};

use crate::support::world::{NEW_PASSWORD, PASSWORD, World};
use crate::under_faults::at_every_call;

#[tokio::test(start_paused = true)]
async fn logging_in_with_a_provider_for_the_first_time() {
    at_every_call(async |world: &World| {
        world.shared.provider.vouch("code", "ada-1", "ada@example.com");
        let logged_in = match world.act(world.first.log_in_with("google", "code")).await {
            Some(logged_in) => logged_in,
            None => world.second.log_in_with("google", "code").await.unwrap(),
        };
        assert_eq!(world.shared.store.list(logged_in.user.id).await.unwrap().len(), 1);
        world.assert_accepted(&logged_in.tokens).await;
        let again = world.second.log_in_with("google", "code").await.unwrap();
        assert_eq!(again.user.id, logged_in.user.id);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn taking_an_account_back() {
    at_every_call(async |world: &World| {
        let hijacker = world.second.registered("ada").await;
        world.assert_accepted(&hijacker).await;
        world.shared.provider.vouch("code", "ada-1", "ada@example.com");
        let owner = match world.act(world.first.log_in_with("google", "code")).await {
            Some(logged_in) => logged_in,
            None => {
                let logged_in = world.second.log_in_with("google", "code").await.unwrap();
                // The first may have linked it before it failed. Nobody was told, and within a second it is known.
                world.a_second_passes().await;
                logged_in
            }
        };
        world.after_a_partition().await;
        world.assert_refused(&hijacker).await;
        world.assert_accepted(&owner.tokens).await;
        assert!(owner.user.password.is_none());
        let refused = world.second.log_in("ada", PASSWORD).await;
        assert!(matches!(refused, Err(LogInError::InvalidCredentials)), "{refused:?}");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn unlinking_a_provider() {
    at_every_call(async |world: &World| {
        let ada = world.verified("ada").await;
        world.shared.provider.vouch("code", "ada-1", "elsewhere@example.com");
        world.second.link_with(&ada, "google", "code").await.unwrap();
        if world.act(world.first.auth.unlink_provider(&ada, "google")).await.is_none() {
            match world.second.auth.unlink_provider(&ada, "google").await {
                // The first had unlinked it before it failed.
                Ok(()) | Err(archon_app::UnlinkError::NotLinked) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(world.shared.store.list(ada.user).await.unwrap(), []);
        world.second.log_in("ada", PASSWORD).await.unwrap();
    })
    .await;
}

/// Lets `rival` do something while each call of `action` in turn is held up, until there is no further call.
async fn meanwhile_at_every_call<T>(
    prepare: impl AsyncFn(&World),
    action: impl AsyncFn(&World) -> T,
    rival: impl AsyncFn(&World),
    judge: impl AsyncFn(&World, T),
) {
    for place in 0.. {
        assert!(place < 100, "the action does not come to an end");
        let world = World::calm().await;
        prepare(&world).await;
        let hold = Hold::default();
        world.first.durable.strike_one(place, Fault::Held(hold.clone()));
        let reached = async {
            hold.reached().await;
            rival(&world).await;
            hold.release();
        };
        let (outcome, struck) = {
            let (mut action, mut reached) = (Box::pin(action(&world)), Box::pin(reached));
            tokio::select! {
                biased;
                outcome = &mut action => (outcome, false),
                () = &mut reached => (action.await, true),
            }
        };
        world.first.durable.heal();
        judge(&world, outcome).await;
        if !struck {
            assert!(place > 0, "the action has not asked the durable store");
            break;
        }
    }
}

/// Whoever has opened the account before its owner comes, by a provider that vouches for nothing.
async fn prepare_hijack(world: &World) {
    world.shared.other_provider.tell_unvouched("his", "his-1", Some("ada@example.com"));
    world.second.log_in_with("other", "his").await.unwrap();
    world.shared.provider.vouch("code", "ada-1", "ada@example.com");
}

#[tokio::test]
async fn a_log_in_by_an_identity_that_goes_meanwhile_leaves_no_session() {
    let by_provider = async |world: &World| {
        world.second.log_in_with("google", "code").await.unwrap();
    };
    let by_reset = async |world: &World| {
        let token = world.reset_token("ada").await;
        world.second.reset_password(&token, NEW_PASSWORD).await.unwrap();
    };
    let hijacker = async |world: &World| world.first.log_in_with("other", "his").await;
    let judge = async |world: &World, outcome: Result<LoggedIn, ProviderLogInError>| match outcome {
        Ok(hijacker) if world.shared.store.list(hijacker.user.id).await.unwrap()[0].subject != "his-1" => {
            world.assert_refused(&hijacker.tokens).await;
        }
        // Nobody came meanwhile.
        Ok(_) => {}
        Err(ProviderLogInError::AccountExists) => {}
        Err(error) => panic!("{error:?}"),
    };
    meanwhile_at_every_call(prepare_hijack, hijacker, by_provider, judge).await;
    let judge = async |world: &World, outcome: Result<LoggedIn, ProviderLogInError>| match outcome {
        Ok(hijacker) if world.shared.store.list(hijacker.user.id).await.unwrap().is_empty() => {
            world.assert_refused(&hijacker.tokens).await;
        }
        Ok(_) => {}
        Err(ProviderLogInError::AccountExists) => {}
        Err(error) => panic!("{error:?}"),
    };
    meanwhile_at_every_call(prepare_hijack, hijacker, by_reset, judge).await;
}

#[tokio::test]
async fn a_log_in_by_a_password_that_goes_meanwhile_leaves_no_session() {
    let prepare = async |world: &World| {
        world.second.registered("ada").await;
        world.shared.provider.vouch("code", "ada-1", "ada@example.com");
    };
    let hijacker = async |world: &World| world.first.log_in("ada", PASSWORD).await;
    let owner = async |world: &World| {
        world.second.log_in_with("google", "code").await.unwrap();
    };
    let judge = async |world: &World, outcome: Result<TokenPair, LogInError>| {
        let ada = world.shared.store.find_by_email(email("ada@example.com").key()).await.unwrap().unwrap();
        match outcome {
            Ok(hijacker) if ada.password.is_none() => world.assert_refused(&hijacker).await,
            Ok(_) => {}
            Err(LogInError::InvalidCredentials) => {}
            Err(error) => panic!("{error:?}"),
        }
    };
    meanwhile_at_every_call(prepare, hijacker, owner, judge).await;
}

#[tokio::test]
async fn an_owner_who_is_held_up_gets_in_all_the_same() {
    let owner = async |world: &World| world.first.log_in_with("google", "code").await;
    let hijacker = async |world: &World| {
        // Let in until the account has changed hands.
        let _ = world.second.log_in_with("other", "his").await;
    };
    let judge = async |world: &World, outcome: Result<LoggedIn, ProviderLogInError>| {
        world.assert_accepted(&outcome.unwrap().tokens).await;
        let refused = world.second.log_in_with("other", "his").await;
        assert!(matches!(refused, Err(ProviderLogInError::AccountExists)), "{refused:?}");
    };
    meanwhile_at_every_call(prepare_hijack, owner, hijacker, judge).await;
}
