//! Many at once: what must happen once happens once.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;

use super::{ADA, Stage, begin_link, finish, link, state_of};
use crate::support::{Tokens, at_once, count, me, sign_up};

#[tokio::test]
async fn fifty_first_log_ins_of_one_subject_are_one_user_with_one_identity() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.google.vouch("code", "ada-1", ADA);
    let mut begun = Vec::new();
    for _ in 0..50 {
        begun.push(stage.begin("google").await?);
    }
    let answers = at_once(begun.into_iter().map(|state| {
        let client = stage.client();
        async move { finish(&client, "google", "code", &state).await }
    }))
    .await?;
    assert_eq!(count(&answers, 200), 50, "{:?}", answers.iter().find(|answer| answer.status != 200));
    let last = stage.logged_in("code").await?;
    let user = stage.client().with_token(&last.access);
    assert_eq!(user.get("/auth/me/identities").await?.json["total"], 1);
    let id = me(&stage.client(), &last).await?.json["id"].as_str().unwrap_or_default().to_owned();
    let subjects: Result<BTreeSet<_>, _> = answers
        .iter()
        .map(|answer| {
            crate::support::part(&Tokens::at(answer, "")?.access, 1).map(|claims| claims["sub"].to_string())
        })
        .collect();
    assert_eq!(subjects?, BTreeSet::from([format!("\"{id}\"")]));
    stage.server.mails(ADA, "welcome", 1).await?;
    assert_eq!(stage.server.mailbox().messages_to(ADA).len(), 1, "one account was opened");
    Ok(())
}

#[tokio::test]
async fn of_fifty_callbacks_with_one_state_one_gets_in() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.google.vouch("code", "ada-1", ADA);
    let state = stage.begin("google").await?;
    let answers = at_once((0..50).map(|_| {
        let (client, state) = (stage.client(), state.clone());
        async move { finish(&client, "google", "code", &state).await }
    }))
    .await?;
    assert_eq!((count(&answers, 200), count(&answers, 400)), (1, 49));
    Ok(())
}

#[tokio::test]
async fn of_twenty_users_who_link_one_identity_one_has_it() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.google.tell_unvouched("code", "shared-1", None);
    let mut users = Vec::new();
    for place in 0..20 {
        let user = stage.verified(&format!("user{place}@example.com")).await?;
        let state = state_of(&begin_link(&user, "google").await?)?;
        users.push((user, json!({"code": "code", "state": state})));
    }
    let answers =
        at_once(users.into_iter().map(|(user, body)| async move { link(&user, "google", &body).await }))
            .await?;
    assert_eq!((count(&answers, 200), count(&answers, 409)), (1, 19));
    Ok(())
}

#[tokio::test]
async fn a_registration_that_races_the_owner_of_the_address_gets_no_way_in() -> anyhow::Result<()> {
    for _ in 0..10 {
        let stage = Stage::set().await?;
        stage.google.vouch("code", "ada-1", ADA);
        let state = stage.begin("google").await?;
        let (client, other) = (stage.client(), stage.client());
        let (owner, hijacker) = tokio::join!(finish(&client, "google", "code", &state), sign_up(&other, ADA));
        let owner = Tokens::at(&owner?, "")?;
        assert_eq!(me(&stage.client(), &owner).await?.json["email_verified"], true);
        if let Ok(hijacker) = hijacker {
            assert_eq!(me(&stage.client(), &hijacker).await?.status, 401);
        }
    }
    Ok(())
}

#[tokio::test]
async fn of_two_providers_that_go_at_once_one_stays() -> anyhow::Result<()> {
    for _ in 0..10 {
        let stage = Stage::set().await?;
        stage.google.vouch("code", "ada-1", ADA);
        stage.other.vouch("code", "ada-2", ADA);
        let user = stage.client().with_token(&stage.logged_in("code").await?.access);
        assert_eq!(stage.link(&user, "other", "code").await?.status, 200);
        let answers =
            at_once(
                ["google", "other"].map(|provider| {
                    let user = user.clone();
                    async move {
                        user.send(Method::DELETE, &format!("/auth/me/identities/{provider}"), None).await
                    }
                }),
            )
            .await?;
        assert_eq!((count(&answers, 204), count(&answers, 409)), (1, 1));
    }
    Ok(())
}
