//! Sessions: listing, ending, expiry, how many (CONTRACT section 4).

use archon_testkit::{Answer, Client, TestServer};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    PASSWORD, Tokens, assert_refused, dated, days, log_in, logged_in, me, refresh, refreshed, seconds,
    sign_up,
};

const ADA: &str = "ada@example.com";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

async fn list(client: &Client, tokens: &Tokens) -> anyhow::Result<Vec<Value>> {
    let answer = client.with_token(&tokens.access).get("/auth/sessions").await?;
    let sessions = answer.json["sessions"].as_array().cloned().unwrap_or_default();
    assert_eq!((answer.status, answer.json["total"].as_u64()), (200, Some(sessions.len() as u64)));
    Ok(sessions)
}

async fn end(client: &Client, tokens: &Tokens, session: &str) -> anyhow::Result<Answer> {
    let path = format!("/auth/sessions/{session}");
    client.with_token(&tokens.access).send(Method::DELETE, &path, None).await
}

async fn remembered(client: &Client) -> anyhow::Result<Tokens> {
    let body = json!({"email": ADA, "password": PASSWORD, "remember_me": true});
    Tokens::at(&client.post("/auth/login", &body).await?, "")
}

/// A service whose access tokens last a day, so that only sessions expire.
async fn long_tokens(settings: &[(&str, &str)]) -> anyhow::Result<(TestServer, Tokens)> {
    let builder = TestServer::builder().set("tokens.access_ttl", "86400");
    let builder = settings.iter().fold(builder, |builder, (key, value)| builder.set(key, value));
    let server = builder.start().await?;
    let tokens = sign_up(&server.client(), ADA).await?;
    Ok((server, tokens))
}

#[tokio::test]
async fn the_list_shows_each_session_as_promised() -> anyhow::Result<()> {
    let server = dated().await?;
    let client = server.client().with_user_agent(FIREFOX).from_address("192.0.2.1");
    let first = sign_up(&client, ADA).await?;
    server.clock().advance(seconds(60));
    let second =
        logged_in(&server.client().with_user_agent("curl/8.5.0").from_address("2001:db8::7"), ADA).await?;
    let sessions = list(&client, &second).await?;
    let newest = json!({
        "id": second.session()?, "created_at": "2026-01-05T10:01:00.123456Z",
        "last_accessed": "2026-01-05T10:01:00.123456Z", "expires_at": "2026-01-05T11:01:00.123456Z",
        "ip_address": "2001:db8::7", "user_agent": "curl/8.5.0", "device": "curl",
        "active": true, "current": true,
    });
    let oldest = json!({
        "id": first.session()?, "created_at": "2026-01-05T10:00:00.123456Z",
        "last_accessed": "2026-01-05T10:00:00.123456Z", "expires_at": "2026-01-05T11:00:00.123456Z",
        "ip_address": "192.0.2.1", "user_agent": FIREFOX, "device": "Firefox on Linux",
        "active": true, "current": false,
    });
    assert_eq!(sessions, [newest, oldest], "the last used first");
    Ok(())
}

#[tokio::test]
async fn session_ids_are_long_and_made_by_the_service() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let mut body = json!({"email": ADA, "password": PASSWORD, "name": "Ada", "session_id": "A".repeat(32)});
    server.client().post("/auth/register", &body).await?;
    body["id"] = json!("A".repeat(32));
    let cookie = server.client().with_header("cookie", &format!("session_id={}", "A".repeat(32)));
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..5 {
        let session = Tokens::at(&cookie.post("/auth/login", &body).await?, "")?.session()?;
        assert!(session.len() >= 22, "128 bits and more in base64: {session}");
        assert_ne!(session, "A".repeat(32));
        seen.insert(session);
    }
    assert_eq!(seen.len(), 5);
    Ok(())
}

#[tokio::test]
async fn ending_a_session_ends_it_and_no_other() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let client = server.client();
    let (first, second) = (sign_up(&client, ADA).await?, logged_in(&client, ADA).await?);
    let answer = end(&client, &second, &first.session()?).await?;
    assert_eq!((answer.status, &answer.json["success"]), (200, &json!(true)), "{}", answer.text);
    assert_refused(&me(&client, &first).await?, 401, "TOKEN_REVOKED");
    assert_refused(&refresh(&client, &first.refresh).await?, 401, "TOKEN_INVALID");
    assert_eq!(list(&client, &second).await?.len(), 1);
    assert_refused(&end(&client, &second, &first.session()?).await?, 404, "SESSION_NOT_FOUND");
    assert_eq!(end(&client, &second, &second.session()?).await?.status, 200, "one's own, too");
    assert_eq!(me(&client, &second).await?.status, 401);
    Ok(())
}

#[tokio::test]
async fn somebody_elses_session_is_not_found() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let client = server.client();
    let ada = sign_up(&client, ADA).await?;
    let mallory = sign_up(&client, "mallory@example.com").await?;
    let foreign = end(&client, &mallory, &ada.session()?).await?;
    let unknown = end(&client, &mallory, &"A".repeat(32)).await?;
    for answer in [&foreign, &unknown] {
        assert_refused(answer, 404, "SESSION_NOT_FOUND");
    }
    assert_eq!(foreign.json["message"], unknown.json["message"]);
    assert_eq!(me(&client, &ada).await?.status, 200);
    for odd in ["x", "%00", "..%2f..", "%27%20OR%201=1", &"A".repeat(5000)] {
        assert_eq!(end(&client, &mallory, odd).await?.status, 404, "{odd}");
    }
    assert_eq!(list(&client, &mallory).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn ending_the_others_keeps_ones_own() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let client = server.client();
    let mallory = sign_up(&client, "mallory@example.com").await?;
    let mut others = vec![sign_up(&client, ADA).await?];
    for _ in 0..3 {
        others.push(logged_in(&client, ADA).await?);
    }
    let own = logged_in(&client, ADA).await?;
    let answer = client.with_token(&own.access).send(Method::DELETE, "/auth/sessions", None).await?;
    assert_eq!((answer.status, &answer.json["success"]), (200, &json!(true)));
    for tokens in &others {
        assert_eq!(me(&client, tokens).await?.status, 401);
        assert_eq!(refresh(&client, &tokens.refresh).await?.status, 401);
    }
    assert_eq!(list(&client, &own).await?.len(), 1);
    assert_eq!(me(&client, &mallory).await?.status, 200);
    refreshed(&client, &own.refresh).await?;
    Ok(())
}

#[tokio::test]
async fn use_extends_a_session_and_an_hour_without_ends_it() -> anyhow::Result<()> {
    let (server, tokens) = long_tokens(&[]).await?;
    for _ in 0..5 {
        server.clock().advance(seconds(3599));
        assert_eq!(me(&server.client(), &tokens).await?.status, 200);
    }
    server.clock().advance(seconds(3600));
    assert_refused(&me(&server.client(), &tokens).await?, 401, "SESSION_EXPIRED");
    assert_refused(&refresh(&server.client(), &tokens.refresh).await?, 401, "SESSION_EXPIRED");
    let again = logged_in(&server.client(), ADA).await?;
    assert_eq!(list(&server.client(), &again).await?.len(), 1, "the expired one is not listed");
    Ok(())
}

#[tokio::test]
async fn with_no_sliding_window_use_extends_nothing() -> anyhow::Result<()> {
    let (server, tokens) = long_tokens(&[("sessions.sliding_window", "false")]).await?;
    server.clock().advance(seconds(1800));
    assert_eq!(me(&server.client(), &tokens).await?.status, 200);
    let answer = refresh(&server.client(), &tokens.refresh).await?;
    assert_eq!(answer.json["refresh_expires_in"], 1800);
    server.clock().advance(seconds(1799));
    assert_eq!(me(&server.client(), &tokens).await?.status, 200);
    server.clock().advance(seconds(1));
    assert_refused(&me(&server.client(), &tokens).await?, 401, "SESSION_EXPIRED");
    Ok(())
}

#[tokio::test]
async fn no_session_lives_longer_than_thirty_days_however_much_it_is_used() -> anyhow::Result<()> {
    let (server, _) = long_tokens(&[]).await?;
    let mut tokens = remembered(&server.client()).await?;
    for _ in 0..5 {
        server.clock().advance(days(6) - seconds(1));
        tokens = refreshed(&server.client(), &tokens.refresh).await?;
    }
    let last = refresh(&server.client(), &tokens.refresh).await?;
    assert_eq!(last.json["refresh_expires_in"], 5);
    server.clock().advance(seconds(4));
    tokens = refreshed(&server.client(), &Tokens::at(&last, "")?.refresh).await?;
    assert_eq!(me(&server.client(), &tokens).await?.status, 200);
    server.clock().advance(seconds(1));
    assert_eq!(me(&server.client(), &tokens).await?.status, 401);
    assert_eq!(refresh(&server.client(), &tokens.refresh).await?.status, 401);
    Ok(())
}

#[tokio::test]
async fn the_sixth_session_ends_the_least_recently_used() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let client = server.client();
    let mut sessions = vec![sign_up(&client, ADA).await?];
    for _ in 0..4 {
        server.clock().advance(seconds(10));
        sessions.push(logged_in(&client, ADA).await?);
    }
    server.clock().advance(seconds(10));
    // The oldest is used once more, so that the second oldest is the one to go.
    assert_eq!(me(&client, &sessions[0]).await?.status, 200);
    server.clock().advance(seconds(10));
    sessions.push(logged_in(&client, ADA).await?);
    for (place, tokens) in sessions.iter().enumerate() {
        let expected = if place == 1 { 401 } else { 200 };
        assert_eq!(me(&client, tokens).await?.status, expected, "session {place}");
    }
    assert_eq!(list(&client, &sessions[0]).await?.len(), 5);
    Ok(())
}

#[tokio::test]
async fn the_sixth_log_in_is_refused_where_old_sessions_may_not_be_ended() -> anyhow::Result<()> {
    let server = TestServer::builder().set("sessions.terminate_old_sessions", "false").start().await?;
    let client = server.client();
    let first = sign_up(&client, ADA).await?;
    for _ in 0..4 {
        logged_in(&client, ADA).await?;
    }
    assert_refused(&log_in(&client, ADA, PASSWORD).await?, 403, "SESSION_LIMIT_REACHED");
    assert_eq!(list(&client, &first).await?.len(), 5);
    client.with_token(&first.access).post("/auth/logout", &json!({})).await?;
    logged_in(&client, ADA).await?;
    assert_refused(&log_in(&client, ADA, PASSWORD).await?, 403, "SESSION_LIMIT_REACHED");
    server.clock().advance(seconds(3600));
    logged_in(&client, ADA).await?;
    Ok(())
}

#[tokio::test]
async fn a_device_has_one_session_where_that_is_asked_for() -> anyhow::Result<()> {
    let server = TestServer::builder().set("sessions.one_per_device", "true").start().await?;
    let [laptop, phone] = ["laptop/1.0", "phone/1.0"].map(|agent| server.client().with_user_agent(agent));
    let first = sign_up(&laptop, ADA).await?;
    server.clock().advance(seconds(60));
    let (second, other) = (logged_in(&laptop, ADA).await?, logged_in(&phone, ADA).await?);
    assert_eq!(second.session()?, first.session()?);
    assert_ne!(other.session()?, first.session()?);
    assert_eq!(list(&laptop, &second).await?.len(), 2);
    // The tokens of the log-in before are superseded; presenting one is no theft.
    assert_refused(&refresh(&laptop, &first.refresh).await?, 401, "TOKEN_INVALID");
    refreshed(&laptop, &second.refresh).await?;
    let mallory = sign_up(&laptop, "mallory@example.com").await?;
    assert_ne!(mallory.session()?, first.session()?, "one per device and user");
    Ok(())
}

#[tokio::test]
async fn a_device_opens_a_session_per_log_in_by_default() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let client = server.client().with_user_agent(FIREFOX);
    let (first, second) = (sign_up(&client, ADA).await?, logged_in(&client, ADA).await?);
    assert_ne!(first.session()?, second.session()?);
    Ok(())
}
