//! Keys, and tokens signed with them, honest or not.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::sign::Signer;
use serde_json::{Value, json};

/// A provider's RSA key.
pub(crate) struct Key {
    id: &'static str,
    private: PKey<Private>,
}

/// The key that providers sign with.
pub(crate) static USUAL_KEY: LazyLock<Key> = LazyLock::new(|| Key::generate("usual"));

/// The key that comes after it.
pub(crate) static ROTATED_KEY: LazyLock<Key> = LazyLock::new(|| Key::generate("rotated"));

impl Key {
    pub(crate) fn generate(id: &'static str) -> Self {
        Self { id, private: PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap() }
    }

    /// The public half (RFC 7517 section 4).
    pub(crate) fn public(&self) -> Value {
        let rsa = self.private.rsa().unwrap();
        let number = |number: &openssl::bn::BigNumRef| URL_SAFE_NO_PAD.encode(number.to_vec());
        json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "n": number(rsa.n()), "e": number(rsa.e())})
    }

    /// A token signed by RS256.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let signed = signing_input(&json!({"alg": "RS256", "typ": "JWT", "kid": self.id}), claims);
        let mut signer = Signer::new(MessageDigest::sha256(), &self.private).unwrap();
        let signature = signer.sign_oneshot_to_vec(signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// A token that says it is unsigned.
pub(crate) fn unsigned(claims: &Value) -> String {
    format!("{}.", signing_input(&json!({"alg": "none"}), claims))
}

/// A token signed by HS256 with a secret that two know.
pub(crate) fn signed_with_secret(claims: &Value, secret: &str) -> String {
    let signed = signing_input(&json!({"alg": "HS256", "kid": "usual"}), claims);
    let key = PKey::hmac(secret.as_bytes()).unwrap();
    let mut signer = Signer::new(MessageDigest::sha256(), &key).unwrap();
    let signature = signer.sign_oneshot_to_vec(signed.as_bytes()).unwrap();
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The hash of an access token that an ID token signed by RS256 holds (OpenID Connect Core section 3.1.3.6).
pub(crate) fn access_token_hash(access_token: &str) -> String {
    let digest = openssl::sha::sha256(access_token.as_bytes());
    URL_SAFE_NO_PAD.encode(&digest[..16])
}

fn signing_input(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}
