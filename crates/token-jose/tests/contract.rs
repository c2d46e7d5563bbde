//! Key files and encrypted keys keep the contract of the key store.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Arc;

use archon_contract::Guarded;
use archon_domain::ports::KeyStore;
use archon_token_jose::{EncryptedKeyStore, FileKeyStore};
use tempfile::TempDir;

/// A store in a directory that is gone after the test.
async fn file_key_store() -> Guarded<Arc<dyn KeyStore>, TempDir> {
    let directory = tempfile::tempdir().unwrap();
    Guarded::new(Arc::new(FileKeyStore::new(directory.path().join("keys"))), directory)
}

/// Encrypted keys in such a store.
async fn encrypted_key_store() -> Guarded<Arc<dyn KeyStore>, TempDir> {
    let directory = tempfile::tempdir().unwrap();
    let files = Arc::new(FileKeyStore::new(directory.path().join("keys")));
    let secret = Some("a secret of at least 128 random bits".to_owned().into());
    Guarded::new(Arc::new(EncryptedKeyStore::new(files, secret)), directory)
}

mod encrypted {
    use super::encrypted_key_store;

    archon_contract::key_store!(encrypted_key_store);
}

archon_contract::key_store!(file_key_store);
