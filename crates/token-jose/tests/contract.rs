//! Key files keep the contract of the key store.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Arc;

use archon_contract::Guarded;
use archon_domain::ports::KeyStore;
use archon_token_jose::FileKeyStore;
use tempfile::TempDir;

/// A store in a directory that is gone after the test.
async fn file_key_store() -> Guarded<Arc<dyn KeyStore>, TempDir> {
    let directory = tempfile::tempdir().unwrap();
    Guarded::new(Arc::new(FileKeyStore::new(directory.path().join("keys"))), directory)
}

archon_contract::key_store!(file_key_store);
