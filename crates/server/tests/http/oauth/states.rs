//! What a state is good for, and where users may be sent back to.

use serde_json::json;

use super::{ADA, REDIRECT_URI, Stage, authorize, begin_link, events_of, finish, link, state_of};
use crate::support::{assert_refused, fields, seconds};

#[track_caller]
fn assert_invalid(answer: &archon_testkit::Answer) {
    assert_refused(answer, 400, "INVALID_STATE");
    assert_eq!(answer.text_at("/message"), "Invalid state parameter");
    assert_eq!(fields(answer), ["state"]);
}

#[tokio::test]
async fn a_state_works_once_and_for_ten_minutes() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.google.vouch("code", "ada-1", ADA);
    let state = stage.begin("google").await?;
    assert_eq!(finish(&stage.client(), "google", "code", &state).await?.status, 200);
    assert_invalid(&finish(&stage.client(), "google", "code", &state).await?);

    let state = stage.begin("google").await?;
    stage.server.clock().advance(seconds(599));
    assert_eq!(finish(&stage.client(), "google", "code", &state).await?.status, 200);
    let state = stage.begin("google").await?;
    stage.server.clock().advance(seconds(600));
    assert_invalid(&finish(&stage.client(), "google", "code", &state).await?);
    Ok(())
}

#[tokio::test]
async fn a_state_that_was_tried_is_spent_whatever_was_wrong() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.google.vouch("code", "ada-1", ADA);
    stage.other.vouch("code", "ada-1", ADA);
    for (provider, code) in [("other", "code"), ("github", "code"), ("nobody", "code"), ("google", "wrong")] {
        let state = stage.begin("google").await?;
        let refused = finish(&stage.client(), provider, code, &state).await?;
        if provider == "google" {
            assert_refused(&refused, 400, "OAUTH_CODE_REFUSED");
        } else {
            assert_invalid(&refused);
        }
        assert_invalid(&finish(&stage.client(), "google", "code", &state).await?);
    }
    let state = stage.begin("google").await?;
    let denied = format!("/auth/oauth/google/callback?error=access_denied&state={state}");
    assert_refused(&stage.client().get(&denied).await?, 400, "OAUTH_DENIED");
    assert_invalid(&finish(&stage.client(), "google", "code", &state).await?);
    Ok(())
}

#[tokio::test]
async fn a_state_that_was_made_up_is_refused() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.google.vouch("code", "ada-1", ADA);
    let good = stage.begin("google").await?;
    for forged in ["x", &good[..42], &format!("{good}A"), &"A".repeat(43), &"A".repeat(512), "%27%3B--"] {
        assert_invalid(&finish(&stage.client(), "google", "code", forged).await?);
    }
    assert_eq!(finish(&stage.client(), "google", "code", &good).await?.status, 200, "it was not touched");
    Ok(())
}

#[tokio::test]
async fn a_state_serves_its_purpose_and_its_user_only() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.google.vouch("code", "ada-1", "elsewhere@example.com");
    let (ada, grace) = (stage.verified(ADA).await?, stage.verified("grace@example.com").await?);

    let to_link = state_of(&begin_link(&ada, "google").await?)?;
    assert_invalid(&finish(&stage.client(), "google", "code", &to_link).await?);
    let adas = state_of(&begin_link(&ada, "google").await?)?;
    let elsewhere = state_of(&begin_link(&grace, "google").await?)?;
    let to_log_in = stage.begin("google").await?;
    for (user, provider, state) in
        [(&grace, "google", adas), (&grace, "google", to_log_in), (&grace, "other", elsewhere)]
    {
        let refused = link(user, provider, &json!({"code": "code", "state": state})).await?;
        assert_invalid(&refused);
        assert!(!refused.text.contains(&state));
    }
    for user in [&ada, &grace] {
        assert_eq!(user.get("/auth/me/identities").await?.json["total"], 0);
    }
    let events = events_of(&grace, "oauth_failed").await?;
    let details: Vec<_> = events.iter().map(|event| event["details"].clone()).collect();
    for reason in ["state_of_other_user", "state_of_other_purpose"] {
        assert!(details.contains(&json!({"provider": "google", "reason": reason})), "{details:?}");
    }
    assert!(details.contains(&json!({"provider": "other", "reason": "state_of_other_provider"})));
    assert_eq!(events[0]["severity"], "warning");
    Ok(())
}

#[tokio::test]
async fn users_are_sent_back_to_listed_addresses_only() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    for listed in [REDIRECT_URI, "http://127.0.0.1/cb", "http://127.0.0.1:49152/cb"] {
        assert_eq!(authorize(&stage.client(), "google", listed).await?.status, 200, "{listed}");
    }
    for other in [
        "https://evil.example/callback",
        "https://app.example.com/callback/",
        "https://app.example.com/callback%23x",
        "https://app.example.com.evil.example/callback",
        "https://app.example.com%40evil.example/callback",
        "http://localhost/cb",
        "http://127.0.0.1:80%40evil.example/cb",
        "//app.example.com/callback",
        "javascript:alert(1)",
        "x",
    ] {
        let refused = authorize(&stage.client(), "google", other).await?;
        assert_refused(&refused, 400, "INVALID_REDIRECT_URI");
        assert_eq!(fields(&refused), ["redirect_uri"]);
        assert!(!refused.text.contains("evil"), "{}", refused.text);
    }
    let user = stage.verified(ADA).await?;
    let body = json!({"redirect_uri": "https://evil.example/"});
    let refused = user.post("/auth/me/identities/google/authorize", &body).await?;
    assert_refused(&refused, 400, "INVALID_REDIRECT_URI");
    Ok(())
}

#[tokio::test]
async fn unknown_providers_and_those_without_credentials_are_told_apart() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let user = stage.verified(ADA).await?;
    for (provider, code) in [
        ("nobody", "UNKNOWN_PROVIDER"),
        ("Google", "UNKNOWN_PROVIDER"),
        ("%00", "UNKNOWN_PROVIDER"),
        ("github", "PROVIDER_NOT_CONFIGURED"),
    ] {
        let refused = authorize(&stage.client(), provider, REDIRECT_URI).await?;
        assert_refused(&refused, 400, code);
        assert_eq!(fields(&refused), ["provider"]);
        assert_refused(&begin_link(&user, provider).await?, 400, code);
    }
    Ok(())
}
