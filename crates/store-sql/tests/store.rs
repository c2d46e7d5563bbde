//! What holds for the store beyond its ports: opening, migrating, durability, cancellation.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod fixture;

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use archon_contract::samples::{Samples, after, email_key, ip, moved, opening_rule, policy, start};
use archon_domain::archive::Table;
use archon_domain::ports::{Archive as _, KeyStore as _, Probe as _, SessionStore, UserRepo};
use archon_domain::{AccountOpening, Session, SessionTrace, SigningAlgorithm, StoreErrorKind};
use archon_store_sql::{OpenError, PostgresOptions, SqlStore};

use fixture::{Place, on_both};

const INITIAL: &str = "0001_initial";

on_both!(
    migrations_are_applied_once_whoever_runs_them,
    a_newer_database_is_refused,
    a_database_without_tables_is_not_healthy,
    what_was_answered_is_there_after_a_crash,
    handles_of_many_processes_write_side_by_side,
    a_dropped_call_leaves_the_store_in_order,
    a_row_that_was_tampered_with_is_corrupt,
    a_session_from_before_traces_begins_its_own,
);

async fn migrations_are_applied_once_whoever_runs_them(place: Place) {
    let first = place.open();
    let pending = first.pending_migrations().await.unwrap();
    assert_eq!(pending[0], INITIAL);
    let racers = (0..8).map(|_| {
        let store = place.open();
        tokio::spawn(async move { store.migrate().await.unwrap() })
    });
    let mut applied = Vec::new();
    for racer in racers.collect::<Vec<_>>() {
        applied.extend(racer.await.unwrap());
    }
    assert_eq!(applied, pending);
    assert!(first.pending_migrations().await.unwrap().is_empty());
    first.probe().await.unwrap();
}

async fn a_newer_database_is_refused(place: Place) {
    let store = place.migrated().await;
    place.execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')").await;
    for refusal in [store.migrate().await, store.pending_migrations().await] {
        let error = refusal.unwrap_err();
        assert!(matches!(&error, OpenError::NewerSchema(unknown) if unknown == &["9999"]), "{error:?}");
        assert!(error.to_string().contains("newer version of archon-auth"), "{error}");
    }
}

async fn a_database_without_tables_is_not_healthy(place: Place) {
    assert!(place.open().probe().await.is_err());
}

async fn what_was_answered_is_there_after_a_crash(place: Place) {
    let store = place.migrated().await;
    let account = Samples::default().account("crash@example.com");
    assert_eq!(store.open_account(account).await.unwrap(), AccountOpening::Opened);
    // Nothing is closed: neither connections nor files.
    std::mem::forget(store);
    let reopened = match &place {
        // What a crash leaves behind: the file and its log, as they are at this moment.
        Place::File(folder) => {
            let copy = folder.path().join("copy.db");
            std::fs::copy(place.file(), &copy).unwrap();
            std::fs::copy(place.file().with_extension("db-wal"), folder.path().join("copy.db-wal")).unwrap();
            SqlStore::open_sqlite(&copy).unwrap()
        }
        Place::Schema(_) => place.open(),
    };
    assert!(reopened.migrate().await.unwrap().is_empty());
    assert!(reopened.find_by_email(&email_key("crash@example.com")).await.unwrap().is_some());
}

async fn handles_of_many_processes_write_side_by_side(place: Place) {
    let (here, there) = (place.migrated().await, place.open());
    let samples = Arc::new(Samples::default());
    let writers = (0..60).map(|number| {
        let store = if number % 2 == 0 { here.clone() } else { there.clone() };
        let account = samples.account(&format!("user{}@example.com", number / 2));
        tokio::spawn(async move { store.open_account(account).await.unwrap() })
    });
    let mut opened = 0;
    for writer in writers.collect::<Vec<_>>() {
        opened += usize::from(writer.await.unwrap() == AccountOpening::Opened);
    }
    assert_eq!(opened, 30);
    // A transaction that reads before it writes.
    let writers = (0..60).map(|number| {
        let store = if number % 2 == 0 { here.clone() } else { there.clone() };
        let key = samples.key(SigningAlgorithm::Rs256);
        tokio::spawn(async move { store.add_first(key).await.unwrap() })
    });
    let mut first = 0;
    for writer in writers.collect::<Vec<_>>() {
        first += usize::from(writer.await.unwrap());
    }
    assert_eq!(first, 1);
}

async fn a_dropped_call_leaves_the_store_in_order(place: Place) {
    let store = place.migrated().await;
    let samples = Samples::default();
    let kept = samples.account("kept@example.com");
    let id = kept.user.id;
    store.open_account(kept).await.unwrap();
    for number in 0..40 {
        let account = samples.account(&format!("dropped{number}@example.com"));
        // Polled once or for a moment, then dropped in the middle of whatever it was doing.
        let moment = Duration::from_micros(number * 100);
        tokio::time::timeout(moment, store.open_account(account)).await.ok();
        tokio::time::timeout(moment, UserRepo::find(&store, id)).await.ok();
    }
    let account = samples.account("after@example.com");
    assert_eq!(store.open_account(account).await.unwrap(), AccountOpening::Opened);
    assert!(UserRepo::find(&store, id).await.unwrap().is_some());
}

async fn a_row_that_was_tampered_with_is_corrupt(place: Place) {
    let store = place.migrated().await;
    let account = Samples::default().account("Victim@example.com");
    let id = account.user.id;
    store.open_account(account).await.unwrap();
    for sql in [
        "UPDATE users SET email_key = 'other@example.com'",
        "UPDATE users SET email_key = 'victim@example.com', status = 'deified'",
        "UPDATE users SET status = 'active', roles = '[\"ROOT\"]'",
        "UPDATE users SET roles = '[]', metadata = '[]'",
    ] {
        place.execute(sql).await;
        assert_eq!(UserRepo::find(&store, id).await.unwrap_err().kind(), StoreErrorKind::Corrupt, "{sql}");
    }
    place.execute("UPDATE users SET metadata = '{}'").await;
    assert!(UserRepo::find(&store, id).await.unwrap().is_some());
}

async fn a_session_from_before_traces_begins_its_own(place: Place) {
    let store = place.migrated().await;
    let samples = Samples::default();
    let account = samples.account("ada@example.com");
    let mut session = samples.session(account.user.id, start());
    store.open_account(account).await.unwrap();
    SessionStore::open(&store, session.clone(), opening_rule(5), start()).await.unwrap();
    store.touch(&[session.touched(after(1), &policy())]).await.unwrap();
    session = SessionStore::find(&store, &session.id).await.unwrap().unwrap();
    session.trace = SessionTrace::begin(session.address, &session.user_agent, None, start());
    place.execute("UPDATE sessions SET trace = NULL").await;
    let found = async || SessionStore::find(&store, &session.id).await;
    assert_eq!(found().await.unwrap().as_ref(), Some(&session));
    assert_eq!(SessionStore::list(&store, session.user, after(1)).await.unwrap(), [session.clone()]);
    let record = store.page(Table::Sessions, None, 1).await.unwrap().remove(0);
    assert_eq!(Session::try_from(record.clone()).unwrap(), session);
    assert_eq!(store.put(Table::Sessions, vec![record.clone()]).await.unwrap(), []);
    assert_eq!(store.page(Table::Sessions, None, 1).await.unwrap(), [record], "it is moved as it is");

    let next = moved(&session.trace, ip("192.0.2.1"), after(2));
    assert!(!store.observe(&session.id, &next, &next, after(2)).await.unwrap());
    assert!(store.observe(&session.id, &session.trace, &next, after(2)).await.unwrap());
    assert_eq!(found().await.unwrap().unwrap().trace, next);
    place.execute("UPDATE sessions SET trace = '{}'").await;
    assert_eq!(found().await.unwrap_err().kind(), StoreErrorKind::Corrupt);
}

#[tokio::test]
async fn the_sqlite_file_and_its_folder_are_for_their_owner_only() {
    let place = Place::sqlite();
    let store = place.migrated().await;
    // The log is there as long as there is a connection.
    store.probe().await.unwrap();
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(place.file()), 0o600);
    assert_eq!(mode(place.file().with_extension("db-wal")), 0o600);
    assert_eq!(mode(place.file().parent().unwrap().to_owned()), 0o700);
}

#[tokio::test]
async fn numbers_that_json_columns_like_to_change_come_back_as_they_were() {
    for place in [Place::sqlite(), Place::postgres()] {
        let store = place.migrated().await;
        let mut account = Samples::default().account("numbers@example.com");
        let numbers = serde_json::json!({"big": u64::MAX, "float": 1e16, "small": 1e-300, "zero": -0.0});
        let numbers = numbers.as_object().cloned().unwrap();
        account.user.metadata = archon_domain::Metadata::new(numbers).unwrap();
        let user = account.user.clone();
        store.open_account(account).await.unwrap();
        assert_eq!(UserRepo::find(&store, user.id).await.unwrap().unwrap().metadata, user.metadata);
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_unavailable_and_says_so() {
    let options = PostgresOptions { acquire_timeout: Duration::from_secs(2), ..PostgresOptions::default() };
    // Port 1 is reserved and nobody listens there.
    let store = SqlStore::open_postgres("postgres://nobody@127.0.0.1:1/none", options).unwrap();
    assert_eq!(store.probe().await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    let error = store.migrate().await.unwrap_err();
    assert!(matches!(error, OpenError::Connect(_)) && error.to_string().contains("refused"), "{error}");
    let account = Samples::default().account("away@example.com");
    assert_eq!(store.open_account(account).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn a_session_of_nobody_is_refused() {
    let place = Place::sqlite();
    let store = place.migrated().await;
    let samples = Samples::default();
    let user = samples.user("nobody@example.com");
    let orphan = samples.session(user.id, user.created_at);
    let refused = SessionStore::open(&store, orphan, opening_rule(5), user.created_at).await.unwrap_err();
    assert_eq!(refused.kind(), StoreErrorKind::Conflict, "there is no such user");
}

#[test]
fn a_worker_that_ends_takes_no_connection_with_it() {
    let place = Place::sqlite();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let home = tokio::runtime::Runtime::new().unwrap();
    let store = home.block_on(place.migrated());
    let samples = Samples::default();
    for worker in 0..2 {
        // Each worker's runtime ends with its round; the first one was the first to ask.
        let account = samples.account(&format!("worker{worker}@example.com"));
        let id = account.user.id;
        runtime().block_on(async {
            assert_eq!(store.open_account(account).await.unwrap(), AccountOpening::Opened);
            assert!(UserRepo::find(&store, id).await.unwrap().is_some());
        });
    }
}

#[test]
fn a_file_that_cannot_be_opened_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "certainly no database, but long enough to be looked at as one ".repeat(20))
        .unwrap();
    for path in [text, "/proc/nowhere/archon.db".into()] {
        let error = SqlStore::open_sqlite(&path).unwrap_err();
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
}
