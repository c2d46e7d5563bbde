//! Logging in with a provider: whose account it is, and what a state is good for.

use archon_app::{
    BeginOauth, BeginOauthError, CallbackError, CallbackOutcome, LogInError, LoggedIn, ProviderCallback,
    ProviderLogInError, RedirectTarget, StateRefusal,
};
use archon_contract::samples::email;
use archon_domain::ports::{EventLog as _, Identities as _, Outbox as _, UserRepo as _};
use archon_domain::{
    Amendment, MailMessage, OauthPurpose, ProviderFault, ProviderStep, SecurityEvent, Span, User, UserStatus,
};
use serde_json::Value;

use crate::support::log::Log;
use crate::support::oauth::{callback, listed};
use crate::support::world::{PASSWORD, World, client};

const ADA: &str = "ada@example.com";

async fn user_of(world: &World, address: &str) -> Option<User> {
    world.shared.store.find_by_email(email(address).key()).await.unwrap()
}

async fn the_user(world: &World, address: &str) -> User {
    user_of(world, address).await.expect("the account is there")
}

/// The security events of an account, the newest first, with what stands in a detail of each.
async fn events(world: &World, user: &User) -> Vec<SecurityEvent> {
    world.first.auth.recorder().flush().await;
    world.shared.store.of_user(user.id, 100).await.unwrap()
}

fn details<'a>(events: &'a [SecurityEvent], kind: &str, detail: &str) -> Vec<&'a Value> {
    let of_kind = events.iter().filter(|event| event.kind.as_str() == kind);
    of_kind.filter_map(|event| event.details.get(detail)).collect()
}

#[track_caller]
fn assert_state_refused(outcome: Result<LoggedIn, ProviderLogInError>, expected: StateRefusal) {
    match outcome {
        Err(ProviderLogInError::Callback(CallbackError::InvalidState(refusal))) => {
            assert_eq!(refusal, expected);
        }
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn a_first_log_in_opens_an_account_and_the_next_ones_find_it() {
    let world = World::calm().await;
    world.shared.provider.vouch("code", "ada-1", ADA);
    let first = world.first.log_in_with("google", "code").await.unwrap();
    assert_eq!(first.user.name.as_str(), "Ada at the Provider");
    assert!(first.user.email_verified() && first.user.password.is_none());
    world.assert_accepted(&first.tokens).await;
    let mails = world.shared.store.pending(10).await.unwrap();
    assert_eq!(mails.len(), 1);
    assert!(matches!(mails[0].mail.message, MailMessage::Welcome), "there is nothing to verify");

    // Whatever the address says by now: who the user is does not hang on it.
    world.shared.provider.vouch("code", "ada-1", "countess@example.com");
    let again = world.second.log_in_with("google", "code").await.unwrap();
    assert_eq!((again.user.id, again.user.email.as_typed()), (first.user.id, ADA));
    world.shared.provider.tell_unvouched("code", "ada-1", None);
    assert_eq!(world.first.log_in_with("google", "code").await.unwrap().user.id, first.user.id);
    assert!(user_of(&world, "countess@example.com").await.is_none());
    world.assert_accepted(&first.tokens).await;

    world.second.auth.recorder().flush().await;
    let events = events(&world, &first.user).await;
    let mut ways: Vec<_> = details(&events, "oauth_login", "how").into_iter().map(Value::as_str).collect();
    ways.sort();
    assert_eq!(ways, ["known", "known", "opened"].map(Some));
    for kind in ["registered", "identity_linked"] {
        assert_eq!(details(&events, kind, "provider"), ["google"]);
    }
    assert_eq!(events.iter().filter(|event| event.kind.as_str() == "email_verified").count(), 1);
}

#[tokio::test]
async fn an_account_for_an_unvouched_address_is_to_verify_it() {
    let world = World::calm().await;
    world.shared.provider.tell_unvouched("code", "ada-1", Some(ADA));
    let logged_in = world.first.log_in_with("google", "code").await.unwrap();
    assert!(!logged_in.user.email_verified());
    let mails = world.shared.store.pending(10).await.unwrap();
    let link = mails.iter().find_map(|queued| match &queued.mail.message {
        MailMessage::VerifyEmail { link, .. } => Some(link.clone()),
        _ => None,
    });
    assert_eq!(mails.len(), 2);
    let token = link.unwrap().split_once("token=").unwrap().1.to_owned();
    world.second.auth.verify_email(&token, &client()).await.unwrap();
    assert!(the_user(&world, ADA).await.email_verified());
}

#[tokio::test]
async fn no_address_or_one_that_nobody_vouches_for_opens_no_account_of_another() {
    let world = World::calm().await;
    world.shared.provider.tell_unvouched("nothing", "ada-1", None);
    let refused = world.first.log_in_with("google", "nothing").await;
    assert!(matches!(refused, Err(ProviderLogInError::EmailRequired)), "{refused:?}");

    world.second.registered("ada").await;
    world.shared.provider.tell_unvouched("unvouched", "ada-1", Some("ADA@example.com"));
    let refused = world.first.log_in_with("google", "unvouched").await;
    assert!(matches!(refused, Err(ProviderLogInError::AccountExists)), "{refused:?}");
    let user = the_user(&world, ADA).await;
    assert_eq!(world.shared.store.list(user.id).await.unwrap(), []);
    world.second.log_in("ada", PASSWORD).await.unwrap();
    assert_eq!(details(&events(&world, &user).await, "oauth_failed", "reason"), ["account_exists"]);
}

#[tokio::test]
async fn a_vouched_address_is_linked_to_its_account() {
    let world = World::calm().await;
    let pair = world.second.registered("ada").await;
    world.verify("ada").await;
    world.shared.provider.vouch("code", "ada-1", "Ada@Example.com");
    let logged_in = world.first.log_in_with("google", "code").await.unwrap();
    assert!(logged_in.user.password.is_some(), "whoever has proved the address keeps the password");
    world.assert_accepted(&pair).await;
    world.second.log_in("ada", PASSWORD).await.unwrap();
    let linked = world.shared.store.list(logged_in.user.id).await.unwrap();
    assert_eq!((linked[0].subject.as_str(), linked[0].email.as_deref()), ("ada-1", Some("Ada@Example.com")));
    assert_eq!(details(&events(&world, &logged_in.user).await, "oauth_login", "how"), ["linked"]);
}

/// Pre-hijacking, the classic-federated merge (Sudhodanan and Paverd 2022): somebody has registered the address
/// of a person who comes later, with the provider.
#[tokio::test]
async fn whoever_registered_an_address_without_proving_it_is_out_when_its_owner_comes() {
    let world = World::calm().await;
    let hijacker = world.second.registered("ada").await;
    world.shared.other_provider.tell_unvouched("his", "his-1", Some("unused@example.com"));
    let (reset, verification) = (world.reset_token("ada").await, world.verification_token("ada").await);
    world.assert_accepted(&hijacker).await;

    world.shared.provider.vouch("code", "ada-1", ADA);
    let owner = world.first.log_in_with("google", "code").await.unwrap();
    assert!(owner.user.email_verified() && owner.user.password.is_none());
    world.assert_refused(&hijacker).await;
    world.assert_accepted(&owner.tokens).await;
    let refused = world.second.log_in("ada", PASSWORD).await;
    assert!(matches!(refused, Err(LogInError::InvalidCredentials)), "{refused:?}");
    assert!(!world.second.auth.reset_token_is_good(&reset).await.unwrap());
    assert!(world.second.auth.verify_email(&verification, &client()).await.is_err());
    let events = events(&world, &owner.user).await;
    assert_eq!(details(&events, "oauth_login", "how"), ["reclaimed"]);
    assert!(events.iter().any(|event| event.kind.as_str() == "session_terminated"));
    assert!(events.iter().any(|event| event.kind.as_str() == "email_verified"));
}

#[tokio::test]
async fn a_disabled_account_is_not_let_in_and_nothing_is_linked_to_it() {
    let world = World::calm().await;
    world.second.registered("ada").await;
    world.verify("ada").await;
    let user = the_user(&world, ADA).await;
    let set = |status| world.shared.store.amend(user.id, Amendment::Status(status), world.first.auth.now());
    world.shared.provider.vouch("code", "ada-1", ADA);
    set(UserStatus::Disabled).await.unwrap();
    let refused = world.first.log_in_with("google", "code").await;
    assert!(matches!(refused, Err(ProviderLogInError::LogIn(LogInError::AccountDisabled))), "{refused:?}");
    assert_eq!(world.shared.store.list(user.id).await.unwrap(), []);

    set(UserStatus::Active).await.unwrap();
    world.first.log_in_with("google", "code").await.unwrap();
    set(UserStatus::Disabled).await.unwrap();
    let refused = world.first.log_in_with("google", "code").await;
    assert!(matches!(refused, Err(ProviderLogInError::LogIn(LogInError::AccountDisabled))), "{refused:?}");
    let events = events(&world, &user).await;
    assert_eq!(details(&events, "oauth_failed", "reason"), ["account_disabled"; 2]);
}

#[tokio::test]
async fn a_lock_of_guessed_passwords_does_not_stand_in_the_way() {
    let world = World::calm().await;
    world.second.registered("ada").await;
    world.verify("ada").await;
    for _ in 0..5 {
        world.second.log_in("ada", "Wrong-Guess-9!").await.unwrap_err();
    }
    let locked = world.second.log_in("ada", PASSWORD).await;
    assert!(matches!(locked, Err(LogInError::Locked { .. })), "{locked:?}");
    world.shared.provider.vouch("code", "ada-1", ADA);
    world.first.log_in_with("google", "code").await.unwrap();
}

#[tokio::test]
async fn a_state_is_good_for_one_try_at_the_provider_it_was_begun_with() {
    let world = World::calm().await;
    world.shared.provider.vouch("code", "ada-1", ADA);
    world.shared.other_provider.vouch("code", "ada-1", ADA);
    let begin = async || world.first.begin("google").await.unwrap().state;

    let state = begin().await;
    world.first.finish("google", state.expose(), "code").await.unwrap();
    let again = world.second.finish("google", state.expose(), "code").await;
    assert_state_refused(again, StateRefusal::Unknown);

    for (provider, code) in [("other", "code"), ("github", "code"), ("nobody", "code"), ("google", "wrong")] {
        let state = begin().await;
        world.first.finish(provider, state.expose(), code).await.unwrap_err();
        let again = world.first.finish("google", state.expose(), "code").await;
        assert_state_refused(again, StateRefusal::Unknown);
    }
    let state = begin().await;
    let elsewhere = world.first.finish("other", state.expose(), "code").await;
    assert_state_refused(elsewhere, StateRefusal::OtherProvider);

    let state = begin().await;
    world.shared.clock.advance(Span::minutes(10));
    assert_state_refused(world.first.finish("google", state.expose(), "code").await, StateRefusal::Unknown);
    for forged in ["", "x", &"A".repeat(43), "\u{0}", "ü"] {
        assert_state_refused(world.first.finish("google", forged, "code").await, StateRefusal::Unknown);
    }
}

#[tokio::test]
async fn a_state_is_good_for_its_purpose_and_its_user_only() {
    let world = World::calm().await;
    world.shared.provider.vouch("code", "ada-1", "somebody@example.com");
    let (ada, bob) = (world.verified("ada").await, world.verified("bob").await);
    let linking = async || {
        let begun = world.first.auth.begin_linking(&ada, "google".to_owned(), listed()).await.unwrap();
        begun.state.expose().to_owned()
    };
    let refused = world.first.finish("google", &linking().await, "code").await;
    assert_state_refused(refused, StateRefusal::OtherPurpose);

    let log_in = world.first.begin("google").await.unwrap();
    for (caller, state, expected) in [
        (&bob, linking().await, StateRefusal::OtherUser),
        (&ada, log_in.state.expose().to_owned(), StateRefusal::OtherPurpose),
    ] {
        let refused = world.first.auth.link_provider(caller, callback("google", &state, "code")).await;
        let error = refused.unwrap_err();
        let archon_app::LinkProviderError::Callback(CallbackError::InvalidState(refusal)) = error else {
            panic!("{error:?}")
        };
        assert_eq!(refusal, expected);
        assert_eq!(world.shared.store.list(caller.user).await.unwrap(), []);
    }
}

#[tokio::test]
async fn an_error_from_the_provider_is_told_by_what_can_be_done_about_it() {
    let world = World::calm().await;
    let bring = async |error: &str| {
        let begun = world.first.begin("google").await.unwrap();
        let outcome = CallbackOutcome::Error {
            error: error.to_owned(),
            description: Some("the provider's own words".to_owned()),
        };
        let state = begun.state.expose().to_owned();
        let callback = ProviderCallback {
            provider: "google".to_owned(),
            state: state.clone(),
            outcome,
            client: client(),
        };
        let refused = world.first.auth.log_in_with_provider(callback).await.unwrap_err();
        let again = world.first.finish("google", &state, "code").await;
        assert_state_refused(again, StateRefusal::Unknown);
        assert!(!refused.to_string().contains("own words"), "{refused}");
        refused
    };
    for error in ["access_denied", "login_required", "consent_required"] {
        let refused = bring(error).await;
        assert!(
            matches!(refused, ProviderLogInError::Callback(CallbackError::Denied)),
            "{error}: {refused:?}"
        );
    }
    for (error, fault) in [
        ("server_error", ProviderFault::Unavailable { retry_after: None }),
        ("temporarily_unavailable", ProviderFault::Unavailable { retry_after: None }),
        ("invalid_scope", ProviderFault::Misconfigured),
        ("unauthorized_client", ProviderFault::Misconfigured),
        ("<script>", ProviderFault::Misconfigured),
    ] {
        let refused = bring(error).await;
        let ProviderLogInError::Callback(CallbackError::Provider(refused)) = refused else {
            panic!("{error}: {refused:?}")
        };
        assert_eq!((refused.step(), refused.fault()), (ProviderStep::Callback, fault), "{error}");
    }
}

#[tokio::test]
async fn a_flow_begins_only_where_it_can_end() {
    let world = World::calm().await;
    let begin = async |provider: &str, redirect| {
        let (provider, purpose) = (provider.to_owned(), OauthPurpose::LogIn);
        world.first.auth.begin_oauth(BeginOauth { provider, redirect, purpose, client: client() }).await
    };
    let outcome = begin("nobody", listed()).await;
    assert!(matches!(outcome, Err(BeginOauthError::UnknownProvider)), "{outcome:?}");
    let outcome = begin("github", listed()).await;
    assert!(matches!(outcome, Err(BeginOauthError::NotConfigured)), "{outcome:?}");
    let elsewhere = || RedirectTarget::Listed("https://evil.example/callback".to_owned());
    let outcome = begin("google", elsewhere()).await;
    assert!(matches!(outcome, Err(BeginOauthError::InvalidRedirectUri)), "{outcome:?}");
    let own = "https://auth.example.com/auth/pages/oauth/google/callback";
    begin("google", RedirectTarget::Own(own.to_owned())).await.unwrap();
    assert_eq!(world.shared.provider.flows()[0].redirect_uri, own);

    world.shared.provider.go_away(ProviderFault::Unavailable { retry_after: Some(Span::seconds(7)) });
    let outcome = begin("google", listed()).await;
    assert!(matches!(outcome, Err(BeginOauthError::Provider(_))), "{outcome:?}");
}

#[tokio::test]
async fn no_secret_of_a_flow_is_logged_or_recorded() {
    let log = Log::listen();
    let world = World::calm().await;
    world.shared.provider.vouch("secret-code", "ada-1", ADA);
    world.shared.provider.fail("bad-code", ProviderStep::IdToken, ProviderFault::InvalidAnswer);
    let mut secrets = vec!["secret-code".to_owned(), "bad-code".to_owned()];
    for code in ["secret-code", "bad-code", "unknown-code"] {
        let begun = world.first.begin("google").await.unwrap();
        secrets.push(begun.state.expose().to_owned());
        let callback = callback("google", begun.state.expose(), code);
        let shown = format!("{begun:?} {callback:?}");
        let outcome = world.first.auth.log_in_with_provider(callback).await;
        tracing::info!(shown, error = outcome.err().map(|error| format!("{error:?} {error}")), "finished");
    }
    let flows = world.shared.provider.flows();
    secrets.extend(flows.iter().flat_map(|flow| [flow.pkce_verifier.clone(), flow.nonce.clone().unwrap()]));
    let user = the_user(&world, ADA).await;
    let recorded = format!("{:?}", events(&world, &user).await);
    for secret in secrets {
        assert!(!log.text().contains(&secret) && !recorded.contains(&secret), "{secret}");
    }
}
