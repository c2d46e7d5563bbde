use async_trait::async_trait;

use crate::{Instant, StoreError, TokenId};

/// The blacklist: tokens that are refused although they have not expired.
#[async_trait]
pub trait Revocations: Send + Sync {
    /// Puts a token on the list until it expires by itself; `reason` is for operators.
    ///
    /// # Contract
    /// - MUST keep a revoked token revoked until its expiry.
    /// - MUST accept the revocation of a token that is revoked already.
    async fn revoke(&self, token: TokenId, expires_at: Instant, reason: &str) -> Result<(), StoreError>;

    /// Whether the token is on the list at `now`.
    ///
    /// # Contract
    /// - MUST answer false for tokens that nobody revoked.
    async fn is_revoked(&self, token: TokenId, now: Instant) -> Result<bool, StoreError>;

    /// Forgets revocations of tokens that expired before `before`; returns how many.
    ///
    /// # Contract
    /// - MUST forget expired revocations and no others.
    async fn purge(&self, before: Instant) -> Result<u64, StoreError>;
}
