use async_trait::async_trait;

use crate::{KeyRing, SigningKey, StoreError};

/// Looks after the signing keys of the service.
#[async_trait]
pub trait SigningKeys: Send + Sync {
    /// Whether the service makes its keys itself; else an operator brings them in files.
    fn are_made_here(&self) -> bool;

    /// The keys that sign, have signed and will sign; makes the first one where there is none.
    async fn ring(&self) -> Result<KeyRing, StoreError>;

    /// Makes a further key, which signs once every replica and reader knows it; `None` where keys are not made
    /// here.
    async fn rotate(&self) -> Result<Option<SigningKey>, StoreError>;
}
