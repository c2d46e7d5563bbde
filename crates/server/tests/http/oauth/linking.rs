//! The providers that are linked to an account.

use archon_testkit::{Answer, Client};
use reqwest::Method;
use serde_json::json;

use super::{ADA, Stage, events_of, link, set_password};
use crate::support::{PASSWORD, assert_refused, fields, log_in};

async fn unlink(user: &Client, provider: &str) -> anyhow::Result<Answer> {
    user.send(Method::DELETE, &format!("/auth/me/identities/{provider}"), None).await
}

#[tokio::test]
async fn a_user_links_a_provider_sees_it_and_unlinks_it() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let user = stage.verified(ADA).await?;
    let none = user.get("/auth/me/identities").await?;
    assert_eq!((none.status, none.json), (200, json!({"identities": [], "total": 0})));

    stage.google.tell_unvouched("code", "ada-1", Some("Elsewhere@example.com"));
    let linked = stage.link(&user, "google", "code").await?;
    let expected = json!({
        "provider": "google", "display_name": "The google", "email": "Elsewhere@example.com",
        "linked_at": linked.json["linked_at"],
    });
    assert_eq!((linked.status, &linked.json), (200, &expected), "{}", linked.text);
    assert!(linked.text_at("/linked_at").ends_with('Z'));
    let again = stage.link(&user, "google", "code").await?;
    assert_eq!((again.status, &again.json), (200, &expected), "it is linked once");
    let listed = user.get("/auth/me/identities").await?;
    assert_eq!(listed.json, json!({"identities": [expected], "total": 1}));

    assert_eq!(stage.log_in("google", "code").await?.status, 200);
    let export = user.get("/auth/me/export").await?;
    assert_eq!(export.json["identities"][0]["provider"], "google");
    assert_eq!(export.json["identities"][0]["subject"], "ada-1", "the export holds everything");

    let unlinked = unlink(&user, "google").await?;
    assert_eq!((unlinked.status, unlinked.text.as_str()), (204, ""));
    assert_eq!(user.get("/auth/me/identities").await?.json["total"], 0);
    for kind in ["identity_linked", "identity_unlinked"] {
        let events = events_of(&user, kind).await?;
        assert_eq!((events.len(), &events[0]["details"]), (1, &json!({"provider": "google"})), "{kind}");
    }
    let gone = unlink(&user, "google").await?;
    assert_refused(&gone, 404, "PROVIDER_NOT_LINKED");
    Ok(())
}

#[tokio::test]
async fn an_identity_of_another_account_is_not_linked() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let (ada, grace) = (stage.verified(ADA).await?, stage.verified("grace@example.com").await?);
    stage.google.vouch("code", "ada-1", ADA);
    assert_eq!(stage.link(&ada, "google", "code").await?.status, 200);
    let refused = stage.link(&grace, "google", "code").await?;
    assert_refused(&refused, 409, "IDENTITY_TAKEN");
    assert!(!refused.text.contains("ada"), "{}", refused.text);
    assert_eq!(grace.get("/auth/me/identities").await?.json["total"], 0);
    assert_eq!(events_of(&grace, "oauth_failed").await?[0]["details"]["reason"], "identity_taken");
    assert_eq!(events_of(&ada, "oauth_failed").await?.len(), 0);
    Ok(())
}

#[tokio::test]
async fn the_last_way_to_log_in_stays() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.google.vouch("code", "ada-1", ADA);
    stage.other.vouch("code", "ada-2", ADA);
    let user = stage.client().with_token(&stage.logged_in("code").await?.access);
    let refused = unlink(&user, "google").await?;
    assert_refused(&refused, 409, "LAST_WAY_IN");
    assert_eq!(fields(&refused), ["provider"]);
    for unknown in ["other", "github", "nobody", "%00"] {
        assert_refused(&unlink(&user, unknown).await?, 404, "PROVIDER_NOT_LINKED");
    }
    assert_refused(&log_in(&stage.client(), ADA, PASSWORD).await?, 401, "INVALID_CREDENTIALS");

    assert_eq!(stage.link(&user, "other", "code").await?.status, 200);
    assert_eq!(unlink(&user, "other").await?.status, 204, "google is left");
    set_password(&stage.server, ADA, "EvenBetter456?").await?;
    // A reset ends every session.
    let user = stage.client().with_token(&stage.logged_in("code").await?.access);
    assert_eq!(unlink(&user, "google").await?.status, 204, "the password is left");
    assert_eq!(log_in(&stage.client(), ADA, "EvenBetter456?").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn linking_is_for_who_is_logged_in() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let nobody = stage.client();
    let answers = [
        nobody.get("/auth/me/identities").await?,
        super::begin_link(&nobody, "google").await?,
        link(&nobody, "google", &json!({"code": "code", "state": "state"})).await?,
        unlink(&nobody, "google").await?,
    ];
    for answer in answers {
        assert_refused(&answer, 401, "TOKEN_MISSING");
    }
    Ok(())
}
