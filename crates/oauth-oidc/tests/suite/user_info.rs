//! The UserInfo endpoint, asked where the ID token is silent about the address.

use serde_json::{Value, json};

use crate::support::stub::Reply;
use crate::support::{ACCESS_TOKEN, Idp, SUBJECT};

async fn silent() -> Idp {
    let idp = Idp::start().await;
    let mut claims = idp.claims();
    for claim in ["email", "email_verified", "name"] {
        claims.as_object_mut().unwrap().remove(claim);
    }
    idp.grant(&claims);
    idp
}

#[tokio::test]
async fn the_address_is_asked_for_where_the_id_token_has_none() {
    let idp = silent().await;
    for (verified, believed) in
        [(json!(true), true), (json!("true"), true), (json!(false), false), (Value::Null, false)]
    {
        let claims =
            json!({"sub": SUBJECT, "email": "ada@example.com", "email_verified": verified, "name": "Ada"});
        idp.stub.always("/userinfo", Reply::json(&claims));
        let identity = idp.identify().await.unwrap();
        assert_eq!(
            identity.email.map(|email| email.as_typed().to_owned()).as_deref(),
            Some("ada@example.com")
        );
        assert_eq!(identity.email_verified, believed, "{verified}");
        assert_eq!(identity.name.map(|name| name.as_str().to_owned()).as_deref(), Some("Ada"));
    }
    let request = idp.stub.requests("/userinfo").remove(0);
    assert_eq!(request.header("authorization"), format!("Bearer {ACCESS_TOKEN}"));
    assert!(request.header("user-agent").starts_with("archon-auth/"));
}

#[tokio::test]
async fn nobody_is_asked_what_the_id_token_says() {
    let idp = Idp::start().await;
    idp.identify().await.unwrap();
    assert_eq!(idp.requests()[3], 0);
}

/// OpenID Connect Core section 5.3.2.
#[tokio::test]
async fn an_answer_about_somebody_else_is_not_used() {
    let idp = silent().await;
    for (reply, fault) in [
        (
            Reply::json(&json!({"sub": "somebody-else", "email": "eve@example.com", "email_verified": true})),
            "the provider's answer is invalid: it is about somebody else",
        ),
        (
            Reply::json(&json!({"email": "eve@example.com"})),
            "the provider's answer is invalid: the answer cannot be read",
        ),
        (Reply::status(200, "eyJ.signed.jwt"), "the provider's answer is invalid: the answer cannot be read"),
        (Reply::status(401, ""), "the provider refuses: answered 401 Unauthorized"),
        (Reply::status(403, ""), "the provider refuses: answered 403 Forbidden"),
        (Reply::status(204, ""), "the provider's answer is invalid: answered 204 No Content"),
    ] {
        idp.stub.always("/userinfo", reply);
        assert_eq!(idp.fault().await, format!("user information: {fault}"));
    }
}

#[tokio::test]
async fn a_user_without_an_address_has_none() {
    let idp = silent().await;
    for email in
        [Value::Null, json!(""), json!("no address"), json!("ada@example.com\r\nBcc: eve@example.com")]
    {
        let claims = json!({"sub": SUBJECT, "email": email, "email_verified": true});
        idp.stub.always("/userinfo", Reply::json(&claims));
        let identity = idp.identify().await.unwrap();
        assert!(identity.email.is_none() && !identity.email_verified, "{email}");
    }
    let idp = silent().await;
    let mut metadata = idp.metadata();
    metadata.as_object_mut().unwrap().remove("userinfo_endpoint");
    idp.publish(&metadata);
    assert!(idp.identify().await.unwrap().email.is_none());
}
