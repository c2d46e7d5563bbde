use async_trait::async_trait;

use crate::{Instant, OauthFlow, OneTimeToken, StoreError};

/// Keeps log-ins with a provider while the user is away there. A lost one has to be begun again.
#[async_trait]
pub trait OauthStates: Send + Sync {
    /// Remembers a flow under its `state` parameter.
    ///
    /// # Contract
    /// - MUST keep every field of the flow.
    async fn begin(&self, state: &OneTimeToken, flow: OauthFlow, now: Instant) -> Result<(), StoreError>;

    /// Hands a flow out and forgets it; `None` when the state is unknown, was consumed, or has expired at `now`.
    ///
    /// # Contract
    /// - MUST hand a flow out at most once, however many ask at the same time.
    /// - MUST refuse a flow from its expiry on.
    async fn consume(&self, state: &OneTimeToken, now: Instant) -> Result<Option<OauthFlow>, StoreError>;
}
