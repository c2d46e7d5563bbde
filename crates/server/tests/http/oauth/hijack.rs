//! Pre-hijacked accounts (Sudhodanan and Paverd, USENIX Security 2022): whoever opens an account with somebody
//! else's address before that person comes gets nothing of it.

use serde_json::json;

use super::{ADA, Stage, begin_link, events_of, set_password};
use crate::support::{
    PASSWORD, assert_refused, confirm, log_in, logged_in, me, refresh, reset_token, sign_up,
    verification_token,
};

const NEW: &str = "EvenBetter456?";

/// The classic-federated merge, with every way back in that whoever registered first could have kept.
#[tokio::test]
async fn a_vouched_address_takes_its_account_back() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let hijacker = sign_up(&stage.client(), ADA).await?;
    let second = logged_in(&stage.client(), ADA).await?;
    let verification = verification_token(&stage.server, ADA, 1).await?;
    let reset = reset_token(&stage.server, ADA, 1).await?;

    stage.google.vouch("code", "ada-1", ADA);
    let owner = stage.logged_in("code").await?;
    assert_eq!(me(&stage.client(), &owner).await?.json["email_verified"], true);
    for tokens in [&hijacker, &second] {
        assert_refused(&me(&stage.client(), tokens).await?, 401, "TOKEN_REVOKED");
        assert_eq!(refresh(&stage.client(), &tokens.refresh).await?.status, 401);
    }
    assert_refused(&log_in(&stage.client(), ADA, PASSWORD).await?, 401, "INVALID_CREDENTIALS");
    assert_refused(&confirm(&stage.client(), &reset, NEW).await?, 400, "TOKEN_INVALID");
    let verified = stage.client().post("/auth/email/verify", &json!({"token": verification})).await?;
    assert_refused(&verified, 400, "TOKEN_INVALID");

    let user = stage.client().with_token(&owner.access);
    assert_eq!(events_of(&user, "oauth_login").await?[0]["details"]["how"], "reclaimed");
    assert_eq!(events_of(&user, "session_terminated").await?.len(), 2);
    assert_eq!(events_of(&user, "email_verified").await?.len(), 1);
    let identities = user.get("/auth/me/identities").await?;
    assert_eq!((identities.json["total"].as_u64(), identities.text.contains("ada-1")), (Some(1), false));
    stage.logged_in("code").await?;
    Ok(())
}

/// The Trojan identifier: a provider that is linked by whoever registered first.
#[tokio::test]
async fn nobody_links_a_provider_to_an_address_that_is_not_proved() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let hijacker = sign_up(&stage.client(), ADA).await?;
    let user = stage.client().with_token(&hijacker.access);
    let refused = begin_link(&user, "google").await?;
    assert_refused(&refused, 403, "EMAIL_NOT_VERIFIED");
    assert!(stage.google.flows().is_empty());
    assert_eq!(user.get("/auth/me/identities").await?.json["total"], 0);
    Ok(())
}

/// The same by a provider that vouches for nothing: the owner of the address comes by a reset, or by a provider
/// that does.
#[tokio::test]
async fn a_provider_that_vouches_for_nothing_leaves_no_way_in() -> anyhow::Result<()> {
    for by_reset in [true, false] {
        let stage = Stage::set().await?;
        stage.other.tell_unvouched("his", "his-1", Some(ADA));
        let hijacker = stage.log_in("other", "his").await?;
        assert_eq!(hijacker.status, 200, "{}", hijacker.text);
        if by_reset {
            set_password(&stage.server, ADA, NEW).await?;
        } else {
            stage.google.vouch("code", "ada-1", ADA);
            stage.logged_in("code").await?;
        }
        let token = hijacker.text_at("/access_token");
        assert_eq!(stage.client().with_token(token).get("/auth/me").await?.status, 401);
        assert_refused(&stage.log_in("other", "his").await?, 409, "ACCOUNT_EXISTS");
    }
    Ok(())
}
