//! Tokens that somebody made up, on every way in: each is refused and none does harm.

use std::path::PathBuf;

use anyhow::ensure;
use archon_testkit::TestServer;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Tokens, assert_refused, events, logged_in, me, part, raw, refresh, refreshed, sign_up};

/// A service whose private key the tests know, and an account to attack.
struct Stage {
    server: TestServer,
    tokens: Tokens,
    ours: PKey<Private>,
    _folder: TempDir,
}

/// An access token and a refresh token.
type Forged = [String; 2];

fn new_key() -> anyhow::Result<PKey<Private>> {
    Ok(PKey::from_rsa(Rsa::generate(2048)?)?)
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Signs whatever it is told, unlike the service: RS256, or HS256 with a key for HMAC.
fn sign(key: &PKey<Private>, header: &Value, claims: &Value) -> anyhow::Result<String> {
    let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let mut signer = Signer::new(MessageDigest::sha256(), key)?;
    signer.update(message.as_bytes())?;
    Ok(format!("{message}.{}", encode(signer.sign_to_vec()?)))
}

impl Stage {
    async fn set() -> anyhow::Result<Self> {
        let ours = new_key()?;
        let folder = tempfile::tempdir()?;
        let file: PathBuf = folder.path().join("key.pem");
        std::fs::write(&file, ours.private_key_to_pem_pkcs8()?)?;
        let builder = TestServer::builder().set("rate_limits.enabled", "false");
        let server = builder.set("keys.files", &file.to_string_lossy()).start().await?;
        let tokens = sign_up(&server.client(), "ada@example.com").await?;
        Ok(Self { server, tokens, ours, _folder: folder })
    }

    fn genuine(&self) -> [&str; 2] {
        [&self.tokens.access, &self.tokens.refresh]
    }

    /// Makes one token of each kind from the header and the claims of the genuine one.
    fn forge(&self, mut make: impl FnMut(Value, Value) -> anyhow::Result<String>) -> anyhow::Result<Forged> {
        let [access, refresh] = self.genuine();
        Ok([make(part(access, 0)?, part(access, 1)?)?, make(part(refresh, 0)?, part(refresh, 1)?)?])
    }

    /// Signs with the service's own key what differs from the genuine tokens in the header.
    fn with_header(&self, name: &str, value: &Value) -> anyhow::Result<Forged> {
        self.forge(|mut header, claims| {
            header[name] = value.clone();
            sign(&self.ours, &header, &claims)
        })
    }

    /// Signs with the service's own key what differs from the genuine tokens in the claims.
    fn with_claim(&self, name: &str, value: &Value) -> anyhow::Result<Forged> {
        self.forge(|header, mut claims| {
            claims[name] = value.clone();
            sign(&self.ours, &header, &claims)
        })
    }

    /// Presents tokens where they belong; each must be refused.
    async fn assert_rejected(&self, what: &str, forged: &Forged, code: &str) -> anyhow::Result<()> {
        let [access, token] = forged;
        let client = self.server.client();
        let as_access = client.with_token(access).get("/auth/me").await?;
        let as_refresh = refresh(&client, token).await?;
        for answer in [&as_access, &as_refresh] {
            ensure!((answer.status, answer.code()) == (401, code), "{what}: {}", answer.text);
            assert_refused(answer, 401, code);
            let challenge = answer.header("www-authenticate");
            ensure!(challenge.contains("error=\"invalid_token\""), "{what}: {challenge}");
        }
        Ok(())
    }

    /// Asserts that the account's session goes on as if nothing had been tried.
    async fn assert_unharmed(&self) -> anyhow::Result<()> {
        let client = self.server.client();
        assert_eq!(me(&client, &self.tokens).await?.status, 200);
        let recorded = events(&client, &self.tokens).await?;
        assert!(!recorded.iter().any(|event| event == "token_reuse_detected"), "{recorded:?}");
        refreshed(&client, &self.tokens.refresh).await?;
        Ok(())
    }
}

#[tokio::test]
async fn the_forger_of_these_tests_can_make_a_good_token() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let [access, refresh] = stage.forge(|header, claims| sign(&stage.ours, &header, &claims))?;
    let forged = Tokens { access, refresh };
    assert_eq!(me(&stage.server.client(), &forged).await?.status, 200);
    refreshed(&stage.server.client(), &forged.refresh).await?;
    Ok(())
}

#[tokio::test]
async fn what_is_no_token_is_refused() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let changes: [fn(&str) -> String; 13] = [
        |_| ".".to_owned(),
        |_| "..".to_owned(),
        |_| "...".to_owned(),
        |_| "null".to_owned(),
        |_| "not a token".to_owned(),
        |good| format!("{good}."),
        |good| format!("{good}="),
        |good| format!("{good}.{good}"),
        |good| format!("Bearer {good}"),
        |good| good.rsplit_once('.').map_or_else(String::new, |(message, _)| format!("{message}.")),
        |good| good.split('.').next().unwrap_or_default().to_owned(),
        |good| good.replacen('.', "..", 1),
        |good| good.to_lowercase(),
    ];
    for change in changes {
        let forged = stage.genuine().map(change);
        stage.assert_rejected(&forged[0], &forged, "TOKEN_INVALID").await?;
    }
    for cut in [1, 2, 3, 10, 100, 300] {
        let forged = stage.genuine().map(|good| good[..good.len() - cut].to_owned());
        stage.assert_rejected(&format!("cut by {cut}"), &forged, "TOKEN_INVALID").await?;
    }
    stage.assert_unharmed().await
}

#[tokio::test]
async fn an_empty_token_and_one_of_foreign_letters_are_refused() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let client = stage.server.client();
    assert_refused(&client.with_token("").get("/auth/me").await?, 401, "TOKEN_MISSING");
    assert_refused(&client.with_token("\u{fc}").get("/auth/me").await?, 401, "TOKEN_MISSING");
    assert_refused(&client.get("/auth/me").await?, 401, "TOKEN_MISSING");
    for odd in ["", " ", "\u{0}", "\u{fc}.\u{fc}.\u{fc}"] {
        assert_refused(&refresh(&client, odd).await?, 401, "TOKEN_INVALID");
    }
    stage.assert_unharmed().await
}

#[tokio::test]
async fn unsigned_tokens_are_refused() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        for signature in ["", "AAAA"] {
            let forged = stage.forge(|mut header, claims| {
                header["alg"] = json!(alg);
                Ok(format!("{}.{}.{signature}", encode(header.to_string()), encode(claims.to_string())))
            })?;
            stage.assert_rejected(&format!("alg {alg:?}"), &forged, "TOKEN_INVALID").await?;
        }
    }
    let stripped = stage.forge(|header, claims| {
        Ok(format!("{}.{}.", encode(header.to_string()), encode(claims.to_string())))
    })?;
    stage.assert_rejected("the signature taken off", &stripped, "TOKEN_INVALID").await?;
    stage.assert_unharmed().await
}

#[tokio::test]
async fn the_public_key_is_no_secret_for_hmac() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let pem = stage.ours.public_key_to_pem()?;
    let jwks = stage.server.client().get("/.well-known/jwks.json").await?;
    let secrets = [
        pem.trim_ascii_end().to_vec(),
        pem,
        stage.ours.rsa()?.public_key_to_pem_pkcs1()?,
        stage.ours.public_key_to_der()?,
        jwks.json["keys"][0].to_string().into_bytes(),
        jwks.text_at("/keys/0/n").as_bytes().to_vec(),
    ];
    for secret in secrets {
        let hmac = PKey::hmac(&secret)?;
        for alg in ["HS256", "RS256"] {
            let forged = stage.forge(|mut header, claims| {
                header["alg"] = json!(alg);
                sign(&hmac, &header, &claims)
            })?;
            stage.assert_rejected(alg, &forged, "TOKEN_INVALID").await?;
        }
    }
    stage.assert_unharmed().await
}

#[tokio::test]
async fn another_key_is_refused_whatever_it_calls_itself() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let foreign = new_key()?;
    let kids =
        [json!("foreign"), json!(""), json!("../../dev/null"), json!("' OR 1=1 --"), json!(7), Value::Null];
    let ours = part(&stage.tokens.access, 0)?["kid"].clone();
    for kid in kids.iter().chain([&ours]) {
        let forged = stage.forge(|mut header, claims| {
            header["kid"] = kid.clone();
            sign(&foreign, &header, &claims)
        })?;
        stage.assert_rejected(&format!("kid {kid}"), &forged, "TOKEN_INVALID").await?;
    }
    for kid in &kids {
        let forged = stage.with_header("kid", kid)?;
        stage.assert_rejected(&format!("our key called {kid}"), &forged, "TOKEN_INVALID").await?;
    }
    stage.assert_unharmed().await
}

#[tokio::test]
async fn keys_that_a_token_brings_along_are_refused() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let foreign = new_key()?;
    let rsa = foreign.rsa()?;
    let jwk = json!({"kty": "RSA", "n": encode(rsa.n().to_vec()), "e": encode(rsa.e().to_vec())});
    let parameters = [
        ("jwk", jwk),
        ("jku", json!("https://attacker.example/jwks.json")),
        ("x5u", json!("https://attacker.example/chain.pem")),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["exp"])),
    ];
    for (name, value) in parameters {
        for key in [&foreign, &stage.ours] {
            let forged = stage.forge(|mut header, claims| {
                header[name] = value.clone();
                sign(key, &header, &claims)
            })?;
            stage.assert_rejected(name, &forged, "TOKEN_INVALID").await?;
        }
    }
    stage.assert_unharmed().await
}

#[tokio::test]
async fn times_that_do_not_hold_are_refused() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let now = part(&stage.tokens.access, 1)?["iat"].as_i64().unwrap_or_default();
    for expired in [now, now - 1, now - 86_400] {
        let forged = stage.with_claim("exp", &json!(expired))?;
        stage.assert_rejected("expired", &forged, "TOKEN_EXPIRED").await?;
    }
    for claim in ["nbf", "iat"] {
        let forged = stage.with_claim(claim, &json!(now + 31))?;
        stage.assert_rejected("not yet valid", &forged, "TOKEN_INVALID").await?;
    }
    for beyond in [json!(i64::MAX), json!(u64::MAX), json!(1e300), json!("2030-01-01"), json!(-1.5)] {
        let forged = stage.with_claim("exp", &beyond)?;
        stage.assert_rejected(&beyond.to_string(), &forged, "TOKEN_INVALID").await?;
    }
    stage.assert_unharmed().await
}

#[tokio::test]
async fn a_claim_that_is_wrong_or_missing_is_refused() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let wrong = [
        ("iss", json!("archon-auth2")),
        ("iss", json!("Archon-Auth")),
        ("aud", json!("other-api")),
        ("aud", json!(["archon-api", "other-api"])),
        ("type", json!("other")),
        ("type", json!(["access", "refresh"])),
        ("jti", json!("x")),
        ("jti", json!({})),
        ("sub", json!("ada@example.com")),
        ("session_id", json!("../x")),
    ];
    for (name, value) in &wrong {
        let forged = stage.with_claim(name, value)?;
        stage.assert_rejected(&format!("{name} {value}"), &forged, "TOKEN_INVALID").await?;
    }
    for name in ["iss", "aud", "sub", "iat", "nbf", "exp", "jti", "type", "session_id"] {
        let forged = stage.forge(|header, mut claims| {
            claims.as_object_mut().map(|claims| claims.remove(name));
            sign(&stage.ours, &header, &claims)
        })?;
        stage.assert_rejected(&format!("without {name}"), &forged, "TOKEN_INVALID").await?;
    }
    let [access, refresh] = stage.genuine().map(str::to_owned);
    stage.assert_rejected("each in the other's place", &[refresh, access], "TOKEN_INVALID").await?;
    stage.assert_unharmed().await
}

#[tokio::test]
async fn a_session_of_somebody_else_is_refused() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let grace = sign_up(&stage.server.client(), "grace@example.com").await?;
    let strangers = [
        ("session_id", json!(grace.session()?)),
        ("sub", part(&grace.access, 1)?["sub"].clone()),
        ("sub", json!("0190163d-8694-739b-aea5-966c26f8ad91")),
    ];
    for (name, value) in strangers {
        let [access, token] = stage.with_claim(name, &value)?;
        let client = stage.server.client();
        assert_refused(&client.with_token(&access).get("/auth/me").await?, 401, "TOKEN_REVOKED");
        assert_refused(&refresh(&client, &token).await?, 401, "TOKEN_INVALID");
    }
    refreshed(&stage.server.client(), &grace.refresh).await?;
    stage.assert_unharmed().await
}

#[tokio::test]
async fn more_than_8_kib_is_not_looked_at() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    for size in [6_200, 20_000, 40_000] {
        let forged = stage.with_claim("padding", &json!("x".repeat(size)))?;
        assert!(forged[0].len() > 8 * 1024);
        stage.assert_rejected(&format!("{size} more"), &forged, "TOKEN_INVALID").await?;
    }
    stage.assert_unharmed().await
}

#[tokio::test]
async fn an_access_token_may_be_presented_twice_and_a_refresh_token_once() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let client = stage.server.client();
    for _ in 0..2 {
        assert_eq!(me(&client, &stage.tokens).await?.status, 200);
    }
    refreshed(&client, &stage.tokens.refresh).await?;
    stage.server.clock().advance(crate::support::seconds(11));
    assert_refused(&refresh(&client, &stage.tokens.refresh).await?, 401, "TOKEN_REUSED");
    assert_eq!(me(&client, &stage.tokens).await?.status, 401);
    logged_in(&client, "ada@example.com").await?;
    Ok(())
}

#[tokio::test]
async fn a_token_counts_only_in_one_bearer_header() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let token = &stage.tokens.access;
    let ask = async |path: &str, headers: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
        anyhow::Ok(raw(&stage.server, request).await?.status)
    };
    assert_eq!(ask("/auth/me", &format!("Authorization: bEARER {token}\r\n")).await?, 200);
    for headers in [
        String::new(),
        format!("Authorization: {token}\r\n"),
        format!("Authorization: Basic {token}\r\n"),
        format!("Authorization: Token {token}\r\n"),
        format!("X-Authorization: Bearer {token}\r\n"),
        format!("Cookie: access_token={token}\r\n"),
        format!("Authorization: Bearer {token}, Bearer {token}\r\n"),
        format!("Authorization: Bearer {token}\r\nAuthorization: Bearer {token}\r\n"),
    ] {
        assert_eq!(ask("/auth/me", &headers).await?, 401, "{headers}");
    }
    assert_eq!(ask(&format!("/auth/me?access_token={token}"), "").await?, 401);
    stage.assert_unharmed().await
}
