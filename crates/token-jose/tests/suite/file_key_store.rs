use std::error::Error as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use archon_domain::ports::KeyStore as _;
use archon_domain::{KeyId, SigningAlgorithm, SigningKey, StoreErrorKind};
use archon_token_jose::FileKeyStore;

use crate::fixture::our_key;

fn key(id: &str) -> SigningKey {
    SigningKey { id: KeyId::new(id), ..our_key(SigningAlgorithm::EdDsa) }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn only_the_owner_reads_the_files() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("data").join("keys");
    let store = FileKeyStore::new(&directory);
    assert_eq!(store.load().await.unwrap(), Vec::new(), "no directory is no key");
    assert!(store.add_first(key("one")).await.unwrap());
    assert_eq!(mode(&directory), 0o700);
    for entry in fs::read_dir(&directory).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
    assert!(directory.join("one.json").exists());
    assert_eq!(store.load().await.unwrap(), vec![key("one")]);
}

#[tokio::test]
async fn what_a_killed_process_left_behind_is_no_key_and_stops_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileKeyStore::new(directory.path());
    fs::write(directory.path().join(".new"), "{ \"id\": \"ha").unwrap();
    fs::write(directory.path().join(".lock"), "").unwrap();
    assert_eq!(store.load().await.unwrap(), Vec::new());
    assert!(store.add_first(key("one")).await.unwrap());
    assert_eq!(store.load().await.unwrap(), vec![key("one")]);
    assert_eq!(mode(&directory.path().join("one.json")), 0o600);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_named_with_the_mend() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileKeyStore::new(directory.path());
    store.add(key("one")).await.unwrap();
    let path = directory.path().join("one.json");
    let whole = fs::read_to_string(&path).unwrap();
    let damages = [whole[..whole.len() / 2].to_owned(), whole.replace("EdDSA", "HS256"), String::new()];
    for damaged in damages {
        fs::write(&path, damaged).unwrap();
        let error = store.load().await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt);
        let cause = error.source().unwrap().to_string();
        assert!(cause.contains(path.to_str().unwrap()) && cause.contains("backup"), "{cause}");
        assert!(!cause.contains("PRIVATE KEY"), "{cause}");
    }
}

#[tokio::test]
async fn an_id_is_never_a_path() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("keys");
    let store = FileKeyStore::new(&directory);
    let ids = ["../escape", "a/b", ".hidden", "", "~Li4", "with space", "ü"];
    for id in ids {
        store.add(key(id)).await.unwrap();
    }
    let mut loaded: Vec<String> =
        store.load().await.unwrap().into_iter().map(|key| key.id.as_str().to_owned()).collect();
    loaded.sort_unstable();
    let mut expected = ids.to_vec();
    expected.sort_unstable();
    assert_eq!(loaded, expected);
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1, "nothing beside the directory");
    for id in ids {
        assert!(store.remove(&KeyId::new(id)).await.unwrap());
        assert!(!store.remove(&KeyId::new(id)).await.unwrap());
    }
}

#[tokio::test]
async fn a_key_is_never_written_over() {
    let directory = tempfile::tempdir().unwrap();
    let store = FileKeyStore::new(directory.path());
    store.add(key("one")).await.unwrap();
    store.add(key("one")).await.unwrap();
    let other = SigningKey { private_pem: "another".to_owned().into(), ..key("one") };
    let error = store.add(other).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Conflict);
    assert_eq!(store.load().await.unwrap(), vec![key("one")]);
    assert!(!store.add_first(key("two")).await.unwrap());
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_named() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("keys");
    fs::write(&directory, "a file where the directory belongs").unwrap();
    let store = FileKeyStore::new(&directory);
    let error = store.add_first(key("one")).await.unwrap_err();
    assert!(error.source().unwrap().to_string().contains(directory.to_str().unwrap()));
}
