//! The log keeps the contract of its port.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use archon_contract::{Guarded, Stores};
use archon_example_storage_adapter::FileEventLog;
use archon_store_memory::MemoryStore;
use tempfile::TempDir;

async fn stores() -> Guarded<Stores, TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let events = FileEventLog::open(folder.path()).unwrap();
    let stores = Stores { events: Arc::new(events), ..Stores::of(Arc::new(MemoryStore::new())) };
    Guarded::new(stores, folder)
}

archon_contract::event_log!(stores);
