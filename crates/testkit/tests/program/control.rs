//! What the control does, and what it refuses.

use archon_testkit::Client;
use reqwest::Method;
use serde_json::json;

use crate::support::{Testkit, refusal};

async fn register(client: &Client, email: &str) -> anyhow::Result<String> {
    let body = json!({"email": email, "password": "SecurePass123!", "name": "Ada"});
    let answer = client.post("/auth/register", &body).await?;
    anyhow::ensure!(answer.status == 201, "{}", answer.text);
    Ok(answer.text_at("/tokens/access_token").to_owned())
}

#[tokio::test]
async fn the_clock_is_turned_and_a_reset_turns_it_back() -> anyhow::Result<()> {
    let testkit = Testkit::start(&["--seed", "7"])?;
    let (client, control) = (testkit.client()?, testkit.control()?);
    let described = control.get("/testkit").await?;
    assert_eq!(described.text_at("/now"), "2026-01-05T10:00:00.123456Z");
    assert_eq!(described.json["seed"], 7);
    assert_eq!(described.text_at("/jwks_url"), format!("{}/.well-known/jwks.json", testkit.base_url));

    let token = register(&client, "ada@example.com").await?;
    let turned = control.post("/testkit/clock", &json!({"seconds": 901})).await?;
    assert_eq!(turned.text_at("/now"), "2026-01-05T10:15:01.123456Z");
    let me = client.with_token(&token).get("/auth/me").await?;
    assert_eq!((me.status, me.text_at("/message")), (401, "Token has expired"));

    let reset = control.send(Method::POST, "/testkit/reset", None).await?;
    assert_eq!(reset.text_at("/now"), "2026-01-05T10:00:00.123456Z", "{}", reset.text);
    assert_eq!(reset.text_at("/base_url"), testkit.base_url);
    register(&client, "ada@example.com").await?;
    Ok(())
}

#[tokio::test]
async fn mails_are_awaited_read_and_cleared() -> anyhow::Result<()> {
    let testkit = Testkit::start(&["--set", "links.base_url=https://auth.example.com"])?;
    let (client, control) = (testkit.client()?, testkit.control()?);
    let away = control.send(Method::PUT, "/testkit/mail-server", Some(&json!({"state": "away"}))).await?;
    assert_eq!(away.status, 204, "{}", away.text);
    register(&client, "ada@example.com").await?;
    control.send(Method::PUT, "/testkit/mail-server", Some(&json!({"state": "up"}))).await?;
    control.post("/testkit/clock", &json!({"seconds": 3600})).await?;
    let mails = control.get("/testkit/mails?to=ada@example.com&kind=verify_email").await?;
    assert_eq!(mails.text_at("/mails/0/to"), "ada@example.com", "{}", mails.text);
    let (link, token) = (mails.text_at("/mails/0/link"), mails.text_at("/mails/0/token"));
    assert!(link.starts_with("https://auth.example.com/") && link.ends_with(token), "{link}");
    assert_eq!(client.post("/auth/email/verify", &json!({"token": token})).await?.status, 200);

    assert_eq!(control.send(Method::DELETE, "/testkit/mails", None).await?.status, 204);
    assert!(!control.get("/testkit/mails").await?.text.contains("verify_email"));
    Ok(())
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_and_changes_nothing() -> anyhow::Result<()> {
    let testkit = Testkit::start(&[])?;
    let control = testkit.control()?;
    let token = register(&testkit.client()?, "ada@example.com").await?;
    for (path, body) in [
        ("/testkit/clock", json!({"seconds": -1})),
        ("/testkit/clock", json!({"minutes": 1})),
        ("/testkit/clock", json!({"seconds": u64::MAX})),
        ("/testkit/reset", json!({"settings": {"server.port": "8181"}})),
        ("/testkit/reset", json!({"start_at": "tomorrow"})),
    ] {
        let refused = control.post(path, &body).await?;
        assert_eq!(refused.status, 400, "{path} {body}: {}", refused.text);
        assert!(!refused.text_at("/error").is_empty(), "{}", refused.text);
    }
    assert_eq!(control.get("/testkit/mails?to=ada@example.com").await?.status, 400);
    assert_eq!(control.get("/auth/me").await?.status, 404);
    let client = testkit.client()?.with_token(&token);
    assert_eq!(client.get("/auth/me").await?.status, 200);

    let refused = control.post("/testkit/reset", &json!({"settings": {"no.such": "1"}})).await?;
    assert!(refused.status == 400 && refused.text_at("/error").contains("no.such"), "{}", refused.text);
    // It has begun anew all the same, as it was.
    register(&testkit.client()?, "ada@example.com").await?;
    Ok(())
}

#[tokio::test]
async fn it_ends_when_told_to() -> anyhow::Result<()> {
    let testkit = Testkit::start(&["--set", "server.workers=1"])?;
    register(&testkit.client()?, "ada@example.com").await?;
    assert!(testkit.terminate()?.success());
    Ok(())
}

#[test]
fn the_address_can_only_be_opened_on_purpose() -> anyhow::Result<()> {
    assert!(refusal(&["--set", "server.host=0.0.0.0"])?.contains("--host"));
    assert!(refusal(&["--host", "0.0.0.0", "--set", "no.such=1"])?.contains("never in production"));
    assert!(!refusal(&["--host", "127.0.0.1", "--set", "no.such=1"])?.contains("never in production"));
    assert!(refusal(&["--redis", "redis://localhost"])?.contains("--postgres"));
    Ok(())
}
