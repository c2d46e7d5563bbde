use async_trait::async_trait;

use crate::{Instant, SecurityEvent, StoreError, UserId};

/// Keeps security events; append-only but for their retention.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Appends events.
    ///
    /// # Contract
    /// - MUST store events as they were given.
    async fn append(&self, events: Vec<SecurityEvent>) -> Result<(), StoreError>;

    /// The latest events of a user, newest first.
    ///
    /// # Contract
    /// - MUST list a user's events only, newest first, at most `limit`.
    async fn of_user(&self, user: UserId, limit: u32) -> Result<Vec<SecurityEvent>, StoreError>;

    /// Forgets events from before `before`; returns how many.
    ///
    /// # Contract
    /// - MUST forget old events and no others.
    async fn purge(&self, before: Instant) -> Result<u64, StoreError>;
}
