use archon_domain::ports::Revocations;
use archon_domain::{Instant, SessionId, StoreError, TokenId, TokenRef};
use async_trait::async_trait;

use crate::MemoryStore;
use crate::state::Revocation;

#[async_trait]
impl Revocations for MemoryStore {
    async fn revoke(&self, token: &TokenRef, reason: &str) -> Result<(), StoreError> {
        let mut state = self.state();
        let revoked = state.revocations.entry(token.id).or_insert_with(|| Revocation {
            session: Some(token.session.clone()),
            expires_at: token.expires_at,
            reason: reason.to_owned(),
        });
        // Revoked before: the first reason stays, and the later expiry.
        revoked.expires_at = revoked.expires_at.max(token.expires_at);
        Ok(())
    }

    async fn is_revoked(&self, token: &TokenRef, now: Instant) -> Result<bool, StoreError> {
        Ok(self.state().revocations.get(&token.id).is_some_and(|revoked| now < revoked.expires_at))
    }

    async fn of_session(&self, session: &SessionId, now: Instant) -> Result<Vec<TokenId>, StoreError> {
        let state = self.state();
        let listed = state
            .revocations
            .iter()
            .filter(|(_, revoked)| now < revoked.expires_at && revoked.session.as_ref() == Some(session));
        Ok(listed.map(|(id, _)| *id).collect())
    }

    async fn purge(&self, before: Instant) -> Result<u64, StoreError> {
        let mut state = self.state();
        let count = state.revocations.len();
        state.revocations.retain(|_, revoked| revoked.expires_at >= before);
        Ok((count - state.revocations.len()) as u64)
    }
}
