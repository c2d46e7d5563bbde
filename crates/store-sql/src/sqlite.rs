//! What is SQLite's own: its file, its pragmas, and the twins of PostgreSQL's own statements.

use std::fs::{DirBuilder, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::{ConnectionError, ConnectionResult, SqliteConnection};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncConnection as _, RunQueryDsl, SimpleAsyncConnection as _};
use tokio::runtime::Handle;

use crate::db::{AsyncSqliteConnection, Db};
use crate::error::OpenError;
use crate::roster::Roster;
use crate::rows::{LinkRow, TallyRow};
use crate::schema::{alert_notices, event_chain, mail_outbox, users};
use crate::types::{Id, Ts, sql};

/// `synchronous = FULL` syncs the log at every commit: what was answered survives a power cut.
const PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;";
const READ_ONLY: &str = "PRAGMA query_only = ON;";

/// Enough to keep two cores busy with reads.
const READERS: usize = 4;

/// How long a query waits for a connection: twice as long as the writer waits for another process.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes the file where there is none, readies it and makes the pools.
pub(crate) fn open(path: &Path) -> Result<(Db, String), OpenError> {
    let url = prepare(path).map_err(|cause| OpenError::File { path: path.to_owned(), cause })?;
    let readers = pool(&url, READERS, READ_ONLY)?;
    let writer = pool(&url, 1, "")?;
    Ok((Db::Sqlite { readers, writer }, url))
}

fn prepare(path: &Path) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    // Absolute, so that no name is taken for a `file:` URL or for memory.
    let path = std::path::absolute(path)?;
    let url = path.to_str().ok_or("its name is not UTF-8")?.to_owned();
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    // SQLite would make it with the umask's permissions; its log files take over the file's own.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(_) => {}
        Err(cause) if cause.kind() == ErrorKind::AlreadyExists => {}
        Err(cause) => return Err(cause.into()),
    }
    // Once and here, not in each connection: the mode stays with the file, and changing it needs the file alone.
    connect(&url)?.batch_execute("PRAGMA journal_mode = WAL;")?;
    Ok(url)
}

fn connect(url: &str) -> ConnectionResult<SqliteConnection> {
    let mut connection = SqliteConnection::establish(url)?;
    let set = connection.batch_execute(PRAGMAS);
    set.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}

fn pool(url: &str, size: usize, extra: &'static str) -> Result<Pool<AsyncSqliteConnection>, OpenError> {
    // A connection runs its queries on the runtime that made it: the one in which the store was opened,
    // where there is one, and not that of the web worker which happens to be the first to ask.
    let home = Handle::try_current().ok();
    let mut manager = ManagerConfig::default();
    manager.recycling_method = RecyclingMethod::Fast;
    manager.custom_setup = Box::new(move |url| {
        let (url, home) = (url.to_owned(), home.clone());
        Box::pin(async move {
            match home {
                Some(home) => home
                    .spawn(connect_async(url, extra))
                    .await
                    .unwrap_or_else(|cause| Err(ConnectionError::BadConnection(cause.to_string()))),
                None => connect_async(url, extra).await,
            }
        })
    });
    Pool::builder(AsyncDieselConnectionManager::new_with_config(url, manager))
        .runtime(deadpool::Runtime::Tokio1)
        .max_size(size)
        .wait_timeout(Some(ACQUIRE_TIMEOUT))
        .create_timeout(Some(ACQUIRE_TIMEOUT))
        .recycle_timeout(Some(ACQUIRE_TIMEOUT))
        .build()
        .map_err(|cause| OpenError::Options(cause.to_string()))
}

async fn connect_async(url: String, extra: &'static str) -> ConnectionResult<AsyncSqliteConnection> {
    let mut connection = AsyncSqliteConnection::establish(&url).await?;
    let set = connection.batch_execute(&format!("{PRAGMAS} {extra}")).await;
    set.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}

/// Runs `work` in one transaction that holds the write lock, so that no other process migrates meanwhile.
pub(crate) async fn with_migration_lock<R: Send + 'static>(
    path: &Path,
    url: &str,
    work: impl FnOnce(&mut SqliteConnection) -> Result<R, OpenError> + Send + 'static,
) -> Result<R, OpenError> {
    let (path, url) = (path.to_owned(), url.to_owned());
    let migrated = tokio::task::spawn_blocking(move || {
        let unusable = |cause| OpenError::File { path, cause };
        let mut connection = match connect(&url) {
            Ok(connection) => connection,
            Err(cause) => return Err(unusable(cause.into())),
        };
        let mut failure = None;
        let outcome = connection.immediate_transaction(|connection| {
            work(connection).map_err(|error| {
                failure = Some(error);
                diesel::result::Error::RollbackTransaction
            })
        });
        outcome.map_err(|cause| failure.unwrap_or_else(|| unusable(cause.into())))
    });
    migrated.await.map_err(|cause| OpenError::Migration(cause.to_string()))?
}

/// Reads what is due of a queue, the longest first; the transaction keeps other workers out.
macro_rules! due {
    ($name:ident of $table:ident) => {
        pub(crate) async fn $name(
            connection: &mut AsyncSqliteConnection,
            now: Ts,
            limit: i64,
        ) -> QueryResult<Vec<Id>> {
            $table::table
                .filter($table::next_attempt_at.le(now))
                .order(($table::next_attempt_at, $table::id))
                .limit(limit)
                .select($table::id)
                .load(connection)
                .await
        }
    };
}

due!(due_mails of mail_outbox);
due!(due_notices of alert_notices);

/// Nothing to do: the transaction keeps other writers out.
pub(crate) async fn lock_alert(_: &mut AsyncSqliteConnection, _: &str, _: &str) -> QueryResult<()> {
    Ok(())
}

/// How many events there are of each kind in each step: answered by the index of kinds alone.
pub(crate) const TALLY: &str = "\
    SELECT kind, (occurred_at - ?2) / ?4 AS step, count(*) AS events FROM security_events \
    WHERE kind IN (SELECT value FROM json_each(?1)) AND occurred_at >= ?2 AND occurred_at < ?3 \
    GROUP BY step, kind ORDER BY step, kind";

/// Counts the events of these kinds by steps of so many microseconds.
pub(crate) async fn tally(
    connection: &mut AsyncSqliteConnection,
    kinds: Vec<&str>,
    from: Ts,
    until: Ts,
    step: i64,
) -> QueryResult<Vec<TallyRow>> {
    let tally = diesel::sql_query(TALLY).bind::<Text, _>(serde_json::json!(kinds).to_string());
    let tally = tally.bind::<sql::Ts, _>(from).bind::<sql::Ts, _>(until).bind::<BigInt, _>(step);
    tally.load(connection).await
}

/// The accounts by which the service can be administered, and one more; the transaction keeps other writers out.
pub(crate) async fn lock_administrators(
    connection: &mut AsyncSqliteConnection,
    one_more: Id,
) -> QueryResult<Vec<(Id, Roster)>> {
    users::table
        .filter(users::roster.eq_any(Roster::administrators()).or(users::id.eq(one_more)))
        .order(users::id)
        .select((users::id, users::roster))
        .load(connection)
        .await
}

/// An end of the chain of events; the transaction keeps other writers out.
pub(crate) async fn lock_chain(
    connection: &mut AsyncSqliteConnection,
    end: &'static str,
) -> QueryResult<LinkRow> {
    event_chain::table.find(end).select(LinkRow::as_select()).first(connection).await
}

/// Nothing to do: the transaction keeps other writers out.
pub(crate) async fn lock_keys(_: &mut AsyncSqliteConnection) -> QueryResult<()> {
    Ok(())
}
