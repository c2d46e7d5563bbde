use std::sync::LazyLock;

use archon_domain::{
    Claims, Instant, KeyRing, Role, SessionId, SigningAlgorithm, SigningKey, Span, TokenId, TokenKind, UserId,
};
use archon_token_jose::{JoseSettings, JoseTokens, RsaBits, generate_key};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jws::{ES256, EdDSA, JwsSigner, RS256};
use serde_json::{Map, Value, json};

pub(crate) const ALGORITHMS: [SigningAlgorithm; 3] =
    [SigningAlgorithm::Rs256, SigningAlgorithm::Es256, SigningAlgorithm::EdDsa];

/// The service's keys, one per algorithm, and one that is not the service's.
static KEYS: LazyLock<[SigningKey; 4]> = LazyLock::new(|| {
    [SigningAlgorithm::Rs256, SigningAlgorithm::Es256, SigningAlgorithm::EdDsa, SigningAlgorithm::Rs256]
        .map(|algorithm| generate_key(algorithm, RsaBits::default(), at(0), at(0)).unwrap())
});

pub(crate) fn our_key(algorithm: SigningAlgorithm) -> SigningKey {
    KEYS[ALGORITHMS.iter().position(|one| *one == algorithm).unwrap()].clone()
}

pub(crate) fn foreign_key() -> SigningKey {
    KEYS[3].clone()
}

/// An instant some seconds after the tests' beginning.
pub(crate) fn at(seconds: i64) -> Instant {
    Instant::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

pub(crate) fn tokens_of(algorithm: SigningAlgorithm) -> JoseTokens {
    JoseTokens::new(JoseSettings::default(), &KeyRing::new(vec![our_key(algorithm)])).unwrap()
}

pub(crate) fn tokens() -> JoseTokens {
    tokens_of(SigningAlgorithm::Rs256)
}

/// The claims of a token that is good from second 0 to second 900.
pub(crate) fn claims(kind: TokenKind) -> Claims {
    let access = kind == TokenKind::Access;
    Claims {
        kind,
        subject: "0190163d-8694-739b-aea5-966c26f8ad91".parse::<UserId>().unwrap(),
        session: SessionId::parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYX").unwrap(),
        id: "0190163d-8694-739b-aea5-966c26f8ad92".parse::<TokenId>().unwrap(),
        issued_at: at(0),
        expires_at: at(0) + Span::seconds(900),
        roles: if access { [Role::user(), Role::admin()].into() } else { Default::default() },
        email_verified: access,
        extra: Map::new(),
    }
}

/// The header that the service itself writes.
pub(crate) fn header() -> Value {
    json!({ "typ": "JWT", "alg": "RS256", "kid": our_key(SigningAlgorithm::Rs256).id.as_str() })
}

/// The payload that the service itself writes.
pub(crate) fn payload(kind: TokenKind) -> Value {
    let mut payload = json!({
        "iss": "archon-auth", "aud": if kind == TokenKind::Page { "archon-api/pages" } else { "archon-api" },
        "sub": "0190163d-8694-739b-aea5-966c26f8ad91",
        "iat": at(0).timestamp(), "nbf": at(0).timestamp(), "exp": at(900).timestamp(),
        "jti": "0190163d-8694-739b-aea5-966c26f8ad92",
        "type": kind.as_str(), "session_id": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX",
    });
    if kind == TokenKind::Access {
        payload["roles"] = json!(["admin", "user"]);
        payload["email_verified"] = json!(true);
    }
    payload
}

/// Signs whatever it is told, unlike the service.
pub(crate) fn forge(key: &SigningKey, header: impl ToString, payload: impl ToString) -> String {
    let pem = key.private_pem.as_bytes();
    let signer: Box<dyn JwsSigner> = match key.algorithm {
        SigningAlgorithm::Rs256 => Box::new(RS256.signer_from_pem(pem).unwrap()),
        SigningAlgorithm::Es256 => Box::new(ES256.signer_from_pem(pem).unwrap()),
        SigningAlgorithm::EdDsa => Box::new(EdDSA.signer_from_pem(pem).unwrap()),
    };
    forge_with(&*signer, header, payload)
}

pub(crate) fn forge_with(signer: &dyn JwsSigner, header: impl ToString, payload: impl ToString) -> String {
    let message = format!("{}.{}", encode(header.to_string()), encode(payload.to_string()));
    let signature = signer.sign(message.as_bytes()).unwrap();
    format!("{message}.{}", encode(signature))
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The header and the payload of a token, unchecked.
pub(crate) fn look_into(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    let mut next = || serde_json::from_slice(&parts.next().unwrap()).unwrap();
    (next(), next())
}
