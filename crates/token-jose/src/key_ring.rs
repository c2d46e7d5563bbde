use std::collections::HashMap;

use archon_domain::{Instant, KeyId, KeyRing, SigningAlgorithm, SigningKey, TokenRejection};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::JoseError;
use josekit::jws::{ES256, EdDSA, JwsSigner, JwsVerifier, RS256};
use openssl::pkey::{PKey, Private};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::KeyError;
use crate::header::Header;
use crate::keys::parse_private_pem;
use crate::public_key::PublicKey;

/// A key ring, every key parsed once: parsing a key for each token takes four times as long as signing.
#[derive(Debug)]
pub(crate) struct ParsedRing {
    ring: KeyRing,
    keys: HashMap<KeyId, ParsedKey>,
    jwks: Value,
}

/// A key that is ready to sign and to check.
#[derive(Debug)]
pub(crate) struct ParsedKey {
    algorithm: SigningAlgorithm,
    /// The first part of each token, encoded.
    pub(crate) header: String,
    signer: Box<dyn JwsSigner>,
    verifier: Box<dyn JwsVerifier>,
}

impl ParsedRing {
    pub(crate) fn parse(ring: &KeyRing) -> Result<Self, KeyError> {
        let mut keys = HashMap::new();
        let mut jwks = Vec::new();
        for key in ring.keys() {
            let in_ring = |source| KeyError::InRing { id: key.id.clone(), source: Box::new(source) };
            let (parsed, jwk) = parse_key(key).map_err(in_ring)?;
            if keys.insert(key.id.clone(), parsed).is_some() {
                return Err(in_ring(KeyError::Duplicate));
            }
            jwks.push(jwk);
        }
        Ok(Self { ring: ring.clone(), keys, jwks: json!({ "keys": jwks }) })
    }

    /// The key that signs at `now`, if there is any.
    pub(crate) fn signing(&self, now: Instant) -> Option<&ParsedKey> {
        self.keys.get(&self.ring.signing(now)?.id)
    }

    /// The key that a token's header names, if the header says that key's own algorithm.
    pub(crate) fn named_by(&self, header: &Header) -> Option<&ParsedKey> {
        let key = self.keys.get(&KeyId::new(header.kid.as_deref()?))?;
        (key.algorithm.as_str() == header.alg).then_some(key)
    }

    /// The public keys as a JWK set.
    pub(crate) fn jwks(&self) -> &Value {
        &self.jwks
    }
}

impl ParsedKey {
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, JoseError> {
        self.signer.sign(message)
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), TokenRejection> {
        // josekit refuses another length too, but only after it has captured a backtrace.
        if signature.len() != self.signer.signature_len() {
            return Err(TokenRejection::BadSignature);
        }
        self.verifier.verify(message, signature).map_err(|_| TokenRejection::BadSignature)
    }
}

fn parse_key(key: &SigningKey) -> Result<(ParsedKey, Value), KeyError> {
    let private = parse_private_pem(&key.private_pem)?;
    let public = PublicKey::of(&private)?;
    if public.algorithm() != key.algorithm {
        let (stored, actual) = (key.algorithm.as_str(), public.algorithm().as_str());
        return Err(KeyError::WrongAlgorithm { stored, actual });
    }
    let (signer, verifier) = signer_and_verifier(key.algorithm, &private)?;
    let header = json!({ "typ": "JWT", "alg": key.algorithm.as_str(), "kid": key.id.as_str() });
    let parsed = ParsedKey {
        algorithm: key.algorithm,
        header: URL_SAFE_NO_PAD.encode(header.to_string()),
        signer,
        verifier,
    };
    Ok((parsed, public.to_jwk(&key.id)))
}

type SignerAndVerifier = (Box<dyn JwsSigner>, Box<dyn JwsVerifier>);

fn signer_and_verifier(
    algorithm: SigningAlgorithm,
    key: &PKey<Private>,
) -> Result<SignerAndVerifier, KeyError> {
    let private = Zeroizing::new(key.private_key_to_pkcs8()?);
    let public = key.public_key_to_der()?;
    let pair: Result<SignerAndVerifier, JoseError> = (|| match algorithm {
        SigningAlgorithm::Rs256 => {
            let signer = RS256.signer_from_der(&*private)?;
            Ok((Box::new(signer) as _, Box::new(RS256.verifier_from_der(&public)?) as _))
        }
        SigningAlgorithm::Es256 => {
            let signer = ES256.signer_from_der(&*private)?;
            Ok((Box::new(signer) as _, Box::new(ES256.verifier_from_der(&public)?) as _))
        }
        SigningAlgorithm::EdDsa => {
            let signer = EdDSA.signer_from_der(&*private)?;
            Ok((Box::new(signer) as _, Box::new(EdDSA.verifier_from_der(&public)?) as _))
        }
    })();
    pair.map_err(KeyError::Refused)
}
