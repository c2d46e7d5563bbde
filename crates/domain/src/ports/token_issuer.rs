use serde_json::Value;

use crate::{Claims, Instant, SealedToken, SignedToken, TokenError, TokenKind, TokenRejection};

/// Signs and checks tokens. Does no I/O: its keys are handed to it.
pub trait TokenIssuer: Send + Sync {
    /// Signs a token with the key that is in force at its `issued_at`.
    ///
    /// # Errors
    /// When there is no key or signing fails.
    fn issue(&self, claims: &Claims) -> Result<SignedToken, TokenError>;

    /// Checks form, signature, algorithm, issuer, audience, kind and times of a token.
    ///
    /// # Errors
    /// The first reason to refuse it; expiry is judged only when everything else holds.
    fn verify(&self, token: &str, kind: TokenKind, now: Instant) -> Result<Claims, TokenRejection>;

    /// The public keys as a JWK set (RFC 7517 section 5).
    fn jwks(&self) -> Value;

    /// Locks a refresh token under its predecessor.
    ///
    /// # Errors
    /// When encryption fails.
    fn seal(&self, successor: &SignedToken, predecessor: &str) -> Result<SealedToken, TokenError>;

    /// Opens what [`seal`](Self::seal) has locked under `predecessor`.
    ///
    /// # Errors
    /// When it was locked under another token or was changed.
    fn unseal(&self, sealed: &SealedToken, predecessor: &str) -> Result<SignedToken, TokenError>;
}
