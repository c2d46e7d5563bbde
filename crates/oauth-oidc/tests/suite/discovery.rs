//! Metadata that are wrong, away or old (OpenID Connect Discovery section 4).

use archon_domain::ports::IdentityProvider as _;
use archon_domain::{ProviderFault, Span};
use archon_oauth_oidc::{Endpoints, OidcProvider, OidcSettings};
use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::stub::{Reply, Stub};
use crate::support::{Idp, callback, credentials, descriptor, flow, http, now, state};

#[tokio::test]
async fn metadata_that_cannot_be_believed_are_refused() {
    let idp = Idp::start().await;
    let with = |name: &str, value: Value| {
        let mut metadata = idp.metadata();
        metadata[name] = value;
        Reply::json(&metadata)
    };
    let misconfigured = "the provider is misconfigured";
    let invalid = "the provider's answer is invalid";
    let slash = json!(format!("{}/", idp.stub.url));
    for (reply, reason) in [
        (
            with("issuer", json!("https://evil.example")),
            format!("{misconfigured}: the metadata is of another issuer than the configured one"),
        ),
        (
            with("issuer", slash),
            format!(
                "{misconfigured}: the metadata's issuer differs from the configured one by a slash at its end"
            ),
        ),
        (with("token_endpoint", Value::Null), format!("{invalid}: the metadata names no token_endpoint")),
        (
            with("jwks_uri", json!("file:///etc/passwd")),
            format!("{invalid}: the metadata's jwks_uri cannot be used"),
        ),
        (with("jwks_uri", json!("garbage")), format!("{invalid}: the metadata's jwks_uri cannot be used")),
        (Reply::status(200, "<html>"), format!("{invalid}: the answer cannot be read")),
        (Reply::status(200, ""), format!("{invalid}: the answer cannot be read")),
        (Reply::status(404, "not here"), format!("{misconfigured}: answered 404 Not Found")),
    ] {
        idp.on_discovery(reply);
        assert_eq!(idp.fault().await, format!("discovery: {reason}"));
    }
}

#[tokio::test]
async fn metadata_are_fetched_by_one_for_many() {
    let idp = Idp::start().await;
    let all = join_all((0..50).map(|_| async {
        idp.provider.authorization_url(&flow(), &state(), now()).await.unwrap();
        idp.identify().await.unwrap();
    }));
    all.await;
    assert_eq!(idp.requests(), [1, 50, 1, 0]);
}

#[tokio::test]
async fn metadata_are_fetched_anew_after_an_hour() {
    let idp = Idp::start().await;
    let authorize = async |minutes: i64| {
        idp.provider.authorization_url(&flow(), &state(), now() + Span::minutes(minutes)).await.unwrap()
    };
    authorize(0).await;
    let mut metadata = idp.metadata();
    metadata["authorization_endpoint"] = json!(format!("{}/moved", idp.stub.url));
    idp.publish(&metadata);
    assert!(authorize(59).await.contains("/authorize?"));
    assert!(authorize(60).await.contains("/moved?"));
    assert_eq!(idp.requests()[0], 2);
}

/// A provider that issues tokens while its metadata are away keeps working for a day, and is not asked at every
/// log-in.
#[tokio::test(start_paused = true)]
async fn old_metadata_serve_for_a_day_while_new_ones_cannot_be_had() {
    let idp = Idp::start().await;
    let authorize = async |span: Span| idp.provider.authorization_url(&flow(), &state(), now() + span).await;
    authorize(Span::zero()).await.unwrap();
    idp.on_discovery(Reply::status(500, ""));
    authorize(Span::minutes(60)).await.unwrap();
    let asked = idp.requests()[0];
    assert!(asked > 1);
    authorize(Span::minutes(60) + Span::seconds(29)).await.unwrap();
    assert_eq!(idp.requests()[0], asked);
    authorize(Span::minutes(60) + Span::seconds(30)).await.unwrap();
    assert!(idp.requests()[0] > asked);

    let began = tokio::time::Instant::now();
    idp.on_discovery(Reply::Silence);
    authorize(Span::hours(24) - Span::seconds(1)).await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 2, "callers do not wait long for what they can do without");
    let error = authorize(Span::hours(24)).await.unwrap_err();
    assert!(matches!(error.fault(), ProviderFault::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn with_every_address_configured_nothing_is_discovered() {
    let idp = Idp::start().await;
    let url = &idp.stub.url;
    let mut settings = OidcSettings::generic(descriptor(), url, credentials());
    settings.endpoints = Endpoints {
        discovery: None,
        authorization: Some(format!("{url}/authorize")),
        token: Some(format!("{url}/token")),
        user_info: None,
        keys: Some(format!("{url}/jwks")),
    };
    let provider = OidcProvider::new(settings, http()).unwrap();
    provider.authorization_url(&flow(), &state(), now()).await.unwrap();
    provider.identify(&flow(), &callback(), now()).await.unwrap();
    assert_eq!(idp.requests(), [0, 1, 1, 0]);
}

#[tokio::test]
async fn configured_addresses_take_the_place_of_those_that_are_told() {
    let idp = Idp::start().await;
    let elsewhere = Stub::start().await;
    elsewhere.always("/metadata", Reply::json(&idp.metadata()));
    let mut settings = OidcSettings::generic(descriptor(), &idp.stub.url, credentials());
    settings.endpoints.discovery = Some(format!("{}/metadata", elsewhere.url));
    settings.endpoints.authorization = Some("https://front.example/go".to_owned());
    let provider = OidcProvider::new(settings, http()).unwrap();
    let url = provider.authorization_url(&flow(), &state(), now()).await.unwrap();
    assert!(url.starts_with("https://front.example/go?"), "{url}");
    provider.identify(&flow(), &callback(), now()).await.unwrap();
    assert_eq!(idp.requests(), [0, 1, 1, 0]);
}
