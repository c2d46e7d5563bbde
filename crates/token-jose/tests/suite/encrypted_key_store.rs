use std::error::Error as _;
use std::sync::Arc;

use archon_domain::ports::KeyStore;
use archon_domain::{KeyId, SigningAlgorithm, SigningKey};
use archon_token_jose::{EncryptedKeyStore, FileKeyStore};
use tempfile::TempDir;

use crate::fixture::our_key;

fn key(id: &str) -> SigningKey {
    SigningKey { id: KeyId::new(id), ..our_key(SigningAlgorithm::EdDsa) }
}

struct Stored {
    files: Arc<FileKeyStore>,
    _folder: TempDir,
}

impl Stored {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { files: Arc::new(FileKeyStore::new(directory.path())), _folder: directory }
    }

    fn under(&self, secret: Option<&str>) -> EncryptedKeyStore {
        EncryptedKeyStore::new(self.files.clone(), secret.map(|secret| secret.to_owned().into()))
    }

    async fn texts(&self) -> Vec<String> {
        self.files.load().await.unwrap().iter().map(|key| key.private_pem.to_string()).collect()
    }
}

#[tokio::test]
async fn what_is_stored_is_no_key_without_the_secret() {
    let stored = Stored::new();
    assert!(stored.under(Some("one")).add_first(key("a")).await.unwrap());
    stored.under(Some("one")).add(key("b")).await.unwrap();
    for text in stored.texts().await {
        assert!(text.starts_with("archon-encrypted-v1:") && !text.contains("PRIVATE"), "{text}");
    }
    let mut loaded = stored.under(Some("one")).load().await.unwrap();
    loaded.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(loaded, [key("a"), key("b")]);
}

#[tokio::test]
async fn plain_keys_are_encrypted_once_there_is_a_secret() {
    let stored = Stored::new();
    stored.under(None).add(key("a")).await.unwrap();
    assert!(stored.texts().await[0].contains("PRIVATE"));
    assert_eq!(stored.under(Some("one")).load().await.unwrap(), [key("a")]);
    assert!(!stored.texts().await[0].contains("PRIVATE"));
    assert_eq!(stored.under(Some("one")).load().await.unwrap(), [key("a")]);
}

#[tokio::test]
async fn a_missing_or_wrong_secret_is_refused_with_the_way_out() {
    let stored = Stored::new();
    stored.under(Some("one")).add(key("a")).await.unwrap();
    for (secret, words) in [(None, "is stored encrypted"), (Some("two"), "another secret")] {
        let error = stored.under(secret).load().await.unwrap_err();
        let cause = error.source().unwrap().to_string();
        assert!(cause.contains(words) && cause.contains("keys.encryption_key"), "{cause}");
    }
}

#[tokio::test]
async fn a_key_does_not_open_under_the_id_of_another() {
    let stored = Stored::new();
    stored.under(Some("one")).add(key("a")).await.unwrap();
    let mut moved = stored.files.load().await.unwrap().remove(0);
    moved.id = KeyId::new("b");
    stored.files.add(moved).await.unwrap();
    assert!(stored.under(Some("one")).load().await.is_err());
}
