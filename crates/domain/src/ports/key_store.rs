use async_trait::async_trait;

use crate::{KeyId, SigningKey, StoreError};

/// Keeps signing keys.
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// Every key, in no order.
    ///
    /// # Contract
    /// - MUST return every field as it was stored.
    async fn load(&self) -> Result<Vec<SigningKey>, StoreError>;

    /// Stores the first key; false, and nothing stored, when there is one already.
    ///
    /// # Contract
    /// - MUST let exactly one of many concurrent first keys win.
    async fn add_first(&self, key: SigningKey) -> Result<bool, StoreError>;

    /// Stores a further key.
    ///
    /// # Contract
    /// - MUST keep the keys that were there.
    async fn add(&self, key: SigningKey) -> Result<(), StoreError>;

    /// Stores a key in place of the one with its id; false, and nothing stored, when there is none.
    ///
    /// # Contract
    /// - MUST replace the key with the same id as a whole, and no other.
    async fn replace(&self, key: SigningKey) -> Result<bool, StoreError>;

    /// Removes a key; false when there is none.
    ///
    /// # Contract
    /// - MUST remove the key it is told and no other.
    async fn remove(&self, id: &KeyId) -> Result<bool, StoreError>;
}
