//! A copy that is killed is gone on with by the next one.

use std::path::Path;
use std::sync::Arc;

use archon_app::transfer::Side;
use archon_contract::archive::content;
use archon_contract::samples::Samples;
use archon_domain::SigningAlgorithm;
use archon_domain::ports::KeyStore as _;
use archon_store_sql::SqlStore;
use archon_token_jose::FileKeyStore;

use super::{storage, storage_json, total};
use crate::support::{Database, Folder, start};

const USERS: usize = 1100;

/// Moments of a copy, as it says itself where it is: each of another table.
const MOMENTS: [&str; 5] = [
    "users: 1000 of",
    "oauth_identities: 3000 of",
    "known_networks: 2000 of",
    "sessions: 2000 of",
    "mail_outbox: 1000 of",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_to_postgresql_survives_kills() -> anyhow::Result<()> {
    let (folder, database) = (Folder::new()?, Database::create()?);
    let source = format!("sqlite:{}", fill(&folder.path().join("source")).await?);
    survives_kills(&folder, &source, &database.url())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_to_sqlite_survives_kills() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let source = format!("sqlite:{}", fill(&folder.path().join("source")).await?);
    let target = format!("sqlite:{}", folder.path().join("target/archon.db").display());
    survives_kills(&folder, &source, &target)
}

fn survives_kills(folder: &Folder, from: &str, to: &str) -> anyhow::Result<()> {
    for moment in MOMENTS {
        let mut copy = start(folder, &["storage", "copy", "--from", from, "--to", to])?;
        copy.line(moment, |line| line.contains(moment).then_some(()))?;
        copy.kill_hard()?;
        let half = storage(folder, "verify", from, to, &[])?;
        assert_eq!(half.status, Some(1), "killed at {moment:?}: {}", half.stdout);
        assert!(half.stdout.contains("the two differ"), "{}", half.stdout);
    }
    let last = storage_json(folder, "copy", from, to)?;
    assert_eq!(last["complete"], true, "{last}");
    let (rows, added) = (total(&last, "rows"), total(&last, "added"));
    assert!(added > 0 && added < rows / 2, "the last copy has added {added} of {rows}");
    assert_eq!(total(&last, "unchanged"), rows - added, "{last}");
    let verified = storage_json(folder, "verify", from, to)?;
    assert_eq!(verified["equal"], true, "{verified}");
    for table in verified["tables"].as_array().into_iter().flatten() {
        assert_eq!(table["source"], table["target"], "{table}");
    }
    Ok(())
}

/// Makes a database with everything there can be in it; returns its file.
async fn fill(folder: &Path) -> anyhow::Result<String> {
    let file = folder.join("archon.db");
    let store = Arc::new(SqlStore::open_sqlite(&file)?);
    store.migrate().await?;
    let keys = Arc::new(FileKeyStore::new(folder.join("keys")));
    let samples = Samples::default();
    keys.add(samples.key(SigningAlgorithm::EdDsa)).await?;
    let side = Side { archive: store, keys };
    for (table, records) in content(&samples, USERS) {
        for batch in records.chunks(1000) {
            anyhow::ensure!(side.archive.put(table, batch.to_vec()).await?.is_empty(), "{table}");
        }
    }
    Ok(file.display().to_string())
}
