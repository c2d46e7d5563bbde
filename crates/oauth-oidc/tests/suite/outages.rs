//! Providers that are away, busy, slow or out of their mind: each with its error and its bound in time.
//!
//! The clock is paused: it leaps whenever everybody waits, so that ten seconds cost nothing and are exact.

use std::time::Duration;

use archon_domain::{ProviderFault, ProviderStep, Span};
use serde_json::json;
use tokio::time::Instant;

use crate::support::stub::{Reply, Stub};
use crate::support::{CLIENT_SECRET, Idp, USUAL_KEY, granted};

const UNAVAILABLE: &str = "the provider is unavailable";
const INVALID: &str = "the provider's answer is invalid";

/// The longest that anybody waits, whatever the provider does.
const BOUND: Duration = Duration::from_secs(10);

/// What is found to be at fault, and after how long.
async fn found(idp: &Idp) -> (String, Duration) {
    let began = Instant::now();
    let fault = idp.fault().await;
    (fault, began.elapsed())
}

fn about(expected: u64, found: Duration) -> bool {
    found.abs_diff(Duration::from_millis(expected)) < Duration::from_millis(50)
}

#[tokio::test(start_paused = true)]
async fn a_token_endpoint_that_is_busy_twice_is_asked_a_third_time() {
    let idp = Idp::start().await;
    let granted = granted(&USUAL_KEY.sign(&idp.claims()));
    idp.stub.on("/token", move |before, _| match before {
        0 | 1 => Reply::status(429, "slow down"),
        _ => granted.clone(),
    });
    let began = Instant::now();
    idp.identify().await.unwrap();
    assert_eq!(idp.requests()[1], 3);
    assert!(about(250 + 500, began.elapsed()), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_provider_is_left_alone_for_as_long_as_it_asks() {
    let idp = Idp::start().await;
    let granted = granted(&USUAL_KEY.sign(&idp.claims()));
    idp.stub.on("/token", move |before, _| match before {
        0 => Reply::status(429, "").with("retry-after", "3"),
        1 => Reply::status(503, "").with("retry-after", "2"),
        _ => granted.clone(),
    });
    let began = Instant::now();
    idp.identify().await.unwrap();
    assert!(about(5_000, began.elapsed()), "{:?}", began.elapsed());

    // Longer than anybody may wait: not asked again, and the caller is told when.
    let idp = Idp::start().await;
    idp.stub.always("/token", Reply::status(429, "").with("retry-after", "60"));
    let began = Instant::now();
    let error = idp.identify().await.unwrap_err();
    assert_eq!(error.fault(), ProviderFault::Unavailable { retry_after: Some(Span::seconds(60)) });
    assert_eq!((idp.requests()[1], began.elapsed().as_secs()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn errors_for_ever_end_after_three_retries() {
    for (path, step) in [
        ("/.well-known/openid-configuration", "discovery"),
        ("/token", "token exchange"),
        ("/jwks", "signing keys"),
        ("/userinfo", "user information"),
    ] {
        for status in [429, 500, 502, 503] {
            let idp = Idp::start().await;
            idp.grant_with("email", json!(null));
            idp.stub.always(path, Reply::status(status, CLIENT_SECRET));
            let (fault, elapsed) = found(&idp).await;
            assert!(fault.starts_with(&format!("{step}: {UNAVAILABLE}: answered {status}")), "{fault}");
            assert!(!fault.contains(CLIENT_SECRET), "{fault}");
            assert_eq!(idp.stub.requests(path).len(), 4, "{path} {status}");
            assert!(about(250 + 500 + 1000, elapsed), "{path}: {elapsed:?}");
        }
    }
}

/// What only asks is asked again. A code is not shown twice while the provider may still be at it.
#[tokio::test(start_paused = true)]
async fn silence_for_ever_ends_after_ten_seconds() {
    for silence in [Reply::Silence, Reply::Drip] {
        for (path, step, tries) in [
            ("/.well-known/openid-configuration", "discovery", 3),
            ("/token", "token exchange", 1),
            ("/jwks", "signing keys", 3),
            ("/userinfo", "user information", 3),
        ] {
            let idp = Idp::start().await;
            idp.grant_with("email", json!(null));
            idp.stub.always(path, silence.clone());
            let (fault, elapsed) = found(&idp).await;
            assert_eq!(fault, format!("{step}: {UNAVAILABLE}: no answer in time"), "{path}");
            assert_eq!(idp.stub.requests(path).len(), tries, "{path}");
            assert!(elapsed <= BOUND && elapsed > BOUND / 2, "{path}: {elapsed:?}");
        }
    }
}

/// All steps share the ten seconds.
#[tokio::test(start_paused = true)]
async fn a_provider_that_is_slow_at_every_step_does_not_add_up() {
    let idp = Idp::start().await;
    let granted = granted(&USUAL_KEY.sign(&idp.claims()));
    idp.stub.on("/.well-known/openid-configuration", {
        let metadata = Reply::json(&idp.metadata());
        move |before, _| if before == 0 { Reply::Silence } else { metadata.clone() }
    });
    idp.stub.on("/token", move |before, _| match before {
        0 => Reply::status(503, "").with("retry-after", "4"),
        _ => granted.clone(),
    });
    idp.stub.always("/jwks", Reply::Silence);
    let (fault, elapsed) = found(&idp).await;
    assert_eq!(fault, format!("signing keys: {UNAVAILABLE}: no answer in time"));
    assert!(about(10_000, elapsed), "{elapsed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_is_made_anew_unless_a_code_was_sent() {
    let idp = Idp::start().await;
    let metadata = Reply::json(&idp.metadata());
    idp.stub.on("/.well-known/openid-configuration", move |before, _| {
        if before == 0 { Reply::HangUp } else { metadata.clone() }
    });
    idp.stub.always("/token", Reply::HangUp);
    let (fault, _) = found(&idp).await;
    assert!(fault.starts_with(&format!("token exchange: {UNAVAILABLE}: ")), "{fault}");
    assert_eq!(idp.requests(), [2, 1, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_not_there_is_unavailable() {
    let gone = Stub::start().await.url.clone();
    for (name, step) in [("token_endpoint", "token exchange"), ("jwks_uri", "signing keys")] {
        let idp = Idp::start().await;
        let mut metadata = idp.metadata();
        metadata[name] = json!(format!("{gone}/gone"));
        idp.publish(&metadata);
        let (fault, elapsed) = found(&idp).await;
        assert!(fault.starts_with(&format!("{step}: {UNAVAILABLE}: no connection: ")), "{fault}");
        assert!(about(1750, elapsed), "it is tried four times: {elapsed:?}");
    }
}

#[tokio::test]
async fn answers_without_end_are_cut_off() {
    for (path, step) in [
        ("/.well-known/openid-configuration", "discovery"),
        ("/token", "token exchange"),
        ("/jwks", "signing keys"),
        ("/userinfo", "user information"),
    ] {
        let idp = Idp::start().await;
        idp.grant_with("email", json!(null));
        idp.stub.always(path, Reply::status(200, vec![b' '; 513 * 1024]));
        assert_eq!(idp.fault().await, format!("{step}: {INVALID}: the answer is longer than 512 KiB"));
        assert_eq!(idp.stub.requests(path).len(), 1);
    }
}

#[tokio::test]
async fn an_access_token_that_no_header_can_hold_is_refused() {
    let idp = Idp::start().await;
    let mut claims = idp.claims();
    claims["email"] = json!(null);
    let answer =
        json!({"access_token": "a\r\nb", "token_type": "Bearer", "id_token": USUAL_KEY.sign(&claims)});
    idp.stub.always("/token", Reply::json(&answer));
    assert_eq!(idp.fault().await, format!("token exchange: {INVALID}: the access token cannot be sent"));
}

/// An answer must not send our secrets, or our requests, to where only we can go.
#[tokio::test]
async fn redirects_are_not_followed() {
    let internal = Stub::start().await;
    for (path, step) in [
        ("/.well-known/openid-configuration", "discovery"),
        ("/token", "token exchange"),
        ("/jwks", "signing keys"),
        ("/userinfo", "user information"),
    ] {
        for status in [301, 302, 307, 308] {
            let idp = Idp::start().await;
            idp.grant_with("email", json!(null));
            let location = format!("{}/latest/meta-data", internal.url);
            idp.stub.always(path, Reply::status(status, "").with("location", location));
            let fault = idp.fault().await;
            let expected = format!("{step}: {INVALID}: answered with a redirect ({status}");
            assert!(fault.starts_with(&expected), "{fault}");
        }
    }
    assert_eq!(internal.visits(), 0);
}

#[tokio::test]
async fn what_the_token_endpoint_says_no_with_is_understood() {
    let idp = Idp::start().await;
    let refused = "the provider refuses";
    let misconfigured = "the provider is misconfigured";
    for (status, body, fault) in [
        (
            400,
            r#"{"error":"invalid_grant","error_description":"tell-tale"}"#,
            format!("{refused}: invalid_grant"),
        ),
        (401, r#"{"error":"invalid_client"}"#, format!("{misconfigured}: invalid_client")),
        (400, r#"{"error":"invalid_request"}"#, format!("{misconfigured}: invalid_request")),
        (400, r#"{"error":"unauthorized_client"}"#, format!("{misconfigured}: unauthorized_client")),
        (400, r#"{"error":"unsupported_grant_type"}"#, format!("{misconfigured}: unsupported_grant_type")),
        (400, r#"{"error":"invalid_scope"}"#, format!("{misconfigured}: invalid_scope")),
        (400, r#"{"error":"temporarily_unavailable"}"#, UNAVAILABLE.to_owned()),
        (400, r#"{"error":"tell-tale"}"#, format!("{refused}: an error of the provider's own")),
        (400, "tell-tale", format!("{INVALID}: the answer cannot be read")),
        (400, "", format!("{INVALID}: the answer is empty")),
        (200, "tell-tale", format!("{INVALID}: the answer cannot be read")),
        (200, "{}", format!("{INVALID}: the answer cannot be read")),
        (200, r#"{"access_token":7}"#, format!("{INVALID}: the answer cannot be read")),
    ] {
        idp.stub.always("/token", Reply::status(status, body));
        let error = idp.identify().await.unwrap_err();
        assert_eq!(error.step(), ProviderStep::TokenExchange, "{body}");
        assert!(error.to_string().starts_with(&format!("token exchange: {fault}")), "{body}: {error}");
        assert!(!format!("{error} {error:?}").contains("tell-tale"), "{error:?}");
    }
}
