use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value};
use thiserror::Error;

use crate::{Instant, Role, SessionId, TokenId, UserId};

/// What a token opens; the `type` claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Opens the API for a short time.
    Access,
    /// Buys the next pair of tokens, once.
    Refresh,
    /// Opens the service's own pages, in a cookie, for as long as its session lives.
    Page,
}

impl TokenKind {
    /// The `type` claim.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
            Self::Page => "page",
        }
    }
}

/// What a token says (RFC 7519 section 4), issuer and audience aside.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    /// `type`.
    pub kind: TokenKind,
    /// `sub`: whose token.
    pub subject: UserId,
    /// `session_id`: the session that must still stand.
    pub session: SessionId,
    /// `jti`.
    pub id: TokenId,
    /// `iat` and `nbf`, in whole seconds.
    pub issued_at: Instant,
    /// `exp`, in whole seconds.
    pub expires_at: Instant,
    /// `roles`, in access tokens.
    pub roles: BTreeSet<Role>,
    /// `email_verified`, in access tokens.
    pub email_verified: bool,
    /// Further claims that the deployment asks for, in access tokens.
    pub extra: Map<String, Value>,
}

/// Names one token without being one: enough to revoke it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRef {
    /// `jti`.
    pub id: TokenId,
    /// The session it belongs to.
    pub session: SessionId,
    /// When it expires by itself.
    pub expires_at: Instant,
}

impl Claims {
    /// The token that says this.
    #[must_use]
    pub fn token(&self) -> TokenRef {
        TokenRef { id: self.id, session: self.session.clone(), expires_at: self.expires_at }
    }
}

/// A token as its holder presents it; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedToken(String);

impl SignedToken {
    /// Wraps a compact JWS (RFC 7515 section 3.1).
    pub fn new(compact: impl Into<String>) -> Self {
        Self(compact.into())
    }

    /// The token's text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SignedToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SignedToken(***)")
    }
}

/// A refresh token locked under its predecessor: only who holds the predecessor can open it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedToken(Vec<u8>);

impl SealedToken {
    /// Wraps the sealed bytes.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The sealed bytes, for storage.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SealedToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SealedToken(***)")
    }
}

/// Why a token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenRejection {
    /// The text is no JWT of ours: wrong form, over-long, missing or mistyped claims.
    #[error("the token is malformed")]
    Malformed,
    /// No key of ours has the header's `kid`, or the header's `alg` is not the key's own.
    #[error("the token is not signed with a key of this service")]
    UnknownKey,
    /// The signature does not match.
    #[error("the token's signature does not match")]
    BadSignature,
    /// The token is for another issuer or audience.
    #[error("the token is not for this service")]
    WrongAudience,
    /// A token of another kind than the one that belongs here.
    #[error("the token is of the wrong type")]
    WrongKind,
    /// The token is not valid yet.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// The token has expired.
    #[error("the token has expired")]
    Expired,
}

/// Why a token could not be made.
#[derive(Debug, Error)]
#[error("the token could not be made: {0}")]
pub struct TokenError(#[source] pub Box<dyn std::error::Error + Send + Sync>);
