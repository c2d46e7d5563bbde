//! What a block stops, and what goes on.

use archon_testkit::{Answer, Client};
use serde_json::json;

use super::{ADA, STRANGER, Stage};
use crate::pages::browser::Browser;
use crate::support::{
    PASSWORD, WRONG, forgot, log_in, logged_in, me, number, refreshed, registration, reset_token, seconds,
    sign_up,
};

const REDIRECT: &str = "/auth/oauth/google/authorize?redirect_uri=https://app.example.com/callback";

/// Holds an answer to be the one that blocked clients get.
#[track_caller]
fn assert_blocked(answer: &Answer) {
    assert_eq!((answer.status, answer.code()), (403, "ADDRESS_BLOCKED"), "{}", answer.text);
    assert!(number(answer, "retry-after").is_ok_and(|wait| wait <= 3600), "{:?}", answer.headers);
    assert!(!answer.text_at("/details/0/message").is_empty(), "a way out: {}", answer.text);
}

/// What blocked clients cannot do.
async fn barred(client: &Client) -> anyhow::Result<Vec<Answer>> {
    Ok(vec![
        client.post("/auth/register", &registration("new@example.com")).await?,
        forgot(client, ADA).await?,
        client.get(REDIRECT).await?,
        log_in(client, ADA, PASSWORD).await?,
        log_in(client, ADA, WRONG).await?,
        log_in(client, "nobody@example.com", WRONG).await?,
    ])
}

#[tokio::test]
async fn a_blocked_client_gets_one_answer_and_others_notice_nothing() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    sign_up(&stage.server.client().from_address(super::OFFICE), ADA).await?;
    stage.attack().await?;
    let answers = barred(&stage.stranger()).await?;
    answers.iter().for_each(assert_blocked);
    let [.., right, wrong, unknown] = &answers[..] else { anyhow::bail!("too few") };
    let told = |answer: &Answer| (answer.text_at("/message").to_owned(), answer.json["details"].clone());
    assert!(told(right) == told(wrong) && told(wrong) == told(unknown), "nothing is learnt");
    let elsewhere = stage.server.client().from_address("198.51.100.8");
    logged_in(&elsewhere, ADA).await?;
    stage.server.clock().advance(seconds(3600));
    logged_in(&stage.stranger(), ADA).await?;
    Ok(())
}

#[tokio::test]
async fn a_user_behind_the_blocked_address_goes_on_and_logs_in() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let tokens = sign_up(&stage.stranger(), ADA).await?;
    let reset = reset_token(&stage.server, ADA, 1).await?;
    stage.attack().await?;
    assert_eq!(me(&stage.stranger(), &tokens).await?.status, 200);
    let tokens = refreshed(&stage.stranger(), &tokens.refresh).await?;
    assert_eq!(me(&stage.stranger(), &tokens).await?.status, 200);
    logged_in(&stage.stranger(), ADA).await?;
    assert_blocked(&log_in(&stage.stranger(), ADA, WRONG).await?);
    let confirmed = crate::support::confirm(&stage.stranger(), &reset, "EvenBetter456?").await?;
    assert_eq!(confirmed.status, 200, "{}", confirmed.text);
    Ok(())
}

#[tokio::test]
async fn the_suites_own_address_is_never_blocked_and_the_alert_says_so() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.fail("127.0.0.1", 10).await?;
    let alert = stage.receiver.messages(1).await?.remove(0).body;
    assert!(alert["data"]["details"]["not_blocked"]["127.0.0.1"].is_string(), "{alert}");
    sign_up(&stage.server.client(), ADA).await?;
    Ok(())
}

#[tokio::test]
async fn blocking_can_be_switched_off_and_alerts_as_well() -> anyhow::Result<()> {
    let stage = Stage::set_with(|builder| builder.set("alerts.block", "")).await?;
    let alert = stage.attack().await?;
    assert!(alert["data"]["details"]["blocked_for_seconds"].is_null(), "{alert}");
    sign_up(&stage.stranger(), ADA).await?;
    let stage = Stage::set_with(|builder| builder.set("alerts.enabled", "false")).await?;
    stage.fail(STRANGER, 30).await?;
    sign_up(&stage.stranger(), ADA).await?;
    assert_eq!(stage.shown("/alerts").await?, json!({"alerts": [], "next_cursor": null}));
    Ok(())
}

#[tokio::test]
async fn the_pages_say_it_in_plain_words() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let block = json!({"address": STRANGER, "duration_seconds": 600, "reason": "a test"});
    stage.admin().post("/auth/admin/blocked-addresses", &block).await?;
    let mut browser = Browser::new(&stage.server)?.with("x-forwarded-for", STRANGER);
    let page = browser.sign_in(ADA, WRONG).await?;
    let words = "Your network is blocked for a while. Try again in 10 minutes, at 10:10 UTC, or from another network.";
    assert_eq!(page.status, 403);
    assert!(page.body.contains(words), "{}", page.body);
    Ok(())
}
