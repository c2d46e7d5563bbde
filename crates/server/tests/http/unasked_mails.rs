//! Mails that somebody else causes: each is sent, and nobody can flood a mailbox with them.

use archon_testkit::{Client, TestServer};
use serde_json::json;

use crate::support::{
    PASSWORD, UNBLOCKED, WRONG, assert_refused, at_once, count, days, fail, log_in, mails_so_far, number,
    registration, reset_token, seconds, sign_up, unlimited, verification_token,
};

const ADA: &str = "ada@example.com";
const LOCKED: &str = "account_locked";
const REGISTERED: &str = "already_registered";

/// Tries to register an address that is taken.
async fn register_again(client: &Client) -> anyhow::Result<()> {
    let answer = client.post("/auth/register", &registration(ADA)).await?;
    assert_refused(&answer, 409, "EMAIL_EXISTS");
    Ok(())
}

/// Counts the mails of a kind to Ada once all that were caused so far have come.
async fn all_so_far(server: &TestServer, kind: &str) -> anyhow::Result<usize> {
    let resets = mails_so_far(server, ADA, "password_reset");
    reset_token(server, ADA, resets + 1).await?;
    Ok(mails_so_far(server, ADA, kind))
}

#[tokio::test]
async fn a_lock_is_told_to_the_owner_and_to_nobody_else() -> anyhow::Result<()> {
    let server = TestServer::builder().seed(1).set(UNBLOCKED.0, UNBLOCKED.1).start().await?;
    sign_up(&server.client().from_address("192.0.2.1"), ADA).await?;
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    let stranger = server.client().from_address("198.51.100.7").with_user_agent(firefox);
    fail(&stranger, ADA, 4).await?;
    fail(&stranger, "nobody@example.com", 5).await?;
    assert_eq!(all_so_far(&server, LOCKED).await?, 0, "four failures lock nobody");
    fail(&stranger, ADA, 1).await?;
    let mail = server.mail(ADA, LOCKED).await?;
    for text in [&mail.text, &mail.html] {
        assert!(text.contains("Firefox on Linux") && text.contains("198.51.100.7"), "{text}");
        assert!(text.contains("10:30"), "until when: {text}");
    }
    assert_refused(&log_in(&stranger, ADA, PASSWORD).await?, 429, "ACCOUNT_LOCKED");
    assert_eq!(all_so_far(&server, LOCKED).await?, 1, "once, not for every try while it holds");
    assert!(server.mailbox().messages_to("nobody@example.com").is_empty());
    Ok(())
}

#[tokio::test]
async fn a_lock_of_a_known_network_is_told_as_well() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let home = server.client().from_address("192.0.2.1");
    sign_up(&home, ADA).await?;
    fail(&home, ADA, 5).await?;
    let mail = server.mail(ADA, LOCKED).await?;
    assert!(mail.text.contains("192.0.2.1"), "{}", mail.text);
    Ok(())
}

#[tokio::test]
async fn a_lock_by_wrong_current_passwords_is_told_as_well() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let tokens = sign_up(&server.client(), ADA).await?;
    let client = server.client().with_token(&tokens.access);
    for _ in 0..5 {
        let body = json!({"current_password": WRONG, "new_password": "EvenBetter456?"});
        assert_eq!(client.send(reqwest::Method::PUT, "/auth/password", Some(&body)).await?.status, 401);
    }
    server.mail(ADA, LOCKED).await?;
    Ok(())
}

#[tokio::test]
async fn the_owner_of_an_address_learns_that_somebody_has_registered_it_again() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    sign_up(&server.client(), ADA).await?;
    let stranger = server.client().from_address("198.51.100.7").with_user_agent("curl/8.5.0");
    let mut body = registration("ADA@example.com");
    body["name"] = json!("Somebody Else");
    assert_refused(&stranger.post("/auth/register", &body).await?, 409, "EMAIL_EXISTS");
    let mail = server.mail(ADA, REGISTERED).await?;
    for text in [&mail.text, &mail.html] {
        assert!(
            text.contains("Ada Lovelace") && text.contains("curl") && text.contains("198.51.100.7"),
            "{text}"
        );
        assert!(!text.contains("Somebody Else"), "the words of a stranger are not passed on: {text}");
    }
    assert_eq!(mail.mail.to.as_typed(), ADA);
    Ok(())
}

#[tokio::test]
async fn five_such_mails_a_day_reach_a_user_whatever_they_are() -> anyhow::Result<()> {
    let server = TestServer::builder().set("rate_limits.password_reset.limit", "1000").start().await?;
    sign_up(&server.client(), ADA).await?;
    let stranger = server.client().from_address("198.51.100.7");
    for round in 1..=2 {
        for _ in 0..3 {
            register_again(&stranger).await?;
        }
        for place in 1..=3 {
            fail(&stranger, ADA, 5).await?;
            let sent = if place == 3 { 2 } else { place };
            assert_eq!(all_so_far(&server, LOCKED).await?, 2 * (round - 1) + sent, "lock {place}");
            server.clock().advance(seconds(1800));
        }
        register_again(&stranger).await?;
        assert_eq!(all_so_far(&server, REGISTERED).await?, 3 * round);
        server.clock().advance(days(1));
    }
    // Others have budgets of their own.
    sign_up(&server.client(), "grace@example.com").await?;
    fail(&stranger, "grace@example.com", 5).await?;
    server.mail("grace@example.com", LOCKED).await?;
    Ok(())
}

#[tokio::test]
async fn clients_that_are_never_limited_do_not_flood_a_mailbox_either() -> anyhow::Result<()> {
    let builder = TestServer::builder().set("rate_limits.exempt", "127.0.0.1");
    let server = builder.set("rate_limits.password_reset.limit", "1000").start().await?;
    sign_up(&server.client(), ADA).await?;
    for _ in 0..20 {
        register_again(&server.client()).await?;
    }
    assert_eq!(all_so_far(&server, REGISTERED).await?, 5);
    Ok(())
}

#[tokio::test]
async fn whoever_loses_a_race_for_an_address_has_the_winner_told() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let answers = at_once((0..10).map(|_| {
        let client = server.client();
        async move { client.post("/auth/register", &registration(ADA)).await }
    }))
    .await?;
    assert_eq!((count(&answers, 201), count(&answers, 409)), (1, 9));
    assert_eq!(server.mails(ADA, REGISTERED, 9).await?.len(), 9);
    Ok(())
}

#[tokio::test]
async fn who_may_not_log_in_unverified_is_mailed_another_link() -> anyhow::Result<()> {
    let builder = TestServer::builder().set("registration.require_verified_email", "true");
    let server = builder.set("rate_limits.login.limit", "100").start().await?;
    let client = server.client();
    assert_eq!(client.post("/auth/register", &registration(ADA)).await?.status, 201);
    assert_refused(&log_in(&client, ADA, WRONG).await?, 401, "INVALID_CREDENTIALS");
    let way_out = |sent: bool| {
        if sent { "on its way" } else { "log in again later" }
    };
    for place in 1..=4 {
        let refused = log_in(&client, ADA, PASSWORD).await?;
        assert_refused(&refused, 403, "EMAIL_NOT_VERIFIED");
        let told = refused.text_at("/details/0/message");
        assert!(told.contains(way_out(place <= 3)), "{place}: {told}");
        server.clock().advance(seconds(60));
    }
    assert_eq!(
        all_so_far(&server, "verify_email").await?,
        4,
        "one of the registration, three of the log-ins"
    );
    server.clock().advance(seconds(3600));
    let refused = log_in(&client, ADA, PASSWORD).await?;
    assert!(refused.text_at("/details/0/message").contains(way_out(true)), "{}", refused.text);
    let token = verification_token(&server, ADA, 5).await?;
    assert_eq!(client.post("/auth/email/verify", &json!({"token": token})).await?.status, 200);
    assert_eq!(log_in(&client, ADA, PASSWORD).await?.status, 200);
    assert_eq!(number(&log_in(&client, ADA, PASSWORD).await?, "x-ratelimit-limit")?, 100);
    Ok(())
}
