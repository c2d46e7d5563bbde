//! Looking after users' sessions.

use reqwest::Method;
use serde_json::json;

use super::{ADA, Stage, each, list};
use crate::support::{Tokens, assert_refused, logged_in, me, refresh, seconds};

#[tokio::test]
async fn a_users_sessions_are_listed_the_last_used_first() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.server.clock().advance(seconds(60));
    let second = logged_in(&stage.server.client().from_address("192.0.2.77"), ADA).await?;
    let shown = stage.shown(&format!("/users/{}/sessions", stage.ada.id)).await?;
    let sessions = list(&shown, "sessions")?;
    assert_eq!((shown["total"].as_u64(), sessions.len()), (Some(2), 2));
    assert_eq!(sessions[0]["id"], second.session()?.as_str());
    assert_eq!(sessions[0]["ip_address"], "192.0.2.77");
    assert!(sessions.iter().all(|session| session["current"] == false), "none is the administrator's");
    let own = stage.shown(&format!("/users/{}/sessions", stage.root.id)).await?;
    let current: Vec<_> = list(&own, "sessions")?.iter().map(|session| session["current"].clone()).collect();
    assert_eq!(current.iter().filter(|current| **current == json!(true)).count(), 1);
    Ok(())
}

#[tokio::test]
async fn one_session_ends_and_the_others_go_on() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let client = stage.server.client();
    let (ended, other) = (logged_in(&client, ADA).await?, logged_in(&client, ADA).await?);
    let session = ended.session()?;
    let action = format!("/sessions/{session}");
    // Not by the path of somebody else.
    let astray = stage.do_to(&stage.root, Method::DELETE, &action).await?;
    assert_refused(&astray, 404, "SESSION_NOT_FOUND");
    assert_eq!(me(&client, &ended).await?.status, 200);

    let answer = stage.do_to_ada(Method::DELETE, &action).await?;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    stage.assert_recorded("end_session", &session, Some(&stage.ada)).await?;
    assert_refused(&me(&client, &ended).await?, 401, "TOKEN_REVOKED");
    assert_refused(&refresh(&client, &ended.refresh).await?, 401, "TOKEN_INVALID");
    assert_eq!(me(&client, &other).await?.status, 200);
    assert_refused(&stage.do_to_ada(Method::DELETE, &action).await?, 404, "SESSION_NOT_FOUND");
    for made_up in ["/sessions/nonsense", "/sessions/pJ1Zk0m8WQqf3vCq0jTn5e6u2yXbR4aS"] {
        assert_refused(&stage.do_to_ada(Method::DELETE, made_up).await?, 404, "SESSION_NOT_FOUND");
    }
    Ok(())
}

#[tokio::test]
async fn all_sessions_end_and_the_user_logs_in_again() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let client = stage.server.client();
    let tokens: [Tokens; 2] = [logged_in(&client, ADA).await?, logged_in(&client, ADA).await?];
    let answer = stage.do_to_ada(Method::DELETE, "/sessions").await?;
    assert_eq!((answer.status, &answer.json), (200, &json!({"ended": 3})), "{}", answer.text);
    stage.assert_recorded("end_sessions", &stage.ada.id, Some(&stage.ada)).await?;
    for tokens in &tokens {
        assert_refused(&me(&client, tokens).await?, 401, "TOKEN_REVOKED");
    }
    let again = stage.do_to_ada(Method::DELETE, "/sessions").await?;
    assert_eq!((again.status, &again.json), (200, &json!({"ended": 0})));
    let events = stage.shown(&format!("/events?type=session_terminated&user={}", stage.ada.id)).await?;
    let events = list(&events, "events")?;
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|event| event["details"]["reason"] == "ended_by_administrator"));
    assert_eq!(each(events, "ip_address"), ["", "", ""], "it was not the administrator's session that ended");
    logged_in(&client, ADA).await?;
    Ok(())
}

#[tokio::test]
async fn an_administrator_can_end_their_own_sessions() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let answer = stage.do_to(&stage.root, Method::DELETE, "/sessions").await?;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_refused(&stage.get("/auth/admin/users").await?, 401, "TOKEN_REVOKED");
    Ok(())
}
