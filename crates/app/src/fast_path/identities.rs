use std::sync::Arc;

use archon_domain::ports::{Identities, SessionStore};
use archon_domain::{IdentityLink, Instant, LinkedIdentity, Linking, StoreError, Unlinking, UserId};
use async_trait::async_trait;

use super::copies::{Changed, Copies};
use super::with_ended_lately;

/// The durable store of identities; the profile that a link verifies, and the sessions that it ends, are
/// forgotten in the fast store.
pub(crate) struct CachedIdentities {
    pub(crate) durable: Arc<dyn Identities>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) copies: Arc<Copies>,
}

#[async_trait]
impl Identities for CachedIdentities {
    async fn find(&self, provider: &str, subject: &str) -> Result<Option<LinkedIdentity>, StoreError> {
        self.durable.find(provider, subject).await
    }

    async fn list(&self, user: UserId) -> Result<Vec<LinkedIdentity>, StoreError> {
        self.durable.list(user).await
    }

    async fn link(&self, link: IdentityLink, now: Instant) -> Result<Linking, StoreError> {
        let user = link.identity.user;
        let linking = self.durable.link(link, now).await;
        let ended = match &linking {
            Ok(Linking::Linked { reclaimed: None } | Linking::NoAccount) => return linking,
            Ok(Linking::Linked { reclaimed: Some(ended) }) => ended.clone(),
            // An error may be a link whose answer was lost, and what is linked already may be by this one.
            Ok(Linking::AlreadyLinked(_)) | Err(_) => Vec::new(),
        };
        let sessions = with_ended_lately(&*self.sessions, ended, now).await;
        self.copies.forget(Changed { sessions, users: vec![user] }).await;
        linking
    }

    async fn unlink(&self, user: UserId, provider: &str) -> Result<Unlinking, StoreError> {
        self.durable.unlink(user, provider).await
    }
}
