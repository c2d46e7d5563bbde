//! The suite notices a log that keeps nothing: the first stage of `docs/adding-a-storage-adapter.md`.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use archon_contract::{Stores, event_log};
use archon_domain::ports::EventLog;
use archon_domain::{Instant, SecurityEvent, StoreError, UserId};
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
        event_log::old_events_are_forgotten_and_no_others(&stores).boxed(),
    ];
    for (index, case) in cases.into_iter().enumerate() {
        assert!(AssertUnwindSafe(case).catch_unwind().await.is_err(), "case {index} passes");
    }
}
