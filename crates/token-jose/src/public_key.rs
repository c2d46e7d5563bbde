use archon_domain::{KeyId, SigningAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openssl::bn::{BigNum, BigNumContext};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::KeyError;

/// Fewest bits of an RSA key (RFC 7518 section 3.3).
const RSA_MIN_BITS: u32 = 2048;

/// Bytes of a coordinate on P-256 (RFC 7518 section 6.2.1.2).
const P256_COORDINATE_BYTES: i32 = 32;

/// The public half of a key: what a JWK shows and what a thumbprint is made of.
pub(crate) enum PublicKey {
    /// Modulus and exponent, as unpadded big-endian numbers.
    Rsa { n: String, e: String },
    /// A point on P-256.
    P256 { x: String, y: String },
    /// A point on Curve25519.
    Ed25519 { x: String },
}

impl PublicKey {
    /// Takes the public half of a key; refuses what signs none of our algorithms.
    pub(crate) fn of(key: &PKey<Private>) -> Result<Self, KeyError> {
        match key.id() {
            Id::RSA => {
                let rsa = key.rsa()?;
                let bits = rsa.n().num_bits().unsigned_abs();
                if bits < RSA_MIN_BITS {
                    return Err(KeyError::TooShort { bits });
                }
                Ok(Self::Rsa { n: encode(&rsa.n().to_vec()), e: encode(&rsa.e().to_vec()) })
            }
            Id::EC => {
                let key = key.ec_key()?;
                let group = key.group();
                if group.curve_name() != Some(Nid::X9_62_PRIME256V1) {
                    return Err(KeyError::Unsupported);
                }
                let (mut x, mut y) = (BigNum::new()?, BigNum::new()?);
                let mut context = BigNumContext::new()?;
                key.public_key().affine_coordinates(group, &mut x, &mut y, &mut context)?;
                Ok(Self::P256 {
                    x: encode(&x.to_vec_padded(P256_COORDINATE_BYTES)?),
                    y: encode(&y.to_vec_padded(P256_COORDINATE_BYTES)?),
                })
            }
            Id::ED25519 => Ok(Self::Ed25519 { x: encode(&key.raw_public_key()?) }),
            _ => Err(KeyError::Unsupported),
        }
    }

    /// The one algorithm that a key of this kind signs with.
    pub(crate) fn algorithm(&self) -> SigningAlgorithm {
        match self {
            Self::Rsa { .. } => SigningAlgorithm::Rs256,
            Self::P256 { .. } => SigningAlgorithm::Es256,
            Self::Ed25519 { .. } => SigningAlgorithm::EdDsa,
        }
    }

    /// The key's thumbprint (RFC 7638): the same for the same key, wherever it comes from.
    pub(crate) fn thumbprint(&self) -> KeyId {
        // Section 3 wants the required members in lexicographic order and no white space. The values
        // are base64url, so nothing in them needs escaping.
        let canonical = match self {
            Self::Rsa { n, e } => format!(r#"{{"e":"{e}","kty":"RSA","n":"{n}"}}"#),
            Self::P256 { x, y } => format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#),
            Self::Ed25519 { x } => format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#),
        };
        KeyId::new(encode(&Sha256::digest(canonical.as_bytes())))
    }

    /// The key as a JWK (RFC 7517, RFC 7518 section 6, RFC 8037 section 2).
    pub(crate) fn to_jwk(&self, id: &KeyId) -> Value {
        let alg = self.algorithm().as_str();
        let kid = id.as_str();
        match self {
            Self::Rsa { n, e } => {
                json!({ "kty": "RSA", "use": "sig", "alg": alg, "kid": kid, "n": n, "e": e })
            }
            Self::P256 { x, y } => {
                json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": alg, "kid": kid, "x": x, "y": y })
            }
            Self::Ed25519 { x } => {
                json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": alg, "kid": kid, "x": x })
            }
        }
    }
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
