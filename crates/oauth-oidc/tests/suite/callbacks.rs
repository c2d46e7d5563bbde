//! What the browser carries to the provider and back.

use std::collections::BTreeMap;

use archon_domain::ports::IdentityProvider as _;
use archon_domain::{AuthorizationResponse, OauthFlow, ProviderStep};
use base64::Engine as _;
use openidconnect::url::Url;
use serde_json::json;

use crate::support::{CLIENT_ID, CLIENT_SECRET, Idp, NONCE, REDIRECT_URI, callback, flow, now, state};

#[tokio::test]
async fn the_way_to_the_provider_says_everything_it_must_know_and_no_secret() {
    let idp = Idp::start().await;
    let mut metadata = idp.metadata();
    metadata["authorization_endpoint"] = json!(format!("{}/authorize?p=login", idp.stub.url));
    idp.publish(&metadata);
    let (flow, state) = (flow(), state());
    let url = idp.provider.authorization_url(&flow, &state, now()).await.unwrap();
    assert!(!url.contains(&flow.pkce_verifier) && !url.contains("secret"), "{url}");
    let url = Url::parse(&url).unwrap();
    assert_eq!(url.path(), "/authorize");
    let pairs: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    let expected = [
        ("p", "login"),
        ("response_type", "code"),
        ("client_id", CLIENT_ID),
        ("redirect_uri", REDIRECT_URI),
        ("scope", "openid email profile"),
        ("state", state.expose()),
        ("nonce", NONCE),
        ("code_challenge", &flow.pkce_challenge()),
        ("code_challenge_method", "S256"),
    ];
    assert_eq!(pairs, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
}

#[tokio::test]
async fn the_code_is_exchanged_with_the_verifier_and_our_credentials() {
    for (methods, in_header) in [
        (json!(null), true),
        (json!(["client_secret_post", "client_secret_basic"]), true),
        (json!(["private_key_jwt", "client_secret_post"]), false),
    ] {
        let idp = Idp::start().await;
        let mut metadata = idp.metadata();
        metadata["token_endpoint_auth_methods_supported"] = methods;
        idp.publish(&metadata);
        idp.identify().await.unwrap();
        let request = idp.stub.requests("/token").remove(0);
        let form: BTreeMap<String, String> =
            openidconnect::url::form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
        assert_eq!(form["grant_type"], "authorization_code");
        assert_eq!(form["code"], "a-code");
        assert_eq!(form["redirect_uri"], REDIRECT_URI);
        assert_eq!(form["code_verifier"], flow().pkce_verifier);
        assert_eq!(request.method, "POST");
        if in_header {
            // RFC 6749 section 2.3.1: both are form-encoded before they are put together.
            let basic = request.header("authorization").strip_prefix("Basic ").unwrap().to_owned();
            let pair = base64::engine::general_purpose::STANDARD.decode(basic).unwrap();
            assert_eq!(pair, b"archon:a+client+secret%3A+with+%2B+and+%26");
            assert!(!form.contains_key("client_secret"));
        } else {
            assert_eq!(
                (form["client_id"].as_str(), form["client_secret"].as_str()),
                (CLIENT_ID, CLIENT_SECRET)
            );
            assert_eq!(request.header("authorization"), "");
        }
    }
    let idp = Idp::start().await;
    let mut metadata = idp.metadata();
    metadata["token_endpoint_auth_methods_supported"] = json!(["private_key_jwt"]);
    idp.publish(&metadata);
    let reason =
        "discovery: the provider is misconfigured: the provider takes no client secret at its token endpoint";
    assert_eq!(idp.fault().await, reason);
}

/// The mix-up attack: a code of one provider is carried to another one (RFC 9207).
#[tokio::test]
async fn a_callback_of_another_issuer_never_reaches_the_token_endpoint() {
    let idp = Idp::start().await;
    let back =
        |issuer: Option<&str>| AuthorizationResponse { issuer: issuer.map(str::to_owned), ..callback() };
    let own = idp.stub.url.clone();

    let error = idp.provider.identify(&flow(), &back(Some("https://evil.example")), now()).await.unwrap_err();
    assert_eq!(error.step(), ProviderStep::Callback);
    assert!(error.to_string().ends_with("it comes from another issuer"), "{error}");
    idp.provider.identify(&flow(), &back(Some(&own)), now()).await.unwrap();
    idp.provider.identify(&flow(), &back(None), now()).await.unwrap();
    assert_eq!(idp.requests()[1], 2);

    let strict = Idp::start().await;
    let mut metadata = strict.metadata();
    metadata["authorization_response_iss_parameter_supported"] = json!(true);
    strict.publish(&metadata);
    let error = strict.provider.identify(&flow(), &back(None), now()).await.unwrap_err();
    assert_eq!(error.step(), ProviderStep::Callback);
    assert!(error.to_string().ends_with("it does not say which issuer it comes from"), "{error}");
    let own = strict.stub.url.clone();
    strict.provider.identify(&flow(), &back(Some(&own)), now()).await.unwrap();
    assert_eq!(strict.requests()[1], 1);
}

#[tokio::test]
async fn a_flow_without_a_nonce_is_no_flow() {
    let idp = Idp::start().await;
    let careless = OauthFlow { nonce: None, ..flow() };
    assert!(idp.provider.authorization_url(&careless, &state(), now()).await.is_err());
    assert!(idp.provider.identify(&careless, &callback(), now()).await.is_err());
    assert_eq!(idp.requests()[1], 0);
}
