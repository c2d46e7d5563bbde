//! The suite notices a log that keeps nothing: the first stage of `docs/adding-a-storage-adapter.md`.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use archon_contract::{Stores, concurrency, event_log};
use archon_domain::ports::EventLog;
use archon_domain::{
    ChainEnds, ChainEntry, ChainLink, EventCursor, EventFilter, EventKind, EventTally, Instant,
    SecurityEvent, Span, StoreError, UserId,
};
use archon_store_memory::MemoryStore;
use async_trait::async_trait;
use futures::FutureExt as _;

/// Keeps security events.
#[derive(Debug, Clone)]
pub struct FileEventLog;

#[async_trait]
impl EventLog for FileEventLog {
    async fn append(&self, _events: Vec<SecurityEvent>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn of_user(&self, _user: UserId, _limit: u32) -> Result<Vec<SecurityEvent>, StoreError> {
        Ok(Vec::new())
    }

    async fn search(
        &self,
        _filter: &EventFilter,
        _after: Option<EventCursor>,
        _limit: u32,
    ) -> Result<Vec<SecurityEvent>, StoreError> {
        Ok(Vec::new())
    }

    async fn tally(
        &self,
        _kinds: &[EventKind],
        _from: Instant,
        _until: Instant,
        _step: Span,
    ) -> Result<Vec<EventTally>, StoreError> {
        Ok(Vec::new())
    }

    async fn chain(&self, _after: u64, _limit: u32) -> Result<Vec<ChainEntry>, StoreError> {
        Ok(Vec::new())
    }

    async fn chain_ends(&self) -> Result<ChainEnds, StoreError> {
        let none = ChainLink::before_the_first();
        Ok(ChainEnds { anchor: none, head: none, outside: 0 })
    }

    async fn purge(&self, _before: Instant) -> Result<u64, StoreError> {
        Ok(0)
    }
}

#[tokio::test]
async fn every_case_fails_on_a_log_that_keeps_nothing() {
    let stores = Stores { events: Arc::new(FileEventLog), ..Stores::of(Arc::new(MemoryStore::new())) };
    let cases = [
        event_log::events_are_stored_as_they_were_given(&stores).boxed(),
        event_log::events_of_every_kind_can_be_stored(&stores).boxed(),
        event_log::a_users_events_are_listed_newest_first(&stores).boxed(),
        event_log::events_are_found_by_what_they_are(&stores).boxed(),
        event_log::pages_of_any_size_find_every_event_once(&stores).boxed(),
        event_log::events_are_tallied_by_kind_and_step(&stores).boxed(),
        event_log::every_event_has_the_next_place_in_the_chain(&stores).boxed(),
        event_log::an_event_is_stored_once_however_often_it_comes(&stores).boxed(),
        event_log::the_chain_is_given_in_its_order_and_to_the_letter(&stores).boxed(),
        event_log::the_ends_of_the_chain_are_told(&stores).boxed(),
        event_log::old_events_in_front_are_forgotten_and_no_others(&stores).boxed(),
        event_log::the_last_event_that_is_forgotten_is_the_anchor(&stores).boxed(),
        concurrency::events_appended_at_once_make_one_chain(&stores).boxed(),
        concurrency::appends_and_purges_at_once_keep_the_chain(&stores).boxed(),
    ];
    for (index, case) in cases.into_iter().enumerate() {
        assert!(AssertUnwindSafe(case).catch_unwind().await.is_err(), "case {index} passes");
    }
}
