use archon_domain::ports::Revocations;
use archon_domain::{Instant, StoreError, TokenId};
use async_trait::async_trait;

use crate::MemoryStore;

#[async_trait]
impl Revocations for MemoryStore {
    async fn revoke(&self, token: TokenId, expires_at: Instant, _reason: &str) -> Result<(), StoreError> {
        let mut state = self.state();
        let until = state.revocations.entry(token).or_insert(expires_at);
        *until = (*until).max(expires_at);
        Ok(())
    }

    async fn is_revoked(&self, token: TokenId, now: Instant) -> Result<bool, StoreError> {
        Ok(self.state().revocations.get(&token).is_some_and(|expires_at| now < *expires_at))
    }

    async fn purge(&self, before: Instant) -> Result<u64, StoreError> {
        let mut state = self.state();
        let count = state.revocations.len();
        state.revocations.retain(|_, expires_at| *expires_at >= before);
        Ok((count - state.revocations.len()) as u64)
    }
}
