use std::cmp::Reverse;

use archon_domain::ports::Blocklist;
use archon_domain::{BlockedAddress, ClientNetwork, Instant, StoreError};
use async_trait::async_trait;

use crate::MemoryStore;
use crate::tries::at_most;

/// A block, and when it was made, prolonged or lifted.
pub(crate) struct StoredBlock {
    blocked: BlockedAddress,
    changed_at: Instant,
}

#[async_trait]
impl Blocklist for MemoryStore {
    async fn block(&self, blocked: BlockedAddress, now: Instant) -> Result<(), StoreError> {
        let blocks = &mut self.state().blocks;
        let stored = blocks.get(&blocked.network).map(|stored| stored.blocked.clone());
        let joined = match stored.clone() {
            Some(stored) => stored.joined(blocked, now),
            None => blocked,
        };
        if stored.as_ref() != Some(&joined) {
            blocks.insert(joined.network, StoredBlock { blocked: joined, changed_at: now });
        }
        Ok(())
    }

    async fn lift(&self, network: ClientNetwork, now: Instant) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(stored) = state.blocks.get_mut(&network).filter(|stored| stored.blocked.holds(now)) else {
            return Ok(false);
        };
        stored.blocked.until = now;
        stored.changed_at = now;
        Ok(true)
    }

    async fn blocked(&self, now: Instant, limit: u32) -> Result<Vec<BlockedAddress>, StoreError> {
        let state = self.state();
        let blocks = state.blocks.values().map(|stored| &stored.blocked);
        let mut held: Vec<_> = blocks.filter(|blocked| blocked.holds(now)).collect();
        held.sort_by_key(|blocked| Reverse(blocked.since));
        Ok(held.into_iter().take(at_most(limit)).cloned().collect())
    }

    async fn blocks_changed_since(&self, since: Instant) -> Result<Vec<BlockedAddress>, StoreError> {
        let state = self.state();
        let changed = state.blocks.values().filter(|stored| stored.changed_at >= since);
        Ok(changed.map(|stored| stored.blocked.clone()).collect())
    }

    async fn purge_blocks(&self, before: Instant) -> Result<u64, StoreError> {
        let blocks = &mut self.state().blocks;
        let count = blocks.len();
        blocks.retain(|_, stored| stored.blocked.until >= before);
        Ok((count - blocks.len()) as u64)
    }
}
