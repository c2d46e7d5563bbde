//! Who gets in, and as whom.

use archon_testkit::TestServer;
use serde_json::json;

use super::{ADA, REDIRECT_URI, Stage, authorize, events_of, finish, state_of};
use crate::support::{
    PASSWORD, Tokens, assert_refused, fail, fields, log_in, logged_in, mails_so_far, me, refreshed, sign_up,
    verification_token,
};

#[tokio::test]
async fn the_providers_are_listed_and_the_three_well_known_always() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let listed = stage.client().get("/auth/oauth/providers").await?;
    let icon = |name: &str| format!("/auth/pages/assets/{name}.svg");
    let expected = json!({"providers": [
        {"name": "google", "display_name": "The google", "icon_url": icon("google"), "enabled": true},
        {"name": "github", "display_name": "GitHub", "icon_url": icon("github"), "enabled": false},
        {"name": "microsoft", "display_name": "Microsoft", "icon_url": icon("microsoft"), "enabled": false},
        {"name": "other", "display_name": "The other", "icon_url": icon("key"), "enabled": true},
    ]});
    assert_eq!((listed.status, &listed.json), (200, &expected), "{}", listed.text);
    for provider in listed.json["providers"].as_array().into_iter().flatten() {
        let icon = stage.client().get(provider["icon_url"].as_str().unwrap_or_default()).await?;
        assert_eq!((icon.status, icon.header("content-type")), (200, "image/svg+xml"));
        assert_eq!(icon.header("cross-origin-resource-policy"), "cross-origin");
    }

    let without_pages = TestServer::builder().set("pages.enabled", "false").start().await?;
    let listed = without_pages.client().get("/auth/oauth/providers").await?;
    assert_eq!(listed.json["providers"][0]["icon_url"], json!(null));
    assert_eq!(listed.json["providers"][0]["enabled"], json!(false));
    Ok(())
}

#[tokio::test]
async fn a_user_is_sent_to_the_provider_and_comes_back_logged_in() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.google.vouch("code", "ada-1", ADA);
    let begun = authorize(&stage.client(), "google", REDIRECT_URI).await?;
    assert_eq!((begun.status, begun.header("cache-control")), (200, "no-store"), "{}", begun.text);
    let state = state_of(&begun)?;
    assert_eq!(state.len(), 43);
    assert!(begun.text_at("/authorization_url").contains(&state));
    let flow = &stage.google.flows()[0];
    assert_eq!(flow.redirect_uri, REDIRECT_URI);
    assert!(begun.text.contains(&flow.pkce_challenge()) && !begun.text.contains(&flow.pkce_verifier));

    let answer = finish(&stage.client(), "google", "code", &state).await?;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{}", answer.text);
    assert_eq!(answer.text_at("/token_type"), "Bearer");
    let tokens = Tokens::at(&answer, "")?;
    let profile = me(&stage.client(), &tokens).await?;
    assert_eq!(profile.json["email"], ADA);
    assert_eq!(profile.json["email_verified"], true);
    assert_eq!(profile.json["name"], "Ada at the Provider");
    refreshed(&stage.client(), &tokens.refresh).await?;
    stage.server.mails(ADA, "welcome", 1).await?;
    assert_eq!(mails_so_far(&stage.server, ADA, "verify_email"), 0);

    let user = stage.client().with_token(&tokens.access);
    let login = &events_of(&user, "oauth_login").await?[0];
    assert_eq!(login["details"], json!({"provider": "google", "how": "opened"}));
    for kind in ["registered", "identity_linked", "email_verified", "login_succeeded"] {
        assert_eq!(events_of(&user, kind).await?.len(), 1, "{kind}");
    }
    Ok(())
}

#[tokio::test]
async fn the_same_subject_is_the_same_user_whatever_the_address_says() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.google.vouch("code", "ada-1", ADA);
    let first = stage.logged_in("code").await?;
    let id = me(&stage.client(), &first).await?.json["id"].clone();
    stage.google.vouch("code", "ada-1", "countess@example.com");
    let second = stage.logged_in("code").await?;
    let profile = me(&stage.client(), &second).await?.json;
    assert_eq!((&profile["id"], &profile["email"]), (&id, &json!(ADA)));
    stage.google.tell_unvouched("code", "ada-1", None);
    assert_eq!(me(&stage.client(), &stage.logged_in("code").await?).await?.json["id"], id);
    assert_eq!(me(&stage.client(), &first).await?.status, 200, "the sessions before go on");

    // Another subject with the address that the first has given up is somebody else.
    stage.google.vouch("code", "ada-2", "countess@example.com");
    assert_ne!(me(&stage.client(), &stage.logged_in("code").await?).await?.json["id"], id);
    Ok(())
}

#[tokio::test]
async fn without_an_address_nobody_new_gets_in() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.google.tell_unvouched("code", "ada-1", None);
    let refused = stage.log_in("google", "code").await?;
    assert_refused(&refused, 400, "OAUTH_EMAIL_REQUIRED");
    assert_eq!(fields(&refused), ["email"]);
    assert!(refused.text_at("/details/0/message").contains("register with an address"), "{}", refused.text);
    Ok(())
}

#[tokio::test]
async fn an_address_that_nobody_vouches_for_opens_an_account_but_none_of_another() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.google.tell_unvouched("code", "ada-1", Some(ADA));
    let tokens = stage.logged_in("code").await?;
    assert_eq!(me(&stage.client(), &tokens).await?.json["email_verified"], false);
    let token = verification_token(&stage.server, ADA, 1).await?;
    let verified = stage.client().post("/auth/email/verify", &json!({"token": token})).await?;
    assert_eq!(verified.status, 200);

    sign_up(&stage.client(), "grace@example.com").await?;
    stage.google.tell_unvouched("code", "grace-1", Some("Grace@Example.com"));
    let refused = stage.log_in("google", "code").await?;
    assert_refused(&refused, 409, "ACCOUNT_EXISTS");
    assert!(refused.text_at("/details/0/message").contains("Log in as usual, then link"), "{}", refused.text);
    logged_in(&stage.client(), "grace@example.com").await?;
    Ok(())
}

#[tokio::test]
async fn where_the_address_must_be_verified_an_unvouched_one_waits_for_that() -> anyhow::Result<()> {
    let builder = TestServer::builder().set("registration.require_verified_email", "true");
    let stage = Stage::set_with(builder.set("rate_limits.enabled", "false")).await?;
    stage.google.tell_unvouched("code", "ada-1", Some(ADA));
    assert_refused(&stage.log_in("google", "code").await?, 403, "EMAIL_NOT_VERIFIED");
    stage.server.mails(ADA, "verify_email", 1).await?;
    // The account is there by now; each try is reminded of the link.
    assert_refused(&stage.log_in("google", "code").await?, 403, "EMAIL_NOT_VERIFIED");
    let token = verification_token(&stage.server, ADA, 2).await?;
    stage.client().post("/auth/email/verify", &json!({"token": token})).await?;
    stage.logged_in("code").await?;

    stage.google.vouch("vouched", "grace-1", "grace@example.com");
    stage.logged_in("vouched").await?;
    Ok(())
}

#[tokio::test]
async fn a_vouched_address_belongs_to_its_account() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let user = stage.verified(ADA).await?;
    stage.google.vouch("code", "ada-1", "ADA@example.com");
    let tokens = stage.logged_in("code").await?;
    assert_eq!(me(&stage.client(), &tokens).await?.json["name"], "Ada Lovelace", "what was there stays");
    assert_eq!(user.get("/auth/me").await?.status, 200);
    logged_in(&stage.client(), ADA).await?;
    assert_eq!(events_of(&user, "oauth_login").await?[0]["details"]["how"], "linked");
    Ok(())
}

#[tokio::test]
async fn guessed_passwords_lock_no_provider_out() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.verified(ADA).await?;
    let stranger = stage.client().from_address("198.51.100.7");
    fail(&stranger, ADA, 5).await?;
    assert_refused(&log_in(&stranger, ADA, PASSWORD).await?, 429, "ACCOUNT_LOCKED");
    stage.google.vouch("code", "ada-1", ADA);
    let state = stage.begin("google").await?;
    assert_eq!(finish(&stranger, "google", "code", &state).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn the_limit_of_sessions_holds_for_providers_too() -> anyhow::Result<()> {
    let builder = TestServer::builder().set("sessions.terminate_old_sessions", "false");
    let builder = builder.set("sessions.max_concurrent_sessions", "2").set("rate_limits.enabled", "false");
    let stage = Stage::set_with(builder).await?;
    stage.google.vouch("code", "ada-1", ADA);
    for _ in 0..2 {
        stage.logged_in("code").await?;
    }
    assert_refused(&stage.log_in("google", "code").await?, 403, "SESSION_LIMIT_REACHED");
    Ok(())
}
