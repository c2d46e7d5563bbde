//! Keys that come and go.

use archon_domain::ports::IdentityProvider as _;
use archon_domain::{ProviderFault, ProviderStep, Span};
use serde_json::json;

use crate::support::stub::Reply;
use crate::support::{Idp, Key, ROTATED_KEY, USUAL_KEY, callback, flow, granted, now};

#[tokio::test]
async fn keys_are_fetched_once_for_many_log_ins() {
    let idp = Idp::start().await;
    for _ in 0..3 {
        idp.identify().await.unwrap();
    }
    assert_eq!(idp.requests(), [1, 3, 1, 0]);
}

#[tokio::test]
async fn a_token_of_a_new_key_has_the_keys_fetched_anew() {
    let idp = Idp::start().await;
    idp.identify().await.unwrap();
    idp.publish_keys(&[&USUAL_KEY, &ROTATED_KEY]);
    idp.stub.always("/token", granted(&ROTATED_KEY.sign(&idp.claims())));
    idp.identify_at(now() + Span::seconds(30)).await.unwrap();
    assert_eq!(idp.requests()[2], 2);
}

/// Who can have the provider issue tokens of made-up keys must not have us ask for keys at will.
#[tokio::test]
async fn tokens_of_keys_that_nobody_has_are_refused_and_have_the_keys_fetched_twice_a_minute() {
    let idp = Idp::start().await;
    idp.identify().await.unwrap();
    idp.stub.always("/token", granted(&Key::generate("nobody's").sign(&idp.claims())));
    let unknown = "ID token: the provider's answer is invalid: it is signed with a key that the provider does not \
                   publish";
    for (seconds, fetched) in [(1, 1), (29, 1), (30, 2), (31, 2), (59, 2), (60, 3)] {
        let error = idp.identify_at(now() + Span::seconds(seconds)).await.unwrap_err();
        assert_eq!(error.to_string(), unknown);
        assert_eq!(idp.requests()[2], fetched, "after {seconds} s");
    }
}

#[tokio::test]
async fn a_key_that_is_withdrawn_is_believed_for_an_hour_at_most() {
    let idp = Idp::start().await;
    idp.identify().await.unwrap();
    idp.publish_keys(&[&ROTATED_KEY]);
    let later = now() + Span::minutes(60);
    let mut claims = idp.claims();
    claims["exp"] = json!(later.timestamp() + 300);
    idp.grant(&claims);
    let error = idp.identify_at(later).await.unwrap_err();
    assert!(error.to_string().ends_with("a key that the provider does not publish"), "{error}");
}

#[tokio::test]
async fn keys_of_other_kinds_are_passed_over() {
    let idp = Idp::start().await;
    let mut for_encryption = USUAL_KEY.public();
    for_encryption["use"] = json!("enc");
    let exotic = json!({"kty": "EC", "crv": "P-521", "kid": "usual", "x": "AA", "y": "AA"});
    let broken = json!({"kty": "RSA", "kid": 7});
    let keys = json!({"keys": [exotic, broken, for_encryption, USUAL_KEY.public()]});
    idp.stub.always("/jwks", Reply::json(&keys));
    idp.identify().await.unwrap();
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_named_as_what_fails() {
    let idp = Idp::start().await;
    for (reply, reason) in [
        (Reply::status(404, ""), "the provider is misconfigured: answered 404 Not Found"),
        (Reply::status(200, "no JSON"), "the provider's answer is invalid: the answer cannot be read"),
        (Reply::status(200, "[]"), "the provider's answer is invalid: the answer cannot be read"),
    ] {
        idp.stub.always("/jwks", reply);
        assert_eq!(idp.fault().await, format!("signing keys: {reason}"));
    }
}

#[tokio::test]
async fn keys_that_are_no_keys_make_nothing_true() {
    let idp = Idp::start().await;
    for (name, value) in
        [("n", ""), ("n", "AA"), ("n", "AQ"), ("e", ""), ("e", "AA"), ("e", "Ag"), ("kty", "EC")]
    {
        let mut key = USUAL_KEY.public();
        key[name] = json!(value);
        idp.stub.always("/jwks", Reply::json(&json!({"keys": [key]})));
        // Every key set is another one to a client that has seen none.
        let fresh = idp.another();
        let error = fresh.identify(&flow(), &callback(), now()).await.unwrap_err();
        assert_eq!(
            (error.step(), error.fault()),
            (ProviderStep::IdToken, ProviderFault::InvalidAnswer),
            "{name}"
        );
    }
}
