use async_trait::async_trait;

use crate::{BlockedAddress, ClientNetwork, Instant, StoreError};

/// Keeps which client addresses are blocked.
#[async_trait]
pub trait Blocklist: Send + Sync {
    /// Blocks an address at `now`; one that is blocked already stays so until the later of the two ends.
    ///
    /// # Contract
    /// - MUST block an address until the instant given, and no other address.
    /// - MUST never shorten a block that holds.
    async fn block(&self, blocked: BlockedAddress, now: Instant) -> Result<(), StoreError>;

    /// Lifts a block; false when the address was not blocked.
    ///
    /// # Contract
    /// - MUST end a block at `now`.
    async fn lift(&self, network: ClientNetwork, now: Instant) -> Result<bool, StoreError>;

    /// The blocks that hold at `now`, the latest made first, at most `limit`.
    ///
    /// # Contract
    /// - MUST list the blocks that hold, the latest first, and no others.
    async fn blocked(&self, now: Instant, limit: u32) -> Result<Vec<BlockedAddress>, StoreError>;

    /// The blocks that were made, prolonged or lifted at or after `since`, as they are now.
    ///
    /// # Contract
    /// - MUST name every block that was changed since, and no other.
    async fn blocks_changed_since(&self, since: Instant) -> Result<Vec<BlockedAddress>, StoreError>;

    /// Forgets blocks that ended before `before`; returns how many.
    ///
    /// # Contract
    /// - MUST forget blocks that are long over, and no others.
    async fn purge_blocks(&self, before: Instant) -> Result<u64, StoreError>;
}
