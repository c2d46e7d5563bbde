//! Providers that do not do their part: each failure has its status, its message and its event.

use archon_domain::{ProviderFault, ProviderStep, Span};
use serde_json::json;

use super::{ADA, REDIRECT_URI, Stage, authorize, begin_link, events_of, finish, link, state_of};
use crate::support::assert_refused;

const AWAY: ProviderFault = ProviderFault::Unavailable { retry_after: None };

const fn away_for(seconds: i64) -> ProviderFault {
    ProviderFault::Unavailable { retry_after: Some(Span::seconds(seconds)) }
}

#[tokio::test]
async fn every_failure_of_a_provider_has_its_answer_and_its_event() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let user = stage.verified(ADA).await?;
    for (step, fault, status, code, retry_after, reason) in [
        (ProviderStep::TokenExchange, ProviderFault::Refused, 400, "OAUTH_CODE_REFUSED", "", "code_refused"),
        (ProviderStep::TokenExchange, AWAY, 502, "PROVIDER_ERROR", "", "provider_unavailable"),
        (ProviderStep::TokenExchange, away_for(30), 502, "PROVIDER_ERROR", "30", "provider_unavailable"),
        (ProviderStep::Discovery, away_for(-5), 502, "PROVIDER_ERROR", "1", "provider_unavailable"),
        (ProviderStep::UserInfo, away_for(86_400), 502, "PROVIDER_ERROR", "3600", "provider_unavailable"),
        (
            ProviderStep::Keys,
            ProviderFault::Misconfigured,
            502,
            "PROVIDER_ERROR",
            "",
            "provider_misconfigured",
        ),
        (ProviderStep::IdToken, ProviderFault::InvalidAnswer, 502, "PROVIDER_ERROR", "", "invalid_answer"),
    ] {
        stage.google.fail("failing", step, fault);
        let state = state_of(&begin_link(&user, "google").await?)?;
        let linking = link(&user, "google", &json!({"code": "failing", "state": state})).await?;
        for answer in [linking, stage.log_in("google", "failing").await?] {
            assert_refused(&answer, status, code);
            assert_eq!(answer.header("retry-after"), retry_after, "{step} {fault}");
            assert!(status == 400 || answer.text_at("/message").contains(step.as_str()), "{}", answer.text);
            assert!(!answer.text.contains("it was told so"), "{}", answer.text);
        }
        let event = &events_of(&user, "oauth_failed").await?[0];
        let expected = json!({"provider": "google", "step": step.as_str(), "reason": reason});
        assert_eq!(event["details"], expected);
        stage.server.clock().advance(std::time::Duration::from_secs(1));
    }
    Ok(())
}

#[tokio::test]
async fn a_provider_that_is_away_keeps_nobody_from_anything_else() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.other.vouch("code", "ada-1", ADA);
    stage.google.go_away(away_for(7));
    let refused = authorize(&stage.client(), "google", REDIRECT_URI).await?;
    assert_refused(&refused, 502, "PROVIDER_ERROR");
    assert_eq!(refused.header("retry-after"), "7");
    assert!(refused.text_at("/message").contains("discovery"), "{}", refused.text);
    assert_eq!(stage.log_in("other", "code").await?.status, 200);
    assert_eq!(stage.client().get("/auth/health").await?.json["status"], "healthy");
    Ok(())
}

#[tokio::test]
async fn what_a_provider_says_in_place_of_a_code_is_told_by_what_can_be_done() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let user = stage.verified(ADA).await?;
    for (error, status, code, reason) in [
        ("access_denied", 400, "OAUTH_DENIED", "denied"),
        ("server_error", 502, "PROVIDER_ERROR", "provider_unavailable"),
        ("temporarily_unavailable", 502, "PROVIDER_ERROR", "provider_unavailable"),
        ("invalid_scope", 502, "PROVIDER_ERROR", "provider_misconfigured"),
        ("unheard_of", 502, "PROVIDER_ERROR", "provider_misconfigured"),
    ] {
        let state = state_of(&begin_link(&user, "google").await?)?;
        let body = json!({"error": error, "error_description": "Their own words", "state": state});
        let linking = link(&user, "google", &body).await?;
        let state = stage.begin("google").await?;
        let query = format!("error={error}&error_description=Their+own%0Awords&state={state}&code=ignored");
        let logging_in = stage.client().get(&format!("/auth/oauth/google/callback?{query}")).await?;
        for answer in [linking, logging_in] {
            assert_refused(&answer, status, code);
            assert!(!answer.text.contains("own") && !answer.text.contains("unheard"), "{}", answer.text);
        }
        let details = &events_of(&user, "oauth_failed").await?[0]["details"];
        assert_eq!((&details["provider"], &details["reason"]), (&json!("google"), &json!(reason)));
        assert!(!details.to_string().contains("unheard_of") && !details.to_string().contains("own words"));
        stage.server.clock().advance(std::time::Duration::from_secs(1));
    }
    Ok(())
}

#[tokio::test]
async fn no_answer_and_no_event_holds_a_secret_of_the_flow() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.google.vouch("secret-code", "secret-subject", ADA);
    stage.google.fail("bad-code", ProviderStep::IdToken, ProviderFault::InvalidAnswer);
    let (mut told, mut states) = (String::new(), Vec::new());
    for code in ["secret-code", "bad-code", "unknown-code"] {
        let state = stage.begin("google").await?;
        told += &finish(&stage.client(), "google", code, &state).await?.text;
        states.push(state);
    }
    let tokens = stage.logged_in("secret-code").await?;
    let user = stage.client().with_token(&tokens.access);
    let state = state_of(&begin_link(&user, "google").await?)?;
    told += &link(&user, "google", &json!({"code": "bad-code", "state": state})).await?.text;
    states.push(state);
    told += &user.get("/auth/me/identities").await?.text;
    assert!(!told.contains("secret-subject"), "{told}");
    told += &user.get("/auth/me/export").await?.text;
    let flows = stage.google.flows();
    let verifiers = flows.iter().map(|flow| flow.pkce_verifier.clone());
    let nonces = flows.iter().filter_map(|flow| flow.nonce.clone());
    let codes = ["secret-code", "bad-code", "unknown-code"].map(str::to_owned);
    for secret in verifiers.chain(nonces).chain(states).chain(codes) {
        assert!(!told.contains(&secret), "{secret} in {told}");
    }
    Ok(())
}
