use async_trait::async_trait;

use crate::{
    ChainEnds, ChainEntry, EventCursor, EventFilter, EventKind, EventTally, Instant, SecurityEvent, Span,
    StoreError, UserId,
};

/// Keeps security events; append-only but for their retention, and chained so that a change shows.
#[async_trait]
pub trait EventLog: Send + Sync {
    /// Appends events to the end of the chain, in the order in which they are given.
    ///
    /// # Contract
    /// - MUST store events as they were given.
    /// - MUST give each event the next place in the chain, as `ChainLink::next` says, and make the last one the
    ///   head.
    /// - MUST store no event twice: one whose id is there already is passed over.
    /// - MUST leave no gap and give no place twice, however many append at the same time.
    async fn append(&self, events: Vec<SecurityEvent>) -> Result<(), StoreError>;

    /// The latest events of a user, newest first.
    ///
    /// # Contract
    /// - MUST list a user's events only, newest first, at most `limit`.
    async fn of_user(&self, user: UserId, limit: u32) -> Result<Vec<SecurityEvent>, StoreError>;

    /// The latest events that a filter admits, newest first, of one instant the highest id first: at most `limit`,
    /// of those that come behind `after`.
    ///
    /// # Contract
    /// - MUST find the events that the filter admits, newest first, and no others.
    /// - MUST find every event once, however small the pages, and however many share an instant.
    async fn search(
        &self,
        filter: &EventFilter,
        after: Option<EventCursor>,
        limit: u32,
    ) -> Result<Vec<SecurityEvent>, StoreError>;

    /// How many events of these kinds happened from `from` on and before `until`, by steps of `step` (at least a
    /// second) that begin at `from`, in order of time; steps without events are left out.
    ///
    /// # Contract
    /// - MUST count every event of the kinds in its step, once, and no others.
    async fn tally(
        &self,
        kinds: &[EventKind],
        from: Instant,
        until: Instant,
        step: Span,
    ) -> Result<Vec<EventTally>, StoreError>;

    /// The events of the chain whose sequence is greater than `after`, in their order, at most `limit`.
    ///
    /// # Contract
    /// - MUST give the chain in its order, each event to the letter.
    async fn chain(&self, after: u64, limit: u32) -> Result<Vec<ChainEntry>, StoreError>;

    /// Where the chain is held.
    ///
    /// # Contract
    /// - MUST say what was forgotten last, what was appended last, and how much stands outside of the chain.
    async fn chain_ends(&self) -> Result<ChainEnds, StoreError>;

    /// Forgets events from before `before`, as far as the chain allows: up to the first that is younger. Returns
    /// how many.
    ///
    /// # Contract
    /// - MUST forget the old events in front of the first that is not old, and no others.
    /// - MUST make the last event that it forgets the anchor.
    async fn purge(&self, before: Instant) -> Result<u64, StoreError>;
}
