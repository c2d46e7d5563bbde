use std::fmt;
use std::str::FromStr;

use zeroize::Zeroizing;

use crate::{Instant, KeyId, Span};

/// How tokens are signed (RFC 7518, RFC 8037).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256 and a key of 2048 bits or more.
    Rs256,
    /// ECDSA with P-256 and SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl SigningAlgorithm {
    /// The `alg` header parameter.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

impl FromStr for SigningAlgorithm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "RS256" => Ok(Self::Rs256),
            "ES256" => Ok(Self::Es256),
            "EdDSA" => Ok(Self::EdDsa),
            other => Err(format!("{other:?} is no signing algorithm: use RS256, ES256 or EdDSA")),
        }
    }
}

/// A key pair that signs tokens; the private half is wiped when dropped and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// The `kid` of its tokens.
    pub id: KeyId,
    /// How it signs.
    pub algorithm: SigningAlgorithm,
    /// The private key as PEM (PKCS#8, PKCS#1 or SEC1).
    pub private_pem: Zeroizing<String>,
    /// When it was made.
    pub created_at: Instant,
    /// From when on it signs. Later than `created_at` for a rotation, so that every replica and every
    /// reader of the JWKS knows the key before its first token.
    pub signs_from: Instant,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SigningKey")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .field("created_at", &self.created_at)
            .field("signs_from", &self.signs_from)
            .finish_non_exhaustive()
    }
}

/// Keys in the order in which they take over; which of them signs is a matter of the time alone.
#[derive(Debug, Clone, Default)]
pub struct KeyRing(Vec<SigningKey>);

impl KeyRing {
    /// Orders the keys by when they start to sign.
    #[must_use]
    pub fn new(mut keys: Vec<SigningKey>) -> Self {
        keys.sort_by(|a, b| (a.signs_from, &a.id).cmp(&(b.signs_from, &b.id)));
        Self(keys)
    }

    /// Every key, first to last.
    #[must_use]
    pub fn keys(&self) -> &[SigningKey] {
        &self.0
    }

    /// The key that signs at `now`: the latest that has started, or else the first to come.
    #[must_use]
    pub fn signing(&self, now: Instant) -> Option<&SigningKey> {
        self.0.iter().rfind(|key| key.signs_from <= now).or_else(|| self.0.first())
    }

    /// The keys whose last token has expired at `now`: a successor has signed for `token_lifetime`.
    #[must_use]
    pub fn outlived(&self, now: Instant, token_lifetime: Span) -> Vec<&SigningKey> {
        let successors = self.0.iter().skip(1);
        let pairs = self.0.iter().zip(successors);
        pairs.filter(|(_, next)| next.signs_from + token_lifetime < now).map(|(key, _)| key).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str, seconds: i64) -> SigningKey {
        let at = chrono::DateTime::from_timestamp(seconds, 0).unwrap();
        SigningKey {
            id: KeyId::new(id),
            algorithm: SigningAlgorithm::Rs256,
            private_pem: Zeroizing::new("secret".into()),
            created_at: at,
            signs_from: at,
        }
    }

    #[test]
    fn the_latest_started_key_signs_and_old_ones_outlive_their_tokens() {
        let ring = KeyRing::new(vec![key("b", 200), key("a", 100)]);
        let at = |seconds| chrono::DateTime::from_timestamp(seconds, 0).unwrap();
        let signing = |seconds| ring.signing(at(seconds)).unwrap().id.as_str().to_owned();
        assert_eq!((signing(50), signing(100), signing(199), signing(200)), {
            let (a, b) = ("a".to_owned(), "b".to_owned());
            (a.clone(), a.clone(), a, b)
        });
        let outlived = |seconds| ring.outlived(at(seconds), Span::seconds(30)).len();
        assert_eq!((outlived(230), outlived(231)), (0, 1));
    }

    #[test]
    fn a_key_does_not_show_its_private_half() {
        assert!(!format!("{:?}", key("a", 1)).contains("secret"));
    }
}
