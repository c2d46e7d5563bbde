//! Verifying the e-mail address (CONTRACT sections 2 and 6).

use archon_testkit::{Answer, TestServer};
use serde_json::{Value, json};

use crate::support::{
    PASSWORD, Tokens, WRONG, assert_refused, days, events, log_in, logged_in, me, number, registration,
    seconds, sign_up, verification_token,
};

const ADA: &str = "ada@example.com";

async fn verify(server: &TestServer, token: &str) -> anyhow::Result<Answer> {
    server.client().post("/auth/email/verify", &json!({"token": token})).await
}

async fn resend(server: &TestServer, tokens: &Tokens) -> anyhow::Result<Answer> {
    let client = server.client().with_token(&tokens.access);
    client.post("/auth/email/verify/resend", &json!({})).await
}

#[track_caller]
fn assert_invalid(answer: &Answer) {
    assert_refused(answer, 400, "TOKEN_INVALID");
    assert_eq!(answer.text_at("/message"), "Invalid or expired token");
}

#[tokio::test]
async fn the_link_in_the_mail_verifies_the_address() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let tokens = sign_up(&server.client(), ADA).await?;
    assert_eq!(me(&server.client(), &tokens).await?.json["email_verified"], false);
    let answer = verify(&server, &verification_token(&server, ADA, 1).await?).await?;
    assert_eq!((answer.status, &answer.json["success"]), (200, &json!(true)), "{}", answer.text);
    assert_eq!(me(&server.client(), &tokens).await?.json["email_verified"], true);
    assert!(events(&server.client(), &tokens).await?.contains(&"email_verified".to_owned()));
    Ok(())
}

#[tokio::test]
async fn used_expired_and_made_up_tokens_get_the_same_answer() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let tokens = sign_up(&server.client(), ADA).await?;
    let used = verification_token(&server, ADA, 1).await?;
    assert_eq!(verify(&server, &used).await?.status, 200);
    sign_up(&server.client(), "grace@example.com").await?;
    let expired = verification_token(&server, "grace@example.com", 1).await?;
    server.clock().advance(days(1));

    let cut = &expired[..42];
    let longer = format!("{expired}A");
    let padded = format!("{expired}=");
    let made_up = "A".repeat(43);
    let odd = ["", " ", "\u{0}", "garbage", "\u{fc}", &made_up, cut, &longer, &padded, &tokens.access];
    let mut answers = Vec::new();
    for token in odd.into_iter().chain([used.as_str(), expired.as_str()]) {
        let mut answer = verify(&server, token).await?;
        assert_invalid(&answer);
        answer.json["request_id"] = Value::Null;
        answers.push(answer.json);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    Ok(())
}

#[tokio::test]
async fn nobody_can_bend_the_link_of_a_mail_to_a_host_of_theirs() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let evil = "evil.example";
    let client =
        server.client().with_header("x-forwarded-host", evil).with_header("forwarded", "host=evil.example");
    let client = client.with_header("host", evil).with_header("origin", "https://evil.example");
    sign_up(&client, ADA).await?;
    let mails = server.mails(ADA, "verify_email", 1).await?;
    assert!(!mails[0].raw.contains(evil), "{}", mails[0].raw);
    Ok(())
}

#[tokio::test]
async fn a_link_works_for_a_day() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    sign_up(&server.client(), ADA).await?;
    server.clock().advance(days(1) - seconds(1));
    assert_eq!(verify(&server, &verification_token(&server, ADA, 1).await?).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_link_verifies_the_address_of_its_own_user_only() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let ada = sign_up(&server.client(), ADA).await?;
    let grace = sign_up(&server.client(), "grace@example.com").await?;
    let token = verification_token(&server, "grace@example.com", 1).await?;
    let client = server.client().with_token(&ada.access);
    assert_eq!(client.post("/auth/email/verify", &json!({"token": token})).await?.status, 200);
    assert_eq!(me(&server.client(), &ada).await?.json["email_verified"], false);
    assert_eq!(me(&server.client(), &grace).await?.json["email_verified"], true);
    Ok(())
}

#[tokio::test]
async fn another_mail_can_be_asked_for_three_times_an_hour() -> anyhow::Result<()> {
    let server = TestServer::builder().set("tokens.access_ttl", "86400").start().await?;
    let ada = sign_up(&server.client(), ADA).await?;
    for sent in 1..=3 {
        let answer = resend(&server, &ada).await?;
        assert_eq!((answer.status, &answer.json["success"]), (200, &json!(true)), "{}", answer.text);
        assert_eq!(answer.header("x-ratelimit-remaining"), (3 - sent).to_string());
        assert_eq!(answer.header("ratelimit-policy"), "\"email_resend\";q=3;w=3600");
        server.clock().advance(seconds(60));
    }
    let elsewhere = server.client().from_address("198.51.100.7").with_token(&ada.access);
    let refused = elsewhere.post("/auth/email/verify/resend", &json!({})).await?;
    assert_refused(&refused, 429, "RATE_LIMIT_EXCEEDED");
    let wait = number(&refused, "retry-after")?;
    assert_eq!(wait, 3600 - 180, "per user, wherever they are");
    assert_eq!(me(&server.client(), &ada).await?.status, 200, "only this is used up");

    let grace = sign_up(&server.client(), "grace@example.com").await?;
    assert_eq!(resend(&server, &grace).await?.status, 200, "each user has their own");

    server.clock().advance(seconds(wait));
    assert_eq!(resend(&server, &ada).await?.status, 200);
    assert_eq!(resend(&server, &ada).await?.status, 429, "the second of the three is in the window yet");
    assert_eq!(server.mails(ADA, "verify_email", 5).await?.len(), 5);
    Ok(())
}

#[tokio::test]
async fn the_link_of_each_mail_works_until_one_was_used() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let tokens = sign_up(&server.client(), ADA).await?;
    let first = verification_token(&server, ADA, 1).await?;
    resend(&server, &tokens).await?;
    let second = verification_token(&server, ADA, 2).await?;
    assert_ne!(first, second);
    assert_eq!(verify(&server, &first).await?.status, 200);
    assert_invalid(&verify(&server, &second).await?);
    Ok(())
}

#[tokio::test]
async fn nobody_is_mailed_whose_address_is_verified_already() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let tokens = sign_up(&server.client(), ADA).await?;
    verify(&server, &verification_token(&server, ADA, 1).await?).await?;
    assert_eq!(resend(&server, &tokens).await?.status, 200);
    // A mail of a later cause has arrived, so an earlier one would have.
    let body = json!({"current_password": PASSWORD, "new_password": "EvenBetter456?"});
    let client = server.client().with_token(&tokens.access);
    client.send(reqwest::Method::PUT, "/auth/password", Some(&body)).await?;
    server.mails(ADA, "password_changed", 1).await?;
    assert_eq!(server.mails(ADA, "verify_email", 1).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn where_it_is_required_nobody_logs_in_before_the_address_is_verified() -> anyhow::Result<()> {
    let server = TestServer::builder().set("registration.require_verified_email", "true").start().await?;
    let client = server.client();
    let registered = client.post("/auth/register", &registration(ADA)).await?;
    assert_eq!(registered.status, 201, "{}", registered.text);
    assert!(registered.json["tokens"].is_null() && registered.json.get("tokens").is_some());
    assert!(registered.json["user"]["last_login_at"].is_null());

    assert_refused(&log_in(&client, ADA, PASSWORD).await?, 403, "EMAIL_NOT_VERIFIED");
    assert_refused(&log_in(&client, ADA, WRONG).await?, 401, "INVALID_CREDENTIALS");
    assert_eq!(verify(&server, &verification_token(&server, ADA, 1).await?).await?.status, 200);
    let tokens = logged_in(&client, ADA).await?;
    assert_eq!(me(&client, &tokens).await?.json["email_verified"], true);
    Ok(())
}

#[tokio::test]
async fn by_default_nobody_needs_to_verify() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    sign_up(&server.client(), ADA).await?;
    logged_in(&server.client(), ADA).await?;
    Ok(())
}
