use archon_domain::ports::KeyStore;
use archon_domain::{KeyId, SigningKey, StoreError};
use async_trait::async_trait;

use crate::MemoryStore;
use crate::state::conflict;

#[async_trait]
impl KeyStore for MemoryStore {
    async fn load(&self) -> Result<Vec<SigningKey>, StoreError> {
        Ok(self.state().keys.values().cloned().collect())
    }

    async fn add_first(&self, key: SigningKey) -> Result<bool, StoreError> {
        let mut state = self.state();
        let first = state.keys.is_empty();
        if first {
            state.keys.insert(key.id.clone(), key);
        }
        Ok(first)
    }

    async fn add(&self, key: SigningKey) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.keys.contains_key(&key.id) {
            return Err(conflict("add key", "a key with this id is stored already"));
        }
        state.keys.insert(key.id.clone(), key);
        Ok(())
    }

    async fn replace(&self, key: SigningKey) -> Result<bool, StoreError> {
        let mut state = self.state();
        let found = state.keys.get_mut(&key.id);
        Ok(found.map(|stored| *stored = key).is_some())
    }

    async fn remove(&self, id: &KeyId) -> Result<bool, StoreError> {
        Ok(self.state().keys.remove(id).is_some())
    }
}
