//! Refresh tokens: rotation, reuse, the grace window, and how long they work (CONTRACT section 3).

use std::time::Duration;

use archon_testkit::{Client, TestServer};
use serde_json::json;

use crate::support::{
    PASSWORD, Tokens, assert_refused, events, logged_in, me, part, refresh, refreshed, seconds, sign_up,
};

const INVALID: &str = "Invalid or expired refresh token";

/// A service, a client that calls itself something, and its account.
async fn account() -> anyhow::Result<(TestServer, Client, Tokens)> {
    let server = TestServer::start().await?;
    let client = server.client().with_user_agent("browser/1.0");
    let tokens = sign_up(&client, "ada@example.com").await?;
    Ok((server, client, tokens))
}

/// Asserts that a token counts as spent, that its session has ended with it, and that it was recorded.
async fn assert_reuse_ends_the_session(
    client: &Client,
    spent: &str,
    newest: &Tokens,
    presenter: &Client,
) -> anyhow::Result<()> {
    let refused = refresh(presenter, spent).await?;
    assert_refused(&refused, 401, "TOKEN_REUSED");
    assert_eq!(refused.text_at("/message"), INVALID);
    assert!(refused.header("www-authenticate").contains("error=\"invalid_token\""));

    assert_refused(&refresh(client, &newest.refresh).await?, 401, "TOKEN_REUSED");
    assert_refused(&me(client, newest).await?, 401, "TOKEN_REVOKED");

    let again = logged_in(client, "ada@example.com").await?;
    let recorded = events(client, &again).await?;
    assert_eq!(recorded.iter().filter(|event| *event == "token_reuse_detected").count(), 1, "{recorded:?}");
    assert!(recorded.iter().any(|event| event == "session_terminated"), "{recorded:?}");
    Ok(())
}

#[tokio::test]
async fn a_refresh_spends_the_token_and_gives_the_next_pair_of_the_same_session() -> anyhow::Result<()> {
    let (_server, client, first) = account().await?;
    let second = refreshed(&client, &first.refresh).await?;
    assert_ne!(second.refresh, first.refresh);
    assert_ne!(part(&second.access, 1)?["jti"], part(&first.access, 1)?["jti"]);
    assert_eq!(second.session()?, first.session()?);
    assert_eq!(me(&client, &second).await?.status, 200);
    assert_eq!(me(&client, &first).await?.status, 200, "an access token lives until it expires");
    refreshed(&client, &second.refresh).await?;
    Ok(())
}

#[tokio::test]
async fn a_retry_within_ten_seconds_gets_the_very_same_successor() -> anyhow::Result<()> {
    let (server, client, first) = account().await?;
    let second = refreshed(&client, &first.refresh).await?;
    for _ in 0..2 {
        let retried = refreshed(&client, &first.refresh).await?;
        assert_eq!(retried.refresh, second.refresh);
        assert_eq!(me(&client, &retried).await?.status, 200);
        server.clock().advance(seconds(5));
    }
    assert_eq!(refreshed(&client, &first.refresh).await?.refresh, second.refresh, "after ten seconds");
    refreshed(&client, &second.refresh).await?;
    Ok(())
}

#[tokio::test]
async fn a_replay_after_the_window_ends_the_session() -> anyhow::Result<()> {
    let (server, client, first) = account().await?;
    let second = refreshed(&client, &first.refresh).await?;
    server.clock().advance(Duration::from_millis(10_001));
    assert_reuse_ends_the_session(&client, &first.refresh, &second, &client).await
}

#[tokio::test]
async fn replays_do_not_slide_the_window() -> anyhow::Result<()> {
    let (server, client, first) = account().await?;
    let second = refreshed(&client, &first.refresh).await?;
    for _ in 0..3 {
        server.clock().advance(seconds(3));
        assert_eq!(refreshed(&client, &first.refresh).await?.refresh, second.refresh);
    }
    server.clock().advance(seconds(2));
    assert_reuse_ends_the_session(&client, &first.refresh, &second, &client).await
}

#[tokio::test]
async fn a_replay_by_another_user_agent_ends_the_session_within_the_window_too() -> anyhow::Result<()> {
    for thief in ["thief/1.0", "browser/1.1"] {
        let (server, client, first) = account().await?;
        let second = refreshed(&client, &first.refresh).await?;
        let thief = server.client().with_user_agent(thief);
        assert_reuse_ends_the_session(&client, &first.refresh, &second, &thief).await?;
    }
    let (server, client, first) = account().await?;
    let second = refreshed(&client, &first.refresh).await?;
    assert_reuse_ends_the_session(&client, &first.refresh, &second, &server.client()).await
}

#[tokio::test]
async fn once_the_successor_is_used_its_predecessor_is_spent() -> anyhow::Result<()> {
    let (_server, client, first) = account().await?;
    let second = refreshed(&client, &first.refresh).await?;
    let third = refreshed(&client, &second.refresh).await?;
    assert_eq!(refreshed(&client, &second.refresh).await?.refresh, third.refresh);
    assert_reuse_ends_the_session(&client, &first.refresh, &third, &client).await
}

#[tokio::test]
async fn with_no_grace_a_token_works_once() -> anyhow::Result<()> {
    let server = TestServer::builder().set("tokens.refresh_grace", "0").start().await?;
    let first = sign_up(&server.client(), "ada@example.com").await?;
    let second = refreshed(&server.client(), &first.refresh).await?;
    server.clock().advance(Duration::from_millis(1));
    assert_reuse_ends_the_session(&server.client(), &first.refresh, &second, &server.client()).await
}

#[tokio::test]
async fn reuse_ends_no_other_session_of_the_user() -> anyhow::Result<()> {
    let (server, client, first) = account().await?;
    let other = logged_in(&client, "ada@example.com").await?;
    refreshed(&client, &first.refresh).await?;
    server.clock().advance(seconds(11));
    assert_refused(&refresh(&client, &first.refresh).await?, 401, "TOKEN_REUSED");
    assert_eq!(me(&client, &other).await?.status, 200);
    refreshed(&client, &other.refresh).await?;
    Ok(())
}

#[tokio::test]
async fn the_refresh_token_of_a_session_that_was_logged_out_is_refused() -> anyhow::Result<()> {
    let (_server, client, first) = account().await?;
    let second = refreshed(&client, &first.refresh).await?;
    let logout = client.with_token(&second.access).post("/auth/logout", &json!({})).await?;
    assert_eq!((logout.status, logout.text.as_str()), (204, ""));
    for token in [&second.refresh, &first.refresh] {
        let refused = refresh(&client, token).await?;
        assert_refused(&refused, 401, "TOKEN_INVALID");
        assert_eq!(refused.text_at("/message"), INVALID);
    }
    for tokens in [&first, &second] {
        assert_eq!(me(&client, tokens).await?.status, 401);
    }
    Ok(())
}

#[tokio::test]
async fn an_unused_session_refuses_its_refresh_token_after_an_hour() -> anyhow::Result<()> {
    let (server, client, first) = account().await?;
    server.clock().advance(seconds(3599));
    let second = refreshed(&client, &first.refresh).await?;
    server.clock().advance(seconds(3599));
    let third = refreshed(&client, &second.refresh).await?;
    server.clock().advance(seconds(3600));
    let refused = refresh(&client, &third.refresh).await?;
    assert_refused(&refused, 401, "SESSION_EXPIRED");
    assert_eq!(refused.text_at("/message"), INVALID);
    Ok(())
}

#[tokio::test]
async fn a_refresh_token_expires_before_a_session_that_lives_longer() -> anyhow::Result<()> {
    let builder = TestServer::builder().set("sessions.session_timeout", "1209600");
    let server = builder.start().await?;
    let first = sign_up(&server.client(), "ada@example.com").await?;
    server.clock().advance(seconds(604_799));
    let second = refreshed(&server.client(), &first.refresh).await?;
    server.clock().advance(seconds(604_800));
    let refused = refresh(&server.client(), &second.refresh).await?;
    assert_refused(&refused, 401, "TOKEN_EXPIRED");
    assert_eq!(refused.text_at("/message"), INVALID);
    Ok(())
}

/// Logs in and asserts that the refresh token works for as long as the answer says, and no longer.
async fn assert_honest(server: &TestServer, remember_me: bool, promised: u64) -> anyhow::Result<()> {
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "remember_me": remember_me});
    let client = server.client();
    let answer = client.post("/auth/login", &body).await?;
    assert_eq!(answer.json["refresh_expires_in"], promised, "{}", answer.text);
    assert_eq!((answer.json["expires_in"].as_u64(), answer.text_at("/token_type")), (Some(900), "Bearer"));
    server.clock().advance(seconds(promised - 1));
    let last = refresh(&client, &Tokens::at(&answer, "")?.refresh).await?;
    assert_eq!(last.status, 200, "{}", last.text);
    let promised = last.json["refresh_expires_in"].as_u64().unwrap_or_default();
    server.clock().advance(seconds(promised));
    assert_eq!(refresh(&client, &Tokens::at(&last, "")?.refresh).await?.status, 401);
    Ok(())
}

#[tokio::test]
async fn refresh_expires_in_is_how_long_the_token_works_if_it_is_not_used() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    sign_up(&server.client(), "ada@example.com").await?;
    assert_honest(&server, false, 3600).await?;
    assert_honest(&server, true, 604_800).await?;

    let server = TestServer::builder().set("sessions.sliding_window", "false").start().await?;
    sign_up(&server.client(), "ada@example.com").await?;
    assert_honest(&server, false, 3600).await?;

    let server = TestServer::builder().set("tokens.refresh_ttl", "1000").start().await?;
    sign_up(&server.client(), "ada@example.com").await?;
    assert_honest(&server, true, 1000).await?;

    let hour = [("sessions.absolute_lifetime", "1000"), ("sessions.session_timeout", "1000")];
    let builder = hour.iter().fold(TestServer::builder(), |builder, (key, value)| builder.set(key, value));
    let server = builder.set("sessions.remember_me_duration", "1000").start().await?;
    sign_up(&server.client(), "ada@example.com").await?;
    assert_honest(&server, true, 1000).await
}

#[tokio::test]
async fn refresh_expires_in_counts_from_the_rotation_when_the_answer_is_a_retry() -> anyhow::Result<()> {
    let server = TestServer::builder().set("tokens.refresh_ttl", "1000").start().await?;
    let first = sign_up(&server.client(), "ada@example.com").await?;
    let rotated = refresh(&server.client(), &first.refresh).await?;
    assert_eq!(rotated.json["refresh_expires_in"], 1000);
    server.clock().advance(seconds(9));
    let retried = refresh(&server.client(), &first.refresh).await?;
    assert_eq!(retried.json["refresh_expires_in"], 991, "the successor is nine seconds old by now");
    Ok(())
}

#[tokio::test]
async fn a_remembered_session_stays_remembered_when_it_is_refreshed() -> anyhow::Result<()> {
    let (server, client, _) = account().await?;
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "remember_me": true});
    let mut tokens = Tokens::at(&client.post("/auth/login", &body).await?, "")?;
    for _ in 0..3 {
        server.clock().advance(seconds(600_000));
        let answer = refresh(&client, &tokens.refresh).await?;
        assert_eq!(answer.json["refresh_expires_in"], 604_800, "{}", answer.text);
        tokens = Tokens::at(&answer, "")?;
    }
    Ok(())
}
