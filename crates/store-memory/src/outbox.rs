use std::cmp::Reverse;

use archon_domain::ports::Outbox;
use archon_domain::{Instant, MailId, OutboxCounts, QueuedMail, StoreError};
use async_trait::async_trait;

use crate::MemoryStore;
use crate::tries::{self, at_most};

#[async_trait]
impl Outbox for MemoryStore {
    async fn queue(&self, mail: QueuedMail) -> Result<(), StoreError> {
        let (mut state, mails) = (self.state(), vec![mail]);
        state.check_mails(&mails, None, "queue mail")?;
        state.queue(mails);
        Ok(())
    }

    async fn claim(
        &self,
        limit: u32,
        lease_until: Instant,
        now: Instant,
    ) -> Result<Vec<QueuedMail>, StoreError> {
        Ok(tries::claim(&mut self.state().outbox, limit, lease_until, now))
    }

    async fn sent(&self, id: MailId) -> Result<(), StoreError> {
        self.state().outbox.remove(&id);
        Ok(())
    }

    async fn postpone(
        &self,
        id: MailId,
        next_attempt_at: Option<Instant>,
        error: &str,
    ) -> Result<(), StoreError> {
        tries::postpone(&mut self.state().outbox, &id, next_attempt_at, error);
        Ok(())
    }

    async fn counts(&self) -> Result<OutboxCounts, StoreError> {
        let state = self.state();
        let mut counts = OutboxCounts::default();
        for queued in state.outbox.values() {
            if queued.next_attempt_at.is_some() {
                counts.pending += 1;
                let oldest = counts.oldest_pending.unwrap_or(queued.queued_at);
                counts.oldest_pending = Some(oldest.min(queued.queued_at));
            } else {
                counts.failed += 1;
            }
        }
        Ok(counts)
    }

    async fn pending(&self, limit: u32) -> Result<Vec<QueuedMail>, StoreError> {
        let state = self.state();
        let mut waiting: Vec<_> =
            state.outbox.values().filter(|queued| queued.next_attempt_at.is_some()).collect();
        waiting.sort_by_key(|queued| (queued.next_attempt_at, queued.mail.id));
        Ok(waiting.into_iter().take(at_most(limit)).cloned().collect())
    }

    async fn failed(&self, limit: u32) -> Result<Vec<QueuedMail>, StoreError> {
        let state = self.state();
        let mut failed: Vec<_> =
            state.outbox.values().filter(|queued| queued.next_attempt_at.is_none()).collect();
        failed.sort_by_key(|queued| Reverse((queued.queued_at, queued.mail.id)));
        Ok(failed.into_iter().take(at_most(limit)).cloned().collect())
    }

    async fn retry(&self, id: Option<MailId>, now: Instant) -> Result<u64, StoreError> {
        Ok(tries::retry(&mut self.state().outbox, id.as_ref(), now))
    }
}
