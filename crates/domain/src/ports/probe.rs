use std::fmt::Debug;

use async_trait::async_trait;

use crate::StoreError;

/// Something that the service depends on and whose health can be asked.
#[async_trait]
pub trait Probe: Send + Sync + Debug {
    /// Asks the dependency for the smallest thing it can do.
    ///
    /// # Errors
    /// Why it could not.
    async fn probe(&self) -> Result<(), StoreError>;
}
