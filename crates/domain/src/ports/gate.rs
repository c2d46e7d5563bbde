use async_trait::async_trait;

use crate::{Instant, Passage, Passed, StoreError};

/// What every authenticated request asks of the stores, in one question: is the session alive, is the token
/// revoked, is there budget left; and, for those who ask, whose it is.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Looks the session and the token up, and charges the request if it may pass.
    ///
    /// # Contract
    /// - MUST show the user's session as the session store has it, but for touches of the last seconds.
    /// - MUST show no session that is unknown, deleted or another user's.
    /// - MUST show an ended session as ended once its end has returned.
    /// - MUST say of a revoked token that it is revoked once its revocation has returned.
    /// - MUST take one request from the budget when the session is live and the token is not revoked, and
    ///   nothing otherwise.
    /// - MUST show the user's profile as it is stored when it is asked for and the request may pass, and none for
    ///   an ended session, a revoked token or a spent budget.
    /// - MUST show a change of a profile once the change has returned.
    async fn pass(&self, passage: &Passage, now: Instant) -> Result<Passed, StoreError>;
}
