//! A server that restarts, falls silent, is full, or speaks another language.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use archon_contract::samples::{Samples, email_key};
use archon_domain::ports::{Outbox as _, Probe as _, UserRepo as _};
use archon_domain::{AccountOpening, StoreError, StoreErrorKind};
use archon_store_sql::{ConnectError, OpenError, PostgresOptions, SqlStore};
use tokio::net::TcpListener;

use crate::server::Server;

/// What a call may take beyond the limit it was given, on a machine that does other things too.
const SLACK: Duration = Duration::from_secs(3);

/// How much longer than the server's own limit a statement is waited for.
const MARGIN: Duration = Duration::from_secs(2);

fn options() -> PostgresOptions {
    PostgresOptions {
        max_connections: 4,
        acquire_timeout: Duration::from_secs(30),
        statement_timeout: Duration::from_secs(1),
        ..PostgresOptions::default()
    }
}

async fn migrated(server: &Server, options: PostgresOptions) -> SqlStore {
    let store = SqlStore::open_postgres(&server.url("archon"), options).unwrap();
    store.migrate().await.unwrap();
    store
}

async fn timed<R>(call: impl Future<Output = R>) -> (R, Duration) {
    let start = Instant::now();
    (call.await, start.elapsed())
}

fn assert_unavailable<T: std::fmt::Debug>(outcome: Result<T, StoreError>) {
    assert_eq!(outcome.unwrap_err().kind(), StoreErrorKind::Unavailable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_costs_nothing_that_was_acknowledged_and_heals_by_itself() {
    let server = Arc::new(Server::start("", "", &[]));
    let store = migrated(&server, PostgresOptions { max_connections: 8, ..PostgresOptions::default() }).await;
    let samples = Arc::new(Samples::default());
    let over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..16)
        .map(|client| {
            let (store, samples, over) = (store.clone(), Arc::clone(&samples), Arc::clone(&over));
            tokio::spawn(async move { work(client, &store, &samples, &over).await })
        })
        .collect();
    for mode in ["fast", "immediate"] {
        let server = Arc::clone(&server);
        tokio::task::spawn_blocking(move || server.restart(mode)).await.unwrap();
        // The first calls after the server accepts again.
        for _ in 0..16 {
            if let Err(error) = store.probe().await {
                assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
            }
        }
        store.probe().await.unwrap();
    }
    over.store(true, Ordering::Relaxed);
    let (mut acknowledged, mut unavailable) = (Vec::new(), 0);
    for client in clients {
        let (addresses, refused) = client.await.unwrap();
        acknowledged.extend(addresses);
        unavailable += refused;
    }
    assert!(acknowledged.len() > 16 && unavailable > 0, "{} and {unavailable}", acknowledged.len());
    for address in acknowledged {
        assert!(store.find_by_email(&email_key(&address)).await.unwrap().is_some(), "{address}");
    }
}

/// Calls until it is over: the addresses that were acknowledged, and how many calls found no server.
async fn work(client: u32, store: &SqlStore, samples: &Samples, over: &AtomicBool) -> (Vec<String>, u32) {
    let (mut acknowledged, mut unavailable) = (Vec::new(), 0);
    for number in 0.. {
        if over.load(Ordering::Relaxed) {
            break;
        }
        let address = format!("user{client}-{number}@example.com");
        match store.open_account(samples.account(&address)).await {
            Ok(opening) => {
                assert_eq!(opening, AccountOpening::Opened);
                acknowledged.push(address);
            }
            Err(error) => {
                assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
                unavailable += 1;
                tokio::task::yield_now().await;
            }
        }
        if let Err(error) = store.counts().await {
            assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
        }
    }
    (acknowledged, unavailable)
}

#[tokio::test]
async fn a_server_that_takes_connections_and_says_nothing_is_unavailable_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://nobody@{}/none", listener.local_addr().unwrap());
    let deaf = tokio::spawn(async move {
        let mut held = Vec::new();
        loop {
            held.push(listener.accept().await.unwrap());
        }
    });
    let limit = Duration::from_millis(500);
    for mode in ["disable", "require"] {
        let options = PostgresOptions { acquire_timeout: limit, ..options() };
        let store = SqlStore::open_postgres(&format!("{url}?sslmode={mode}"), options).unwrap();
        let calls: Vec<_> = (0..32)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { timed(store.probe()).await })
            })
            .collect();
        for call in calls {
            let (outcome, took) = call.await.unwrap();
            assert_unavailable(outcome);
            assert!(took < limit + SLACK, "{took:?}");
        }
        let error = store.migrate().await.unwrap_err();
        assert!(matches!(error, OpenError::Connect(ConnectError::Silent(_))), "{error:?}");
        assert!(error.to_string().contains("does not answer within 500ms"), "{error}");
    }
    deaf.abort();
}

#[tokio::test]
async fn one_silent_connection_costs_one_call_its_patience_and_no_other() {
    let server = Server::start("", "", &[]);
    let store = migrated(&server, options()).await;
    let together = || async {
        let calls: Vec<_> = (0..4)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { timed(store.probe()).await })
            })
            .collect();
        let mut answers = Vec::new();
        for call in calls {
            answers.push(call.await.unwrap());
        }
        answers
    };
    for (outcome, _) in together().await {
        outcome.unwrap();
    }
    let frozen = server.signal("-STOP", "archon-auth").await;
    assert!(frozen > 1, "the calls used {frozen} connections");
    let (outcome, took) = timed(store.probe()).await;
    assert_unavailable(outcome);
    assert!(took < options().statement_timeout + MARGIN + SLACK, "{took:?}");
    // The others are as silent as the first, and are not asked.
    for (outcome, _) in together().await {
        outcome.unwrap();
    }
    server.signal("-CONT", "archon-auth").await;
}

#[tokio::test]
async fn a_statement_that_takes_too_long_and_a_pool_without_a_connection_are_unavailable() {
    let server = Server::start("", "", &[]);
    let (acquire, statement) = (Duration::from_secs(2), Duration::from_secs(4));
    let options = PostgresOptions {
        max_connections: 1,
        acquire_timeout: acquire,
        statement_timeout: statement,
        ..options()
    };
    let store = migrated(&server, options).await;
    let blocker = server.connect().await;
    blocker.batch_execute("BEGIN; LOCK TABLE users").await.unwrap();
    let blocked = tokio::spawn({
        let store = store.clone();
        async move { timed(store.probe()).await }
    });
    until_waiting(&server).await;
    let (outcome, took) = timed(store.probe()).await;
    assert_unavailable(outcome);
    assert!(took < statement, "{took:?}");
    let (outcome, took) = blocked.await.unwrap();
    assert_unavailable(outcome);
    assert!(took >= statement && took < statement + MARGIN, "{took:?}");
    blocker.batch_execute("ROLLBACK").await.unwrap();
    store.probe().await.unwrap();
}

/// Waits until a statement of the store waits for a lock.
async fn until_waiting(server: &Server) {
    // Outside of the transaction that holds the lock: the view does not change within one.
    let observer = server.connect().await;
    let sql = "SELECT count(*) FROM pg_stat_activity
               WHERE application_name = 'archon-auth' AND wait_event_type = 'Lock'";
    while observer.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn sessions_that_an_operator_ends_are_unavailable_and_replaced() {
    let server = Server::start("", "", &[]);
    let store =
        migrated(&server, PostgresOptions { statement_timeout: Duration::from_secs(30), ..options() }).await;
    let blocker = server.connect().await;
    blocker.batch_execute("BEGIN; LOCK TABLE users").await.unwrap();
    let busy = tokio::spawn({
        let store = store.clone();
        async move { store.probe().await }
    });
    until_waiting(&server).await;
    let end = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
               WHERE application_name = 'archon-auth'";
    assert_eq!(server.connect().await.query(end, &[]).await.unwrap().len(), 1);
    assert_unavailable(busy.await.unwrap());
    blocker.batch_execute("ROLLBACK").await.unwrap();
    store.probe().await.unwrap();
}

#[tokio::test]
async fn a_full_or_read_only_server_is_unavailable_in_any_language() {
    // Not the C locale itself, which knows no languages.
    let german = [("LANGUAGE", "de")];
    let server = Server::start("lc_messages = 'C.UTF-8'", "", &german);
    let admin = server.connect().await;
    let words = admin.batch_execute("SELECT * FROM nowhere").await.unwrap_err();
    let words = words.as_db_error().unwrap().message();
    assert!(words.contains("existiert nicht"), "{words}: install PostgreSQL with its translations");

    let store = migrated(&server, PostgresOptions { max_connections: 2, ..options() }).await;
    let account = Samples::default().account("german@example.com");
    store.open_account(account.clone()).await.unwrap();
    assert_eq!(store.open_account(account.clone()).await.unwrap(), AccountOpening::EmailTaken);
    admin.batch_execute("BEGIN; LOCK TABLE users").await.unwrap();
    let cancelled = store.probe().await;
    assert!(format!("{cancelled:?}").contains("storniere"), "{cancelled:?}");
    assert_unavailable(cancelled);
    admin.batch_execute("ROLLBACK").await.unwrap();

    let limited = "CREATE ROLE few LOGIN SUPERUSER PASSWORD 'not-a-secret';
        CREATE ROLE replica LOGIN SUPERUSER PASSWORD 'not-a-secret';
        ALTER ROLE replica SET default_transaction_read_only = on; ALTER ROLE few NOSUPERUSER CONNECTION LIMIT 0";
    admin.batch_execute(limited).await.unwrap();
    let full = SqlStore::open_postgres(&server.url("few"), options()).unwrap();
    assert_unavailable(full.probe().await);
    let error = full.migrate().await.unwrap_err();
    assert!(matches!(error, OpenError::Connect(ConnectError::Busy(_))), "{error:?}");
    let replica = SqlStore::open_postgres(&server.url("replica"), options()).unwrap();
    replica.probe().await.unwrap();
    assert_unavailable(replica.open_account(Samples::default().account("other@example.com")).await);

    for (role, database) in [("archon", "nowhere"), ("nobody", "postgres")] {
        let url = server.url(role).replace("/postgres", &format!("/{database}"));
        let error = SqlStore::open_postgres(&url, options()).unwrap().migrate().await.unwrap_err();
        let named = match &error {
            OpenError::Connect(ConnectError::NoDatabase(_)) => database == "nowhere",
            OpenError::Connect(ConnectError::Password(_)) => role == "nobody",
            _ => false,
        };
        assert!(named, "{error:?}");
    }
}
