//! Whatever a store holds, every other holds the same after a copy.

use std::sync::Arc;

use archon_app::transfer::{Part, Side};
use archon_contract::archive::content;
use archon_contract::samples::Samples;
use archon_domain::SigningAlgorithm;
use archon_domain::ports::KeyStore;
use archon_store_memory::MemoryStore;
use archon_store_sql::{PostgresOptions, SqlStore};
use archon_token_jose::FileKeyStore;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::{copy_all, verify_all};
use crate::support::{Database, Folder};

/// Collations that put texts in another order than bytes do, as many databases have by default.
const COLLATE: &str = "ALTER TABLE sessions ALTER id TYPE text COLLATE \"und-x-icu\"; \
    ALTER TABLE known_networks ALTER network TYPE text COLLATE \"und-x-icu\"; \
    ALTER TABLE oauth_identities ALTER provider TYPE text COLLATE \"und-x-icu\", \
    ALTER subject TYPE text COLLATE \"und-x-icu\"";

#[test]
fn what_goes_round_by_every_engine_comes_back_as_it_was() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let config = Config { cases: 8, failure_persistence: None, ..Config::default() };
    let stores = (any::<u64>(), 0..9_usize, prop::collection::vec(any::<u8>(), 16));
    let run = TestRunner::new(config).run(&stores, |(seed, users, dropped)| {
        let went_round = runtime.block_on(go_round(seed, users, &dropped));
        went_round.map_err(|error| TestCaseError::fail(format!("{error:#}")))
    });
    run.map_err(|error| anyhow::anyhow!("{error}"))
}

async fn go_round(seed: u64, users: usize, dropped: &[u8]) -> anyhow::Result<()> {
    let (folder, database) = (Folder::new()?, Database::create()?);
    let memory = random_store(seed, users, dropped).await?;
    let first = sqlite(&folder, "first").await?;
    let postgres = SqlStore::open_postgres(&database.url(), PostgresOptions::default())?;
    postgres.migrate().await?;
    database.run(COLLATE)?;
    let postgres = Arc::new(postgres);
    let postgres = Side { archive: Arc::clone(&postgres) as _, keys: postgres };
    let second = sqlite(&folder, "second").await?;

    let round = [&memory, &first, &postgres, &second];
    for hop in round.windows(2) {
        let copied = copy_all(hop[0], hop[1]).await?;
        anyhow::ensure!(copied.iter().all(|part| part.is_whole() && part.added == part.rows), "{copied:?}");
    }
    for side in [&first, &postgres, &second] {
        for (part, verified) in Part::all().zip(verify_all(&memory, side).await?) {
            anyhow::ensure!(verified.is_equal(), "{part}: {verified:?}");
        }
        let again = copy_all(&memory, side).await?;
        anyhow::ensure!(again.iter().all(|part| part.unchanged == part.rows), "{again:?}");
    }
    Ok(())
}

/// A memory store with some of the records that there could be, their users always.
async fn random_store(seed: u64, users: usize, dropped: &[u8]) -> anyhow::Result<Side> {
    let (samples, store) = (Samples::new(seed), Arc::new(MemoryStore::new()));
    let side = Side { archive: Arc::clone(&store) as _, keys: Arc::clone(&store) as _ };
    let mut dice = dropped.iter().cycle();
    for (table, mut records) in content(&samples, users) {
        if table.layout().owner.is_some() || table.layout().name == "security_events" {
            records.retain(|_| dice.next().is_none_or(|die| die % 4 != 0));
        }
        anyhow::ensure!(side.archive.put(table, records).await?.is_empty(), "{table}");
    }
    for algorithm in [SigningAlgorithm::Rs256, SigningAlgorithm::EdDsa] {
        store.add(samples.key(algorithm)).await?;
    }
    Ok(side)
}

async fn sqlite(folder: &Folder, name: &str) -> anyhow::Result<Side> {
    let folder = folder.path().join(name);
    let store = SqlStore::open_sqlite(&folder.join("archon.db"))?;
    store.migrate().await?;
    Ok(Side { archive: Arc::new(store), keys: Arc::new(FileKeyStore::new(folder.join("keys"))) })
}
