use std::cmp::Reverse;

use archon_domain::ports::EventLog;
use archon_domain::{Instant, SecurityEvent, StoreError, UserId};
use async_trait::async_trait;

use crate::MemoryStore;

#[async_trait]
impl EventLog for MemoryStore {
    async fn append(&self, events: Vec<SecurityEvent>) -> Result<(), StoreError> {
        self.state().events.extend(events);
        Ok(())
    }

    async fn of_user(&self, user: UserId, limit: u32) -> Result<Vec<SecurityEvent>, StoreError> {
        let state = self.state();
        let mut events: Vec<_> = state.events.iter().filter(|event| event.user == Some(user)).collect();
        events.sort_by_key(|event| Reverse((event.at, event.id)));
        events.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(events.into_iter().cloned().collect())
    }

    async fn purge(&self, before: Instant) -> Result<u64, StoreError> {
        let mut state = self.state();
        let count = state.events.len();
        state.events.retain(|event| event.at >= before);
        Ok((count - state.events.len()) as u64)
    }
}
