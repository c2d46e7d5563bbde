use std::sync::Arc;

use archon_domain::ports::{Clock, Revocations};
use archon_domain::{Instant, SessionId, StoreError, TokenId, TokenRef};
use async_trait::async_trait;

use super::copies::Copies;

/// The durable blacklist, with a copy in the fast store that operators write to as well.
pub(crate) struct CachedRevocations {
    pub(crate) durable: Arc<dyn Revocations>,
    pub(crate) copies: Arc<Copies>,
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Revocations for CachedRevocations {
    async fn revoke(&self, token: &TokenRef, reason: &str) -> Result<(), StoreError> {
        let revoked = self.durable.revoke(token, reason).await;
        // Also when the answer was lost: the copy of the session names its revoked tokens.
        let forgetting = self.copies.forget(vec![token.session.clone()]);
        if revoked.is_ok() {
            futures::join!(forgetting, self.copies.blacklist(token, reason, self.clock.now()));
        } else {
            forgetting.await;
        }
        revoked
    }

    async fn is_revoked(&self, token: &TokenRef, now: Instant) -> Result<bool, StoreError> {
        if self.durable.is_revoked(token, now).await? {
            return Ok(true);
        }
        match self.copies.blacklisted(token).await {
            Some(reason) if now < token.expires_at => {
                // An operator has put it there: written through, so that it outlives the fast store.
                self.durable.revoke(token, &reason).await?;
                self.copies.forget(vec![token.session.clone()]).await;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    async fn of_session(&self, session: &SessionId, now: Instant) -> Result<Vec<TokenId>, StoreError> {
        self.durable.of_session(session, now).await
    }

    async fn purge(&self, before: Instant) -> Result<u64, StoreError> {
        self.durable.purge(before).await
    }
}
