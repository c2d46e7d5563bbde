use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

use archon_domain::ports::TokenIssuer;
use archon_domain::{
    Claims, Instant, KeyRing, SealedToken, SignedToken, Span, TokenError, TokenKind, TokenRejection,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::header::Header;
use crate::key_ring::ParsedRing;
use crate::{KeyError, claims, seal};

/// What every token of this service has in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoseSettings {
    /// The `iss` claim.
    pub issuer: String,
    /// The `aud` claim.
    pub audience: String,
    /// How far in the future `iat` and `nbf` may lie, for replicas whose clocks differ: 0 to 30 s.
    pub clock_skew: Span,
    /// How long after `exp` a token is still taken: 0 to 30 s. By default none, so that an expired
    /// token is expired.
    pub expiry_leeway: Span,
}

impl JoseSettings {
    /// The greatest clock skew and expiry leeway.
    pub const MAX_SKEW: Span = Span::seconds(30);

    /// Whom a token is for. A token of the service's own pages is for nobody else, and every verifier that
    /// knows its audience refuses it.
    pub(crate) fn audience_of(&self, kind: TokenKind) -> Cow<'_, str> {
        match kind {
            TokenKind::Access | TokenKind::Refresh => Cow::Borrowed(&self.audience),
            TokenKind::Page => Cow::Owned(format!("{}/pages", self.audience)),
        }
    }

    fn check(&self) -> Result<(), KeyError> {
        let in_range = |span: Span| span >= Span::zero() && span <= Self::MAX_SKEW;
        match [self.clock_skew, self.expiry_leeway].into_iter().find(|span| !in_range(*span)) {
            Some(span) => Err(KeyError::SkewOutOfRange { seconds: span.num_seconds() }),
            None => Ok(()),
        }
    }
}

impl Default for JoseSettings {
    fn default() -> Self {
        Self {
            issuer: "archon-auth".to_owned(),
            audience: "archon-api".to_owned(),
            clock_skew: Self::MAX_SKEW,
            expiry_leeway: Span::zero(),
        }
    }
}

/// Signs and checks JSON Web Tokens (RFC 7519) in compact form.
///
/// A token is only ever checked with the key that its `kid` names and with that key's own algorithm
/// (RFC 8725 section 3.1); nothing in a token's header can bring in another key.
#[derive(Debug)]
pub struct JoseTokens {
    settings: JoseSettings,
    keys: RwLock<Arc<ParsedRing>>,
}

impl JoseTokens {
    /// The longest token in bytes that is looked at.
    pub const MAX_BYTES: usize = 8 * 1024;

    /// Parses the keys; which of them signs is a matter of the time alone.
    ///
    /// # Errors
    /// Which key cannot be used and why, or a skew out of range.
    pub fn new(settings: JoseSettings, ring: &KeyRing) -> Result<Self, KeyError> {
        settings.check()?;
        let keys = RwLock::new(Arc::new(ParsedRing::parse(ring)?));
        Ok(Self { settings, keys })
    }

    /// Puts other keys in the place of all keys at once.
    ///
    /// # Errors
    /// Which key cannot be used and why; the keys then stay as they were.
    pub fn replace_keys(&self, ring: &KeyRing) -> Result<(), KeyError> {
        let parsed = Arc::new(ParsedRing::parse(ring)?);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = parsed;
        Ok(())
    }

    fn keys(&self) -> Arc<ParsedRing> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl TokenIssuer for JoseTokens {
    fn issue(&self, claims: &Claims) -> Result<SignedToken, TokenError> {
        let keys = self.keys();
        let key =
            keys.signing(claims.issued_at).ok_or_else(|| TokenError("there is no signing key".into()))?;
        let payload = claims::to_payload(claims, &self.settings).to_string();
        let message = format!("{}.{}", key.header, URL_SAFE_NO_PAD.encode(payload));
        let signature = key.sign(message.as_bytes()).map_err(|error| TokenError(Box::new(error)))?;
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
        if token.len() > Self::MAX_BYTES {
            // Refused here, where an operator sees it, and not at each use by its puzzled holder.
            return Err(TokenError("the extra claims make the token longer than 8 KiB".into()));
        }
        Ok(SignedToken::new(token))
    }

    fn verify(&self, token: &str, kind: TokenKind, now: Instant) -> Result<Claims, TokenRejection> {
        let (message, header, payload, signature) = split(token)?;
        let header = Header::parse(&decode(header)?)?;
        let payload = decode(payload)?;
        let keys = self.keys();
        let key = keys.named_by(&header).ok_or(TokenRejection::UnknownKey)?;
        key.verify(message.as_bytes(), &decode(signature)?)?;
        claims::check(&payload, kind, &self.settings, now)
    }

    fn jwks(&self) -> Value {
        self.keys().jwks().clone()
    }

    fn seal(&self, successor: &SignedToken, predecessor: &str) -> Result<SealedToken, TokenError> {
        seal::seal(successor, predecessor)
    }

    fn unseal(&self, sealed: &SealedToken, predecessor: &str) -> Result<SignedToken, TokenError> {
        seal::unseal(sealed, predecessor)
    }
}

/// What is signed, and the three parts of a compact JWS (RFC 7515 section 3.1).
fn split(token: &str) -> Result<(&str, &str, &str, &str), TokenRejection> {
    if token.len() > JoseTokens::MAX_BYTES {
        return Err(TokenRejection::Malformed);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(TokenRejection::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(TokenRejection::Malformed)?;
    if header.is_empty() || payload.is_empty() || payload.contains('.') {
        return Err(TokenRejection::Malformed);
    }
    Ok((message, header, payload, signature))
}

/// Strict base64url: no padding, and no stray bits that would give one token several spellings.
fn decode(part: &str) -> Result<Vec<u8>, TokenRejection> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenRejection::Malformed)
}
