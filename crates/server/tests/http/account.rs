//! The account itself: profile, changes, deletion, export.

use archon_testkit::{Answer, Client, TestServer};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    PASSWORD, Tokens, WRONG, assert_refused, dated, fields, log_in, logged_in, me, refresh, registration,
    seconds, sign_up,
};

const ADA: &str = "ada@example.com";

async fn account() -> anyhow::Result<(TestServer, Client, Tokens)> {
    let server = dated().await?;
    let client = server.client();
    let tokens = sign_up(&client, ADA).await?;
    Ok((server, client, tokens))
}

async fn patch(client: &Client, tokens: &Tokens, body: &Value) -> anyhow::Result<Answer> {
    client.with_token(&tokens.access).send(Method::PATCH, "/auth/me", Some(body)).await
}

async fn delete(client: &Client, tokens: &Tokens, body: Option<&Value>) -> anyhow::Result<Answer> {
    client.with_token(&tokens.access).send(Method::DELETE, "/auth/me", body).await
}

#[tokio::test]
async fn every_route_of_a_caller_needs_a_token() -> anyhow::Result<()> {
    let (_server, client, _) = account().await?;
    let routes = [
        (Method::GET, "/auth/me"),
        (Method::PATCH, "/auth/me"),
        (Method::DELETE, "/auth/me"),
        (Method::GET, "/auth/me/export"),
        (Method::POST, "/auth/logout"),
        (Method::GET, "/auth/sessions"),
        (Method::DELETE, "/auth/sessions"),
        (Method::DELETE, "/auth/sessions/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        (Method::PUT, "/auth/password"),
        (Method::POST, "/auth/email/verify/resend"),
    ];
    for (method, path) in routes {
        assert_refused(&client.send(method.clone(), path, None).await?, 401, "TOKEN_MISSING");
        let made_up = client.with_token("made up").send(method, path, Some(&json!({"name": "x"}))).await?;
        assert_refused(&made_up, 401, "TOKEN_INVALID");
    }
    Ok(())
}

#[tokio::test]
async fn name_and_metadata_can_be_changed_each_by_itself() -> anyhow::Result<()> {
    let (server, client, tokens) = account().await?;
    server.clock().advance(seconds(60));
    let renamed = patch(&client, &tokens, &json!({"name": " Ada King ", "metadata": null})).await?;
    assert_eq!((renamed.status, renamed.text_at("/name")), (200, "Ada King"));
    assert_eq!(renamed.json["metadata"], json!({}));
    assert_eq!(renamed.text_at("/updated_at"), "2026-01-05T10:01:00.123456Z");
    assert_eq!(renamed.text_at("/created_at"), "2026-01-05T10:00:00.123456Z");

    let described = patch(&client, &tokens, &json!({"metadata": {"a": 1, "b": [2]}})).await?;
    assert_eq!(
        (described.text_at("/name"), &described.json["metadata"]),
        ("Ada King", &json!({"a": 1, "b": [2]}))
    );
    let replaced = patch(&client, &tokens, &json!({"metadata": {"c": 3}})).await?;
    assert_eq!(replaced.json["metadata"], json!({"c": 3}), "in place of all of the old");

    server.clock().advance(seconds(60));
    let unchanged = patch(&client, &tokens, &json!({})).await?;
    assert_eq!((unchanged.status, unchanged.json), (200, replaced.json));
    Ok(())
}

#[tokio::test]
async fn nothing_else_can_be_changed_by_the_profile() -> anyhow::Result<()> {
    let (_server, client, tokens) = account().await?;
    let before = me(&client, &tokens).await?.json;
    let body = json!({
        "email": "mallory@example.com", "email_verified": true, "roles": ["admin"], "id": "x",
        "password": WRONG, "status": "disabled", "created_at": "2000-01-01T00:00:00Z",
    });
    assert_eq!(patch(&client, &tokens, &body).await?.json, before);
    logged_in(&client, ADA).await?;
    Ok(())
}

#[tokio::test]
async fn a_change_that_is_wrong_in_part_changes_nothing() -> anyhow::Result<()> {
    let (_server, client, tokens) = account().await?;
    let before = me(&client, &tokens).await?.json;
    let answer = patch(&client, &tokens, &json!({"name": "Grace", "metadata": [1]})).await?;
    assert_refused(&answer, 400, "VALIDATION_ERROR");
    assert_eq!(fields(&answer), ["metadata"]);
    assert_eq!(me(&client, &tokens).await?.json, before);
    Ok(())
}

#[tokio::test]
async fn an_account_is_deleted_with_everything_that_belongs_to_it() -> anyhow::Result<()> {
    let (_server, client, tokens) = account().await?;
    let other = logged_in(&client, ADA).await?;
    let id = me(&client, &tokens).await?.text_at("/id").to_owned();
    let gone = delete(&client, &tokens, Some(&json!({"password": PASSWORD}))).await?;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    for tokens in [&tokens, &other] {
        assert_eq!(me(&client, tokens).await?.status, 401);
        assert_refused(&refresh(&client, &tokens.refresh).await?, 401, "TOKEN_INVALID");
    }
    assert_refused(&log_in(&client, ADA, PASSWORD).await?, 401, "INVALID_CREDENTIALS");

    let again = client.post("/auth/register", &registration(ADA)).await?;
    assert_eq!(again.status, 201, "the address is free again");
    assert_ne!(again.text_at("/user/id"), id);
    let export = client.with_token(again.text_at("/tokens/access_token")).get("/auth/me/export").await?;
    assert!(!export.text.contains(&id), "nothing of the account before");
    assert_eq!(me(&client, &tokens).await?.status, 401, "the old tokens stay dead");
    Ok(())
}

#[tokio::test]
async fn an_account_is_not_deleted_without_its_password() -> anyhow::Result<()> {
    let (_server, client, tokens) = account().await?;
    for body in [None, Some(json!({})), Some(json!({"password": null}))] {
        let answer = delete(&client, &tokens, body.as_ref()).await?;
        assert_refused(&answer, 400, "VALIDATION_ERROR");
        assert_eq!(fields(&answer), ["password"]);
    }
    let wrong = delete(&client, &tokens, Some(&json!({"password": WRONG}))).await?;
    assert_refused(&wrong, 401, "INVALID_CREDENTIALS");
    assert_eq!(me(&client, &tokens).await?.status, 200);
    logged_in(&client, ADA).await?;
    Ok(())
}

#[tokio::test]
async fn a_stolen_access_token_cannot_guess_the_password_for_ever() -> anyhow::Result<()> {
    let (server, client, tokens) = account().await?;
    for _ in 0..5 {
        let wrong = delete(&client, &tokens, Some(&json!({"password": WRONG}))).await?;
        assert_refused(&wrong, 401, "INVALID_CREDENTIALS");
    }
    let hashes = server.hashes_done();
    let locked = delete(&client, &tokens, Some(&json!({"password": PASSWORD}))).await?;
    assert_refused(&locked, 429, "ACCOUNT_LOCKED");
    assert_eq!(server.hashes_done(), hashes);
    assert_eq!(me(&client, &tokens).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn the_export_holds_everything_but_secrets() -> anyhow::Result<()> {
    let (server, client, tokens) = account().await?;
    log_in(&client, ADA, WRONG).await?;
    logged_in(&client.with_user_agent("phone/1.0").from_address("192.0.2.1"), ADA).await?;
    let other = sign_up(&client, "grace@example.com").await?;
    let export = client.with_token(&tokens.access).get("/auth/me/export").await?;
    assert_eq!(export.status, 200, "{}", export.text);
    assert_eq!(export.json["user"], me(&client, &tokens).await?.json);
    assert_eq!(export.text_at("/exported_at"), "2026-01-05T10:00:00.123456Z");
    assert_eq!(export.json["roles"], json!(["user"]));
    assert_eq!(export.json["sessions"].as_array().map(Vec::len), Some(2));
    let mut kinds = crate::support::events(&client, &tokens).await?;
    kinds.sort_unstable();
    assert_eq!(kinds, ["login_failed", "login_succeeded", "login_succeeded", "registered"]);
    assert!(export.text.contains("192.0.2.1") && export.text.contains("phone/1.0"));

    server.mails(ADA, "verify_email", 1).await?;
    let link_token = crate::support::verification_token(&server, ADA, 1).await?;
    let secrets =
        [PASSWORD, WRONG, "argon2", &link_token, &tokens.access, &tokens.refresh, &other.session()?];
    for secret in secrets {
        assert!(!export.text.contains(secret), "{secret} in {}", export.text);
    }
    assert!(!export.text.contains("grace@example.com"));
    Ok(())
}
