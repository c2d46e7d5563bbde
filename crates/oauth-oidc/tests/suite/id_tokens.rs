//! ID tokens that must not be believed, and those that must (OpenID Connect Core section 3.1.3.7).

use archon_domain::{ProviderFault, ProviderStep};
use serde_json::{Value, json};

use crate::support::stub::Reply;
use crate::support::{
    ACCESS_TOKEN, CLIENT_ID, CLIENT_SECRET, Idp, Key, SUBJECT, USUAL_KEY, access_token_hash, granted, now,
    signed_with_secret, unsigned,
};

#[tokio::test]
async fn a_well_made_token_says_who_the_user_is() {
    let idp = Idp::start().await;
    let identity = idp.identify().await.unwrap();
    assert_eq!((identity.provider.as_str(), identity.subject.as_str()), ("acme", SUBJECT));
    assert_eq!(identity.email.map(|email| email.as_typed().to_owned()).as_deref(), Some("Ada@example.com"));
    assert!(identity.email_verified);
    assert_eq!(identity.name.map(|name| name.as_str().to_owned()).as_deref(), Some("Ada Lovelace"));
}

/// Each claim that is wrong, and what is found to be wrong with it.
#[tokio::test]
async fn a_token_with_a_wrong_claim_is_not_believed() {
    let idp = Idp::start().await;
    let now = now().timestamp();
    let nonce = "its nonce is not that of this log-in";
    let audience = "it is for another audience";
    let subject = "its subject is empty, over-long or garbled";
    let late = "it has expired, or was issued in the future";
    for (claim, value, reason) in [
        ("nonce", json!("of another log-in"), nonce),
        ("nonce", Value::Null, nonce),
        ("aud", json!("another client"), audience),
        ("aud", json!([]), audience),
        ("aud", json!([CLIENT_ID, "another client"]), audience),
        ("azp", json!("another client"), "it was issued to another client"),
        ("iss", json!("https://evil.example"), "it is of another issuer"),
        ("exp", json!(now - 60), late),
        ("iat", json!(now + 61), late),
        ("nbf", json!(now + 61), "it is not valid yet"),
        ("at_hash", json!("bm90IHRoZSBoYXNo"), "it belongs to another access token"),
        ("sub", json!(""), subject),
        ("sub", json!("s".repeat(256)), subject),
        ("sub", json!("a\u{0}b"), subject),
    ] {
        idp.grant_with(claim, value.clone());
        let error = idp.identify().await.unwrap_err();
        assert_eq!(error.step(), ProviderStep::IdToken, "{claim} {value}");
        assert_eq!(error.fault(), ProviderFault::InvalidAnswer, "{claim} {value}");
        assert_eq!(
            error.to_string(),
            format!("ID token: the provider's answer is invalid: {reason}"),
            "{claim}"
        );
    }
}

#[tokio::test]
async fn clocks_may_differ_by_a_minute_and_further_claims_may_be_right() {
    let idp = Idp::start().await;
    let now = now().timestamp();
    for (claim, value) in [
        ("exp", json!(now - 59)),
        ("iat", json!(now + 60)),
        ("nbf", json!(now + 60)),
        ("nbf", json!(now as f64 + 0.5)),
        ("azp", json!(CLIENT_ID)),
        ("aud", json!([CLIENT_ID])),
        ("at_hash", json!(access_token_hash(ACCESS_TOKEN))),
        ("email_verified", json!("true")),
        ("updated_at", json!("2026-11-23T10:20:30.456Z")),
    ] {
        idp.grant_with(claim, value.clone());
        assert!(idp.identify().await.unwrap().email_verified, "{claim} {value}");
    }
}

#[tokio::test]
async fn a_token_that_is_not_signed_by_the_provider_is_not_believed() {
    let idp = Idp::start().await;
    let claims = idp.claims();
    let usual = USUAL_KEY.sign(&claims);
    let (signed, _) = usual.rsplit_once('.').unwrap();
    for (token, reason) in [
        (unsigned(&claims), "it is not signed"),
        (signed_with_secret(&claims, CLIENT_SECRET), "it is signed by an algorithm that is not allowed"),
        (Key::generate("usual").sign(&claims), "its signature does not match"),
        (format!("{signed}."), "its signature does not match"),
        (format!("{signed}.AAAA"), "its signature does not match"),
    ] {
        idp.stub.always("/token", granted(&token));
        assert_eq!(
            idp.fault().await,
            format!("ID token: the provider's answer is invalid: {reason}"),
            "{token}"
        );
    }
}

#[tokio::test]
async fn no_token_and_half_a_token_are_no_token() {
    let idp = Idp::start().await;
    let without = json!({"access_token": ACCESS_TOKEN, "token_type": "Bearer"});
    idp.stub.always("/token", Reply::json(&without));
    assert_eq!(idp.fault().await, "ID token: the provider's answer is invalid: the provider issued none");
    for half in ["", "a.b.c", "e30.e30", "e30.e30.", "\u{0}", "eyJhbGciOiJYWDk5OSJ9.e30.AAAA"] {
        idp.stub.always("/token", granted(half));
        let unreadable = "token exchange: the provider's answer is invalid: the answer cannot be read";
        assert_eq!(idp.fault().await, unreadable, "{half:?}");
    }
}

#[tokio::test]
async fn claims_of_the_wrong_kind_make_no_token() {
    let idp = Idp::start().await;
    for (claim, value) in [
        ("exp", json!("soon")),
        ("exp", json!(1e300)),
        ("exp", json!(i64::MIN)),
        ("iat", json!(i64::MAX)),
        ("iat", Value::Null),
        ("nbf", json!("later")),
        ("sub", json!(7)),
        ("iss", json!("no address")),
        ("aud", json!({})),
        ("email_verified", json!("perhaps")),
    ] {
        idp.grant_with(claim, value.clone());
        let error = idp.identify().await.unwrap_err();
        assert_eq!(error.fault(), ProviderFault::InvalidAnswer, "{claim} {value}: {error}");
    }
}

#[tokio::test]
async fn an_address_that_the_provider_does_not_vouch_for_is_told_as_such() {
    let idp = Idp::start().await;
    for unsure in [json!(false), Value::Null] {
        idp.grant_with("email_verified", unsure);
        let identity = idp.identify().await.unwrap();
        assert!(identity.email.is_some() && !identity.email_verified);
    }
}

#[tokio::test]
async fn nothing_of_a_token_and_no_secret_stands_in_an_error() {
    let idp = Idp::start().await;
    idp.grant_with("aud", json!("tell-tale"));
    let error = idp.identify().await.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("tell-tale") && !shown.contains(CLIENT_SECRET), "{shown}");
}
