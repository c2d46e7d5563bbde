use async_trait::async_trait;

use crate::{Instant, SessionId, StoreError, TokenId, TokenRef};

/// The blacklist: tokens that are refused although they have not expired.
#[async_trait]
pub trait Revocations: Send + Sync {
    /// Puts a token on the list until it expires by itself; `reason` is for operators.
    ///
    /// # Contract
    /// - MUST keep a revoked token revoked until its expiry.
    /// - MUST accept the revocation of a token that is revoked already.
    async fn revoke(&self, token: &TokenRef, reason: &str) -> Result<(), StoreError>;

    /// Whether the token is on the list at `now`.
    ///
    /// # Contract
    /// - MUST answer false for tokens that nobody revoked.
    async fn is_revoked(&self, token: &TokenRef, now: Instant) -> Result<bool, StoreError>;

    /// The tokens of a session that are on the list at `now`.
    ///
    /// # Contract
    /// - MUST list the revoked tokens of the session that have not expired, and no others.
    async fn of_session(&self, session: &SessionId, now: Instant) -> Result<Vec<TokenId>, StoreError>;

    /// Forgets revocations of tokens that expired before `before`; returns how many.
    ///
    /// # Contract
    /// - MUST forget expired revocations and no others.
    async fn purge(&self, before: Instant) -> Result<u64, StoreError>;
}
