//! Sessions whose requests come from elsewhere (CONTRACT section 4), and mails about new devices.

use anyhow::Context as _;
use archon_testkit::{Answer, Client, TestServer};
use serde_json::{Value, json};

use crate::pages::browser::Browser;
use crate::support::{
    Tokens, assert_refused, logged_in, mails_so_far, me, refresh, seconds, sign_up, verification_token,
};

const ADA: &str = "ada@example.com";
const HOME: &str = "198.51.100.1";
const CAFE: &str = "203.0.113.1";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
const WAY_OUT: &str =
    "The session was used from another place or device than before, so it was ended; log in again";

/// A service whose tokens outlive the test, and Ada at home.
async fn at_home(settings: &[(&str, &str)]) -> anyhow::Result<(TestServer, Client, Tokens)> {
    let builder = TestServer::builder().set("tokens.access_ttl", "86400");
    let builder = settings.iter().fold(builder, |builder, (key, value)| builder.set(key, value));
    let server = builder.start().await?;
    let home = server.client().from_address(HOME).with_user_agent(FIREFOX);
    let tokens = sign_up(&home, ADA).await?;
    Ok((server, home, tokens))
}

/// The details of the user's events of a kind, the newest first.
async fn details(client: &Client, tokens: &Tokens, kind: &str) -> anyhow::Result<Vec<Value>> {
    let export = client.with_token(&tokens.access).get("/auth/me/export").await?;
    let events = export.json["security_events"].as_array().context("there is no list of events")?;
    let of_kind = events.iter().filter(|event| event["type"] == kind);
    Ok(of_kind.map(|event| event["details"].clone()).collect())
}

fn assert_ended(answer: &Answer) {
    assert_refused(answer, 401, "TOKEN_REVOKED");
    assert_eq!(answer.text_at("/details/0/message"), WAY_OUT);
    let challenge = answer.header("www-authenticate");
    assert!(challenge.contains("invalid_token") && challenge.contains(WAY_OUT), "{challenge}");
}

#[tokio::test]
async fn another_program_has_five_minutes_until_everybody_logs_in_anew() -> anyhow::Result<()> {
    let (server, home, tokens) = at_home(&[]).await?;
    let thief = home.with_user_agent("python-requests/2.32.3");
    assert_eq!(me(&thief, &tokens).await?.status, 200);
    server.clock().advance(seconds(299));
    for client in [&home, &thief] {
        assert_eq!(me(client, &tokens).await?.status, 200);
    }
    server.clock().advance(seconds(1));
    for client in [&thief, &home] {
        assert_ended(&me(client, &tokens).await?);
        let refreshed = refresh(client, &tokens.refresh).await?;
        assert_refused(&refreshed, 401, "TOKEN_INVALID");
        assert_eq!(refreshed.text_at("/details/0/message"), WAY_OUT);
    }
    let anew = logged_in(&home, ADA).await?;
    server.clock().advance(seconds(600));
    assert_eq!(me(&home, &anew).await?.status, 200);

    let flagged = details(&home, &anew, "session_flagged").await?;
    assert_eq!(flagged.len(), 1, "{flagged:?}");
    assert_eq!(flagged[0]["new_user_agent"], "python-requests/2.32.3");
    let ended = details(&home, &anew, "session_terminated").await?;
    assert_eq!(ended.len(), 1, "{ended:?}");
    assert_eq!(ended[0]["reason"], "user_agent_changed");
    for field in ["session_id", "user_id", "original_ip", "new_ip", "timestamp"] {
        assert!(ended[0][field].is_string(), "{field} is missing in {}", ended[0]);
    }
    Ok(())
}

#[tokio::test]
async fn addresses_may_change_twice() -> anyhow::Result<()> {
    let (server, home, tokens) = at_home(&[]).await?;
    let walk = ["198.51.100.200", CAFE, "203.0.113.9", "10.1.0.1", HOME];
    for address in walk {
        server.clock().advance(seconds(600));
        assert_eq!(me(&home.from_address(address), &tokens).await?.status, 200, "{address}");
    }
    assert!(details(&home, &tokens, "session_flagged").await?.is_empty());
    assert_eq!(me(&home.from_address("10.2.0.1"), &tokens).await?.status, 200);
    let flagged = details(&home, &tokens, "session_flagged").await?;
    assert_eq!(flagged.len(), 1, "{flagged:?}");
    assert_eq!(
        flagged[0],
        json!({
            "reason": "too_many_ip_changes", "original_ip": HOME, "last_ip": HOME, "new_ip": "10.2.0.1",
            "original_user_agent": FIREFOX, "new_user_agent": FIREFOX,
        })
    );
    Ok(())
}

#[tokio::test]
async fn a_strict_deployment_ends_a_session_at_the_next_address() -> anyhow::Result<()> {
    let (_server, home, tokens) = at_home(&[("sessions.strict_ip_validation", "true")]).await?;
    assert_eq!(me(&home, &tokens).await?.status, 200);
    assert_ended(&me(&home.from_address("198.51.100.2"), &tokens).await?);
    assert_ended(&me(&home, &tokens).await?);
    Ok(())
}

#[tokio::test]
async fn a_deployment_may_watch_nothing() -> anyhow::Result<()> {
    let (server, home, tokens) = at_home(&[("sessions.hijack_detection", "false")]).await?;
    for address in [CAFE, "10.1.0.1", "10.2.0.1", "10.3.0.1"] {
        let elsewhere = home.from_address(address).with_user_agent(address);
        assert_eq!(me(&elsewhere, &tokens).await?.status, 200);
        server.clock().advance(seconds(600));
    }
    assert!(details(&home, &tokens, "session_flagged").await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_stolen_cookie_opens_no_page_for_long() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let mut browser = Browser::registered(&server, ADA).await?;
    let mut thief = Browser::new(&server)?.with("user-agent", "curl/8.5.0");
    thief.cookies.clone_from(&browser.cookies);
    let page = "/auth/pages/sessions";
    assert_eq!(thief.open(page).await?.status, 200);
    server.clock().advance(seconds(300));
    for visitor in [&mut thief, &mut browser] {
        let told = visitor.visit(page).await?;
        assert_eq!(told.html.role("status"), "Your session is over. Sign in to go on.", "{}", told.body);
    }
    Ok(())
}

#[tokio::test]
async fn a_log_in_with_a_new_device_is_mailed_to_a_verified_address() -> anyhow::Result<()> {
    let (server, home, _) = at_home(&[]).await?;
    let phone = "Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0";
    let cafe = home.from_address(CAFE).with_user_agent(phone);
    logged_in(&cafe, ADA).await?;
    let token = verification_token(&server, ADA, 1).await?;
    assert_eq!(home.post("/auth/email/verify", &json!({"token": token})).await?.status, 200);

    let other = home.from_address("10.1.0.1").with_user_agent("curl/8.5.0");
    logged_in(&other, ADA).await?;
    let mail = server.mail(ADA, "new_device").await?;
    for text in [&mail.text, &mail.html] {
        assert!(text.contains("curl") && text.contains("10.1.0.1"), "{text}");
    }
    // Each of these is known by its device; the mail that follows comes after theirs.
    for known in [&home, &cafe, &other, &cafe.from_address("10.9.0.1")] {
        logged_in(known, ADA).await?;
    }
    logged_in(&home.from_address("10.2.0.1").with_user_agent("wget/1.21"), ADA).await?;
    server.mails(ADA, "new_device", 2).await?;
    assert_eq!(mails_so_far(&server, ADA, "new_device"), 2);
    Ok(())
}
