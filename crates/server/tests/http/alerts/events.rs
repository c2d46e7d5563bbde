//! Security events that alerts count, and those of spent budgets.

use archon_contract::ToldProvider;
use archon_domain::ProviderFault;
use serde_json::{Value, json};

use super::{STRANGER, Stage};
use crate::support::{log_in, me, seconds, sign_up};

/// The events of a type, the latest first.
async fn of(stage: &Stage, kind: &str) -> anyhow::Result<Vec<Value>> {
    let found = stage.shown(&format!("/events?type={kind}&limit=200")).await?;
    Ok(found["events"].as_array().cloned().unwrap_or_default())
}

#[tokio::test]
async fn a_spent_budget_is_one_event_for_each_window() -> anyhow::Result<()> {
    let stage = Stage::set_with(|builder| builder.set("rate_limits.enabled", "true")).await?;
    let guess = async |address: &str, times: usize| {
        let client = stage.server.client().from_address(address);
        for place in 0..times {
            log_in(&client, &format!("nobody{place}@example.com"), "wrong").await?;
        }
        anyhow::Ok(())
    };
    guess(STRANGER, 20).await?;
    assert!(of(&stage, "rate_limited").await?.is_empty(), "all of it, and no more");
    guess(STRANGER, 15).await?;
    let events = of(&stage, "rate_limited").await?;
    assert_eq!(events.len(), 1, "{events:?}");
    let details = json!({"bucket": "login", "limit": 20, "window_seconds": 60, "budget_of": STRANGER});
    assert_eq!((&events[0]["details"], &events[0]["ip_address"]), (&details, &json!(STRANGER)));
    guess("198.51.100.8", 25).await?;
    assert_eq!(of(&stage, "rate_limited").await?.len(), 2, "another client");
    stage.server.clock().advance(seconds(61));
    guess(STRANGER, 25).await?;
    assert_eq!(of(&stage, "rate_limited").await?.len(), 3, "another window");
    Ok(())
}

#[tokio::test]
async fn the_spent_budget_of_a_user_is_recorded_with_the_user() -> anyhow::Result<()> {
    let stage = Stage::set_with(|builder| {
        builder.set("rate_limits.enabled", "true").set("rate_limits.default.limit", "60")
    });
    let stage = stage.await?;
    let ada = sign_up(&stage.stranger(), "ada@example.com").await?;
    for _ in 0..70 {
        me(&stage.stranger(), &ada).await?;
    }
    let events = of(&stage, "rate_limited").await?;
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0]["details"]["bucket"], "default");
    assert!(events[0]["user_id"].is_string());
    Ok(())
}

#[tokio::test]
async fn a_provider_that_fails_at_the_first_step_is_recorded_with_the_client() -> anyhow::Result<()> {
    let google = ToldProvider::new("google");
    let provider = google.clone();
    let stage = Stage::set_with(move |builder| {
        builder.provider(provider).set("oauth.redirect_uris", "https://app.example.com/callback")
    });
    let stage = stage.await?;
    google.go_away(ProviderFault::Misconfigured);
    let path = "/auth/oauth/google/authorize?redirect_uri=https://app.example.com/callback";
    assert_eq!(stage.stranger().get(path).await?.status, 502);
    let events = of(&stage, "oauth_failed").await?;
    assert_eq!(events[0]["ip_address"], json!(STRANGER), "{events:?}");
    Ok(())
}

#[tokio::test]
async fn a_quiet_service_tells_nobody() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.fail(STRANGER, 9).await?;
    stage.shown("/events").await?;
    assert_eq!(stage.shown("/alerts").await?["alerts"], json!([]));
    assert!(stage.receiver.so_far().is_empty());
    Ok(())
}
