use std::cmp::Reverse;

use archon_domain::ports::Outbox;
use archon_domain::{Instant, MailId, OutboxCounts, QueuedMail, StoreError};
use async_trait::async_trait;

use crate::MemoryStore;

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
        let mut state = self.state();
        let mut due: Vec<_> = state
            .outbox
            .values_mut()
            .filter(|queued| queued.next_attempt_at.is_some_and(|due| due <= now))
            .collect();
        due.sort_by_key(|queued| (queued.next_attempt_at, queued.mail.id));
        due.truncate(at_most(limit));
        let claimed = due.into_iter().map(|queued| {
            queued.attempts += 1;
            queued.next_attempt_at = Some(lease_until);
            queued.clone()
        });
        Ok(claimed.collect())
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
        if let Some(queued) = self.state().outbox.get_mut(&id) {
            queued.next_attempt_at = next_attempt_at;
            queued.last_error = Some(error.to_owned());
        }
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
        let mut state = self.state();
        let failed = state.outbox.values_mut().filter(|queued| queued.next_attempt_at.is_none());
        let mut count = 0;
        for queued in failed.filter(|queued| id.is_none_or(|id| id == queued.mail.id)) {
            queued.attempts = 0;
            queued.next_attempt_at = Some(now);
            count += 1;
        }
        Ok(count)
    }
}

fn at_most(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
