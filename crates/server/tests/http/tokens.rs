//! What tokens say, who can verify them, and when they are refused (CONTRACT section 3).

use anyhow::{Context as _, bail};
use archon_testkit::TestServer;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::bn::BigNum;
use openssl::ec::{EcGroup, EcKey};
use openssl::ecdsa::EcdsaSig;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey};
use openssl::rsa::Rsa;
use openssl::sign::Verifier;
use serde_json::{Value, json};

use crate::support::{
    Tokens, assert_refused, dated, logged_in, me, part, refresh, refreshed, seconds, sign_up,
    verification_token,
};

/// When the clock of a dated service starts, in whole seconds.
const START: u64 = 1_767_607_200;

/// The names in an object, sorted.
fn names(object: &Value) -> Vec<&str> {
    let mut names: Vec<_> = object.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names
}

/// Verifies a token by the public keys alone, as a third party would.
fn verify(token: &str, jwks: &Value) -> anyhow::Result<bool> {
    let header = part(token, 0)?;
    let keys = jwks["keys"].as_array().context("no keys")?;
    let key = keys.iter().find(|key| key["kid"] == header["kid"]).context("no key of that kid")?;
    assert_eq!(key["alg"], header["alg"]);
    assert_eq!(key["use"], "sig");
    let bytes = |name: &str| anyhow::Ok(URL_SAFE_NO_PAD.decode(key[name].as_str().context("no text")?)?);
    let (message, signature) = token.rsplit_once('.').context("no signature")?;
    let (message, signature) = (message.as_bytes(), URL_SAFE_NO_PAD.decode(signature)?);
    match header["alg"].as_str() {
        Some("RS256") => {
            let public = Rsa::from_public_components(
                BigNum::from_slice(&bytes("n")?)?,
                BigNum::from_slice(&bytes("e")?)?,
            )?;
            assert!(public.size() >= 256, "2048 bits or more");
            let public = PKey::from_rsa(public)?;
            Ok(Verifier::new(MessageDigest::sha256(), &public)?.verify_oneshot(&signature, message)?)
        }
        Some("ES256") => {
            let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?;
            let (x, y) = (BigNum::from_slice(&bytes("x")?)?, BigNum::from_slice(&bytes("y")?)?);
            let public = EcKey::from_public_key_affine_coordinates(&group, &x, &y)?;
            let (r, s) = signature.split_at(32);
            let signature =
                EcdsaSig::from_private_components(BigNum::from_slice(r)?, BigNum::from_slice(s)?)?;
            Ok(signature.verify(&openssl::hash::hash(MessageDigest::sha256(), message)?, &public)?)
        }
        Some("EdDSA") => {
            let public = PKey::public_key_from_raw_bytes(&bytes("x")?, Id::ED25519)?;
            Ok(Verifier::new_without_digest(&public)?.verify_oneshot(&signature, message)?)
        }
        other => bail!("unknown algorithm {other:?}"),
    }
}

#[tokio::test]
async fn access_tokens_say_what_is_promised_and_no_more() -> anyhow::Result<()> {
    let server = dated().await?;
    let client = server.client();
    let tokens = sign_up(&client, "ada@example.com").await?;
    let claims = part(&tokens.access, 1)?;
    let promised =
        ["aud", "email_verified", "exp", "iat", "iss", "jti", "nbf", "roles", "session_id", "sub", "type"];
    assert_eq!(names(&claims), promised);
    let user = me(&client, &tokens).await?;
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("archon-auth"), &json!("archon-api")));
    assert_eq!((&claims["sub"], &claims["type"]), (&user.json["id"], &json!("access")));
    assert_eq!((&claims["iat"], &claims["nbf"]), (&json!(START), &json!(START)));
    assert_eq!(claims["exp"], START + 900);
    assert_eq!((&claims["roles"], &claims["email_verified"]), (&json!(["user"]), &json!(false)));
    assert_eq!(part(&tokens.access, 0)?["typ"], "JWT");
    assert_eq!(names(&part(&tokens.access, 0)?), ["alg", "kid", "typ"]);
    Ok(())
}

#[tokio::test]
async fn refresh_tokens_say_even_less() -> anyhow::Result<()> {
    let server = dated().await?;
    let tokens = sign_up(&server.client(), "ada@example.com").await?;
    let claims = part(&tokens.refresh, 1)?;
    assert_eq!(names(&claims), ["aud", "exp", "iat", "iss", "jti", "nbf", "session_id", "sub", "type"]);
    assert_eq!((&claims["type"], &claims["exp"]), (&json!("refresh"), &json!(START + 604_800)));
    assert_eq!(claims["session_id"], tokens.session()?);
    assert_ne!(claims["jti"], part(&tokens.access, 1)?["jti"]);
    Ok(())
}

#[tokio::test]
async fn no_token_outlives_its_session() -> anyhow::Result<()> {
    let builder = TestServer::builder().seed(1).set("sessions.absolute_lifetime", "600");
    let builder = builder.set("sessions.session_timeout", "600").set("sessions.remember_me_duration", "600");
    let server = builder.start().await?;
    let tokens = sign_up(&server.client(), "ada@example.com").await?;
    for token in [&tokens.access, &tokens.refresh] {
        assert_eq!(part(token, 1)?["exp"], START + 600);
    }
    Ok(())
}

#[tokio::test]
async fn claims_follow_the_account_and_the_configuration() -> anyhow::Result<()> {
    let builder = TestServer::builder().set("tokens.extra_claims", "email,name");
    let builder = builder.set("tokens.issuer", "https://auth.example.com").set("tokens.audience", "shop");
    let server = builder.start().await?;
    let tokens = sign_up(&server.client(), "Ada@example.com").await?;
    let claims = part(&tokens.access, 1)?;
    assert_eq!((&claims["email"], &claims["name"]), (&json!("Ada@example.com"), &json!("Ada Lovelace")));
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("https://auth.example.com"), &json!("shop")));

    let token = verification_token(&server, "ada@example.com", 1).await?;
    server.client().post("/auth/email/verify", &json!({"token": token})).await?;
    let next = refreshed(&server.client(), &tokens.refresh).await?;
    assert_eq!(part(&next.access, 1)?["email_verified"], true);
    Ok(())
}

#[tokio::test]
async fn a_third_party_verifies_tokens_of_every_algorithm_by_the_key_set() -> anyhow::Result<()> {
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let server = TestServer::builder().set("keys.algorithm", algorithm).start().await?;
        let tokens = sign_up(&server.client(), "ada@example.com").await?;
        let jwks = server.client().get("/.well-known/jwks.json").await?;
        assert_eq!(part(&tokens.access, 0)?["alg"], algorithm);
        for token in [&tokens.access, &tokens.refresh] {
            assert!(verify(token, &jwks.json)?, "{algorithm}");
        }
        let other = TestServer::builder().set("keys.algorithm", algorithm).start().await?;
        let foreign = other.client().get("/.well-known/jwks.json").await?;
        assert!(verify(&tokens.access, &foreign.json).is_err(), "no key of that kid");
        for private in ["\"d\"", "\"p\"", "\"q\"", "\"k\"", "PRIVATE"] {
            assert!(!jwks.text.contains(private), "{private} in {}", jwks.text);
        }
    }
    Ok(())
}

#[tokio::test]
async fn tokens_of_another_service_are_refused() -> anyhow::Result<()> {
    let (ours, theirs) = (TestServer::start().await?, TestServer::start().await?);
    let tokens = sign_up(&theirs.client(), "ada@example.com").await?;
    assert_refused(&me(&ours.client(), &tokens).await?, 401, "TOKEN_INVALID");
    assert_refused(&refresh(&ours.client(), &tokens.refresh).await?, 401, "TOKEN_INVALID");
    Ok(())
}

#[tokio::test]
async fn a_token_is_refused_where_the_other_one_belongs() -> anyhow::Result<()> {
    let server = dated().await?;
    let tokens = sign_up(&server.client(), "ada@example.com").await?;
    let swapped = Tokens { access: tokens.refresh.clone(), refresh: tokens.access.clone() };
    let as_access = me(&server.client(), &swapped).await?;
    assert_refused(&as_access, 401, "TOKEN_INVALID");
    assert_eq!(as_access.text_at("/message"), "Invalid token");
    let as_refresh = refresh(&server.client(), &swapped.refresh).await?;
    assert_refused(&as_refresh, 401, "TOKEN_INVALID");
    assert_eq!(as_refresh.text_at("/message"), "Invalid or expired refresh token");
    refreshed(&server.client(), &tokens.refresh).await?;
    Ok(())
}

#[tokio::test]
async fn an_access_token_expires_after_fifteen_minutes() -> anyhow::Result<()> {
    let server = dated().await?;
    let tokens = sign_up(&server.client(), "ada@example.com").await?;
    server.clock().advance(seconds(899));
    assert_eq!(me(&server.client(), &tokens).await?.status, 200);
    server.clock().advance(seconds(1));
    let expired = me(&server.client(), &tokens).await?;
    assert_refused(&expired, 401, "TOKEN_EXPIRED");
    assert_eq!(expired.text_at("/message"), "Token has expired");
    assert!(expired.header("www-authenticate").contains("error=\"invalid_token\""));
    let next = refreshed(&server.client(), &tokens.refresh).await?;
    assert_eq!(me(&server.client(), &next).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_log_out_ends_the_session_at_once_and_for_all_its_tokens() -> anyhow::Result<()> {
    let server = dated().await?;
    let client = server.client();
    let first = sign_up(&client, "ada@example.com").await?;
    let other = logged_in(&client, "ada@example.com").await?;
    let second = refreshed(&client, &first.refresh).await?;
    let logout = client.with_token(&first.access).post("/auth/logout", &json!({})).await?;
    assert_eq!((logout.status, logout.text.as_str()), (204, ""));
    for tokens in [&first, &second] {
        let refused = me(&client, tokens).await?;
        assert_refused(&refused, 401, "TOKEN_REVOKED");
        assert_eq!(refused.text_at("/message"), "Invalid token");
    }
    assert_refused(&refresh(&client, &second.refresh).await?, 401, "TOKEN_INVALID");
    let again = client.with_token(&first.access).post("/auth/logout", &json!({})).await?;
    assert_eq!(again.status, 401);
    assert_eq!(me(&client, &other).await?.status, 200, "the other session goes on");
    Ok(())
}
