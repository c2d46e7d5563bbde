//! Who is turned away, and what: asked of every route that the OpenAPI document knows of.

use anyhow::Context as _;
use archon_testkit::{Answer, Client};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Stage, because};
use crate::support::{assert_refused, fields, log_in};

/// A route below `/auth/admin`.
struct Route {
    method: Method,
    path: String,
    takes_body: bool,
}

impl Route {
    async fn ask(&self, client: &Client, body: &Value) -> anyhow::Result<Answer> {
        let body = self.takes_body.then_some(body);
        client.send(self.method.clone(), &self.path, body).await
    }
}

/// Every route, about Ada where it is about a user.
async fn routes(stage: &Stage) -> anyhow::Result<Vec<Route>> {
    let document = stage.server.client().get("/auth/openapi.json").await?.json;
    let session = crate::support::Tokens {
        access: stage.ada.access_token.clone(),
        refresh: stage.ada.refresh_token.clone(),
    }
    .session()?;
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().context("no paths")? {
        if !path.starts_with("/auth/admin/") {
            continue;
        }
        let named = path.replace("{user_id}", &stage.ada.id).replace("{session_id}", &session);
        // What there is none of, such as a mail that was given up.
        let path = match named.split_once('{') {
            Some((before, after)) => {
                let rest = after.split_once('}').map_or("", |(_, rest)| rest);
                format!("{before}0198c0de-7d3a-7000-8000-000000000000{rest}")
            }
            None => named,
        };
        for (method, operation) in item.as_object().context("no methods")? {
            let method = Method::from_bytes(method.to_uppercase().as_bytes())?;
            let takes_body = operation["requestBody"].is_object();
            routes.push(Route { method, path: path.clone(), takes_body });
        }
    }
    anyhow::ensure!(routes.len() >= 17, "only {} routes", routes.len());
    Ok(routes)
}

#[tokio::test]
async fn without_an_access_token_nothing_opens() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    for route in routes(&stage).await? {
        let answer = route.ask(&stage.server.client(), &because()).await?;
        assert_refused(&answer, 401, "TOKEN_MISSING");
        let refresh = stage.server.client().with_token(&stage.root.refresh_token);
        assert_refused(&route.ask(&refresh, &because()).await?, 401, "TOKEN_INVALID");
    }
    Ok(())
}

#[tokio::test]
async fn users_are_turned_away_and_nothing_is_done() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let ada = stage.server.client_of(&stage.ada);
    for route in routes(&stage).await? {
        let answer = route.ask(&ada, &because()).await?;
        assert_refused(&answer, 403, "FORBIDDEN");
        assert_eq!(fields(&answer), ["authorization"]);
    }
    assert_eq!(ada.get("/auth/me").await?.status, 200);
    let actions = stage.shown("/events?type=admin_action").await?;
    assert_eq!(actions["events"], json!([]));
    Ok(())
}

#[tokio::test]
async fn who_was_demoted_a_moment_ago_is_turned_away_with_a_token_that_lives() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let other = stage.server.register_administrator("other@example.com").await?;
    let client = stage.server.client_of(&other);
    assert_eq!(client.get("/auth/admin/users").await?.status, 200);
    assert_eq!(stage.set_roles(&other, &["user"]).await?.status, 200);
    for route in routes(&stage).await? {
        assert_refused(&route.ask(&client, &because()).await?, 403, "FORBIDDEN");
    }
    assert_eq!(client.get("/auth/me").await?.status, 200, "the token itself is good");
    Ok(())
}

#[tokio::test]
async fn who_was_promoted_a_moment_ago_needs_a_new_token() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    assert_eq!(stage.set_roles(&stage.ada, &["admin", "user"]).await?.status, 200);
    let client = stage.server.client();
    let refused = client.with_token(&stage.ada.access_token).get("/auth/admin/users").await?;
    assert_refused(&refused, 403, "FORBIDDEN");
    let body = json!({"refresh_token": stage.ada.refresh_token});
    let renewed = client.post("/auth/refresh", &body).await?;
    let answer = client.with_token(renewed.text_at("/access_token")).get("/auth/admin/users").await?;
    assert_eq!(answer.status, 200, "{}", answer.text);
    Ok(())
}

#[tokio::test]
async fn every_action_says_why() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let bodies = [
        (json!({}), "REQUIRED"),
        (json!({"reason": null}), "REQUIRED"),
        (json!({"reason": 7}), "WRONG_TYPE"),
        (json!({"reason": " \t"}), "EMPTY"),
        (json!({"reason": "a".repeat(501)}), "TOO_LONG"),
        (json!({"reason": "a\u{1b}[2Jb"}), "INVALID_CHARACTERS"),
    ];
    for route in routes(&stage).await?.iter().filter(|route| route.takes_body) {
        for (body, code) in &bodies {
            let answer = route.ask(&stage.admin(), body).await?;
            assert_refused(&answer, 400, "VALIDATION_ERROR");
            let details = answer.json["details"].as_array().cloned().unwrap_or_default();
            let reason = details.iter().find(|detail| detail["field"] == "reason");
            assert_eq!(reason.map(|detail| &detail["code"]), Some(&json!(code)), "{}", answer.text);
        }
    }
    let actions = stage.shown("/events?type=admin_action").await?;
    assert_eq!(actions["events"], json!([]));
    assert_eq!(log_in(&stage.server.client(), super::ADA, crate::support::PASSWORD).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_reason_is_as_long_as_500_characters() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let path = format!("/auth/admin/users/{}/unlock", stage.ada.id);
    let reason = "ü".repeat(500);
    let answer = stage.admin().post(&path, &json!({"reason": format!("  {reason}\n")})).await?;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(stage.recorded("unlock_user").await?["details"]["reason"], reason.as_str());
    Ok(())
}

#[tokio::test]
async fn what_is_not_there_is_not_found() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let nobody = "0198c0de-7d3a-7000-8000-000000000000";
    for user in [nobody, "nobody", "%00", "..%2f"] {
        for (method, action) in [
            (Method::GET, ""),
            (Method::DELETE, ""),
            (Method::POST, "/disable"),
            (Method::POST, "/enable"),
            (Method::POST, "/unlock"),
            (Method::PUT, "/roles"),
            (Method::GET, "/sessions"),
            (Method::DELETE, "/sessions"),
            (Method::DELETE, "/sessions/pJ1Zk0m8WQqf3vCq0jTn5e6u2yXbR4aS"),
        ] {
            let body = json!({"reason": "test", "roles": ["user"]});
            let body = (method != Method::GET).then_some(&body);
            let path = format!("/auth/admin/users/{user}{action}");
            assert_refused(&stage.admin().send(method, &path, body).await?, 404, "USER_NOT_FOUND");
        }
    }
    let actions = stage.shown("/events?type=admin_action").await?;
    assert_eq!(actions["events"], json!([]), "what was not done is not recorded");
    Ok(())
}

#[tokio::test]
async fn an_administrator_draws_on_the_default_budget() -> anyhow::Result<()> {
    let server = archon_testkit::TestServer::builder().set("rate_limits.default.limit", "3").start().await?;
    let root = server.register_administrator(super::ROOT).await?;
    let client = server.client_of(&root);
    for _ in 0..3 {
        assert_eq!(client.get("/auth/admin/keys").await?.status, 200);
    }
    let refused = client.get("/auth/admin/keys").await?;
    assert_refused(&refused, 429, "RATE_LIMIT_EXCEEDED");
    assert!(refused.header("ratelimit-policy").starts_with("\"default\""), "{:?}", refused.headers);
    Ok(())
}
