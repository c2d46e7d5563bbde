use std::sync::Arc;

use archon_domain::ports::{Entropy, SessionStore};
use archon_domain::{
    CachedSession, DeviceFingerprint, Instant, Lease, Opening, OpeningRule, Rotate, Rotation, Session,
    SessionId, SessionTrace, StoreError, TerminationReason, Touch, UserId,
};
use async_trait::async_trait;

use super::copies::Copies;
use super::with_ended_lately;

/// The durable store of sessions, with copies in the fast store: written first, forgotten there after.
pub(crate) struct CachedSessions {
    pub(crate) durable: Arc<dyn SessionStore>,
    pub(crate) copies: Arc<Copies>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

#[async_trait]
impl SessionStore for CachedSessions {
    async fn open(&self, session: Session, rule: OpeningRule, now: Instant) -> Result<Opening, StoreError> {
        let (id, lease) = (session.id.clone(), Lease::generate(&*self.entropy));
        // Before the session is there for anybody to change, so that the change breaks the lease.
        let leased = self.copies.lease(&id, &lease).await.is_ok();
        let opening = self.durable.open(session.clone(), rule, now).await?;
        let entry = match &opening {
            Opening::Opened { ended } => {
                self.copies.forget(ended.clone()).await;
                Some(CachedSession { session, revoked: Vec::new() })
            }
            Opening::Resumed(resumed) => {
                self.copies.forget(vec![resumed.id.clone()]).await;
                None
            }
            Opening::LimitReached => None,
        };
        if leased {
            self.copies.settle(&id, &lease, entry.as_ref(), now).await;
        }
        Ok(opening)
    }

    async fn find(&self, id: &SessionId) -> Result<Option<Session>, StoreError> {
        self.durable.find(id).await
    }

    async fn list(&self, user: UserId, now: Instant) -> Result<Vec<Session>, StoreError> {
        self.durable.list(user, now).await
    }

    async fn knows_device(
        &self,
        user: UserId,
        device: &DeviceFingerprint,
        until: Instant,
    ) -> Result<bool, StoreError> {
        self.durable.knows_device(user, device, until).await
    }

    async fn touch(&self, touches: &[Touch]) -> Result<(), StoreError> {
        self.durable.touch(touches).await?;
        self.copies.touch(touches).await;
        Ok(())
    }

    async fn rotate(&self, rotate: Rotate, now: Instant) -> Result<Rotation, StoreError> {
        let id = rotate.presented.session.clone();
        let rotation = self.durable.rotate(rotate, now).await;
        match &rotation {
            Ok(Rotation::Replayed(..) | Rotation::Superseded | Rotation::Expired | Rotation::Unknown) => {}
            // An error may be a change whose answer was lost; an end, one that was never told.
            Ok(Rotation::Rotated(_) | Rotation::Reused(_) | Rotation::Ended(_)) | Err(_) => {
                self.copies.forget(vec![id]).await;
            }
        }
        rotation
    }

    async fn observe(
        &self,
        id: &SessionId,
        before: &SessionTrace,
        after: &SessionTrace,
        now: Instant,
    ) -> Result<bool, StoreError> {
        let observed = self.durable.observe(id, before, after, now).await;
        // Also when it was refused, or the answer was lost: whoever changed the trace may not have come to tell.
        self.copies.forget(vec![id.clone()]).await;
        observed
    }

    async fn end(
        &self,
        id: &SessionId,
        reason: TerminationReason,
        now: Instant,
    ) -> Result<Option<Session>, StoreError> {
        let ended = self.durable.end(id, reason, now).await;
        // Also when it was not live, or the answer was lost: whoever ended it may not have come to tell.
        self.copies.forget(vec![id.clone()]).await;
        ended
    }

    async fn end_all_but(
        &self,
        user: UserId,
        keep: Option<&SessionId>,
        reason: TerminationReason,
        now: Instant,
    ) -> Result<Vec<SessionId>, StoreError> {
        let ended = self.durable.end_all_but(user, keep, reason, now).await?;
        self.copies.forget(with_ended_lately(&*self.durable, ended.clone(), now).await).await;
        Ok(ended)
    }

    async fn ended_since(&self, since: Instant) -> Result<Vec<SessionId>, StoreError> {
        self.durable.ended_since(since).await
    }

    async fn purge(&self, before: Instant) -> Result<u64, StoreError> {
        self.durable.purge(before).await
    }
}
