//! Behind a pooler that gives a session to each transaction: PgBouncer, with fewer sessions than clients.

use std::sync::Arc;
use std::time::{Duration, Instant};

use archon_contract::samples::{Samples, email_key};
use archon_contract::{Guarded, Stores};
use archon_domain::ports::{KeyStore, Outbox as _, Probe as _, UserRepo as _};
use archon_domain::{AccountOpening, SigningAlgorithm, StoreErrorKind};
use archon_store_sql::{ConnectError, OpenError, PostgresOptions, SqlStore};
use tokio_postgres::NoTls;

use crate::fixture::{Place, ready, server_url};
use crate::pooler::{Pooler, SESSIONS};

/// A schema, and the pooler through which it is used.
struct Pooled {
    place: Place,
    pooler: Pooler,
}

impl Pooled {
    fn new() -> Self {
        Self { place: Place::postgres(), pooler: Pooler::start(&server_url()) }
    }

    fn options(&self) -> PostgresOptions {
        PostgresOptions { transaction_pooler: true, ..self.place.options() }
    }

    fn open(&self) -> SqlStore {
        SqlStore::open_postgres(self.pooler.url(), self.options()).unwrap()
    }

    async fn migrated(&self) -> SqlStore {
        ready(self.open()).await
    }
}

async fn stores() -> Guarded<Stores, Pooled> {
    let pooled = Pooled::new();
    Guarded::new(Stores::of(Arc::new(pooled.migrated().await)), pooled)
}

async fn keys() -> Guarded<Arc<dyn KeyStore>, Pooled> {
    let pooled = Pooled::new();
    Guarded::new(Arc::new(pooled.migrated().await), pooled)
}

mod contract {
    use super::{keys, stores};

    archon_contract::user_directory!(stores);
    archon_contract::user_repo!(stores);
    archon_contract::credentials!(stores);
    archon_contract::identities!(stores);
    archon_contract::session_store!(stores);
    archon_contract::revocations!(stores);
    archon_contract::outbox!(stores);
    archon_contract::event_log!(stores);
    archon_contract::key_store!(keys);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_migrate_at_once_and_each_migration_is_applied_by_one() {
    let pooled = Pooled::new();
    let pending = pooled.open().pending_migrations().await.unwrap();
    let racers: Vec<_> = (0..SESSIONS * 3)
        .map(|_| {
            let store = pooled.open();
            tokio::spawn(async move { store.migrate().await.unwrap() })
        })
        .collect();
    let mut applied = Vec::new();
    for racer in racers {
        applied.extend(racer.await.unwrap());
    }
    assert_eq!(applied, pending);
    pooled.open().probe().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_share_few_sessions_and_each_gets_its_own_answers() {
    let pooled = Pooled::new();
    let samples = Arc::new(Samples::default());
    let replicas = [pooled.migrated().await, pooled.open(), pooled.open()];
    let clients: Vec<_> = (0..48)
        .map(|client| {
            let (store, samples) = (replicas[client % replicas.len()].clone(), Arc::clone(&samples));
            tokio::spawn(async move {
                let mut firsts = 0;
                for number in 0..6 {
                    let address = format!("user{client}-{number}@example.com");
                    let opening = store.open_account(samples.account(&address)).await.unwrap();
                    assert_eq!(opening, AccountOpening::Opened);
                    let found = store.find_by_email(&email_key(&address)).await.unwrap().unwrap();
                    assert_eq!(found.email.as_typed(), address);
                    firsts += u32::from(store.add_first(samples.key(SigningAlgorithm::Rs256)).await.unwrap());
                    assert_eq!(store.counts().await.unwrap().failed, 0);
                }
                firsts
            })
        })
        .collect();
    let mut firsts = 0;
    for client in clients {
        firsts += client.await.unwrap();
    }
    assert_eq!(firsts, 1);
}

#[tokio::test]
async fn the_time_limit_holds_and_nothing_that_is_set_stays_in_a_session() {
    let pooled = Pooled::new();
    pooled.migrated().await;
    let options = PostgresOptions { statement_timeout: Duration::from_millis(300), ..pooled.options() };
    let store = SqlStore::open_postgres(pooled.pooler.url(), options).unwrap();
    let (client, driver) = tokio_postgres::connect(&server_url(), NoTls).await.unwrap();
    tokio::spawn(driver);
    let schema = pooled.options().schema.unwrap();
    client.batch_execute(&format!("BEGIN; LOCK TABLE {schema}.users")).await.unwrap();
    let start = Instant::now();
    assert_eq!(store.probe().await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    // By the server's own limit: ours comes two seconds later.
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    let account = Samples::default().account("blocked@example.com");
    assert_eq!(store.open_account(account).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    client.batch_execute("ROLLBACK").await.unwrap();
    store.probe().await.unwrap();

    let (client, driver) = tokio_postgres::connect(pooled.pooler.url(), NoTls).await.unwrap();
    tokio::spawn(driver);
    for (setting, default) in [("statement_timeout", "0"), ("search_path", "\"$user\", public")] {
        let rows = client.simple_query(&format!("SHOW {setting}")).await.unwrap();
        let value = rows.iter().find_map(|row| match row {
            tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        assert_eq!(value, Some(default), "{setting}");
    }
}

#[tokio::test]
async fn a_pooler_that_nobody_spoke_of_is_named_as_the_cause() {
    let pooled = Pooled::new();
    pooled.migrated().await;
    let unaware = PostgresOptions { max_connections: 1, ..pooled.place.options() };
    let store = SqlStore::open_postgres(pooled.pooler.url(), unaware).unwrap();
    store.probe().await.unwrap();
    // Somebody else takes the session in which the statement was prepared.
    let (other, driver) = tokio_postgres::connect(pooled.pooler.url(), NoTls).await.unwrap();
    tokio::spawn(driver);
    other.batch_execute("BEGIN").await.unwrap();
    let error = store.probe().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Internal);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("database.pooler = \"transaction\""), "{cause}");
}

#[tokio::test]
async fn a_pooler_that_refuses_is_understood_as_a_server_is() {
    let pooled = Pooled::new();
    let refusal =
        async |url: &str| match SqlStore::open_postgres(url, pooled.options()).unwrap().migrate().await {
            Err(OpenError::Connect(refusal)) => refusal,
            other => panic!("{other:?}"),
        };
    let (credentials, rest) = pooled.pooler.url().rsplit_once('@').unwrap();
    let wrong = refusal(&format!("{credentials}x@{rest}")).await;
    assert!(matches!(wrong, ConnectError::Password(_)), "{wrong:?}");
    let wrong = refusal(&format!("{}x", pooled.pooler.url())).await;
    assert!(matches!(wrong, ConnectError::NoDatabase(_)), "{wrong:?}");
    let wrong = refusal(&format!("{}?sslmode=require", pooled.pooler.url())).await;
    assert!(matches!(wrong, ConnectError::NoTls), "{wrong:?}");
}
