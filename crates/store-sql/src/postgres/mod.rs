//! What is PostgreSQL's own: connecting, its locks, and the statements that SQLite does not have.

mod connection;
mod connector;
mod parameters;
mod query;
mod refusal;
mod refused;
mod row;
mod suspicion;
mod tls;

use std::time::Duration;

use deadpool::Status;
use deadpool::managed::{Object, Pool as Connections, PoolError, TimeoutType};
use diesel::connection::{Connection as _, SimpleConnection};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection as _};

pub(crate) use connection::PgConnection;
pub(crate) use connector::Connector;

use crate::connect_error::ConnectError;
use crate::error::{OpenError, chain};
use crate::roster::Roster;
use crate::rows::{LinkRow, TallyRow};
use crate::schema::{alert_notices, event_chain, mail_outbox, users};
use crate::types::{Id, Ts, sql};

/// How to use a PostgreSQL server.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Most connections at the same time; at least 1.
    pub max_connections: usize,
    /// How long a query waits for a connection, whether one is free, must be made or is waited for, before
    /// the store counts as unavailable.
    pub acquire_timeout: Duration,
    /// How long the server works on one statement before it gives up. A server that has not answered 2 s
    /// after that counts as unavailable.
    pub statement_timeout: Duration,
    /// The schema to use, made by [`crate::SqlStore::migrate`]; `None` for the server's choice (`public`).
    pub schema: Option<String>,
    /// Whether a pooler between us and the server gives a session to each transaction and not to each
    /// client, as PgBouncer does with `pool_mode = transaction`. Nothing is then kept in a session: no
    /// setting, no lock and no prepared statement.
    pub transaction_pooler: bool,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            max_connections: 16,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            schema: None,
            transaction_pooler: false,
        }
    }
}

impl PostgresOptions {
    fn check(&self) -> Result<(), OpenError> {
        if self.max_connections == 0 {
            return Err(OpenError::Options("max_connections must be at least 1".to_owned()));
        }
        if self.statement_timeout.as_millis() == 0 || self.acquire_timeout.is_zero() {
            return Err(OpenError::Options("time limits must be at least 1 ms".to_owned()));
        }
        if let Some(schema) = self.schema.as_deref().filter(|name| !is_plain_name(name)) {
            return Err(OpenError::Options(format!(
                "the schema name {schema:?} must be 1 to 63 lower-case letters, digits and _"
            )));
        }
        Ok(())
    }
}

fn is_plain_name(name: &str) -> bool {
    let letters = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    (1..=63).contains(&name.len())
        && name.chars().all(letters)
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// The connections of a store.
#[derive(Clone)]
pub(crate) struct Pool {
    connections: Connections<Connector>,
    acquire_timeout: Duration,
}

impl Pool {
    /// A connection, within the time that a query waits for one.
    pub(crate) async fn get(&self) -> Result<Object<Connector>, PoolError<ConnectError>> {
        // One limit around everything: the pool's own ones would add up.
        let connection = tokio::time::timeout(self.acquire_timeout, self.connections.get()).await;
        connection.unwrap_or(Err(PoolError::Timeout(TimeoutType::Wait)))
    }

    /// How many connections there are, and who waits for one.
    pub(crate) fn status(&self) -> Status {
        self.connections.status()
    }
}

/// Reads the URL and makes the pool; nothing is connected yet.
pub(crate) fn open(url: &str, options: PostgresOptions) -> Result<(Pool, Connector), OpenError> {
    let connector = Connector::new(url, options)?;
    let connections = Connections::builder(connector.clone())
        .max_size(connector.options().max_connections)
        .build()
        .map_err(|cause| OpenError::Options(cause.to_string()))?;
    let acquire_timeout = connector.options().acquire_timeout;
    Ok((Pool { connections, acquire_timeout }, connector))
}

/// One migration at a time per database; the number means nothing but must never change.
const MIGRATION_LOCK: i64 = 0x6172_6368_6f6e_0001;

/// Runs `work` in one transaction, while no other process migrates the database.
///
/// On a connection of its own, without a time limit for statements: an index may take its time. The lock
/// goes with the transaction, however `work` ends; a session's would stay with a pooler.
pub(crate) async fn with_migration_lock<R: Send + 'static>(
    connector: &Connector,
    work: impl FnOnce(&mut AsyncConnectionWrapper<PgConnection>) -> Result<R, OpenError> + Send + 'static,
) -> Result<R, OpenError> {
    let connection = connector.connect_patiently().await?;
    // That tables are there already is no news to anybody.
    let quiet = "SET LOCAL client_min_messages = warning";
    let mut preparation = format!("{quiet}; SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
    if let Some(schema) = &connector.options().schema {
        preparation.push_str(&format!("; CREATE SCHEMA IF NOT EXISTS {schema}"));
    }
    let migrated = tokio::task::spawn_blocking(move || {
        let mut harness = AsyncConnectionWrapper::<_>::from(connection);
        let mut failure = None;
        let outcome = harness.transaction(|harness| {
            SimpleConnection::batch_execute(harness, &preparation)?;
            work(harness).map_err(|error| {
                failure = Some(error);
                diesel::result::Error::RollbackTransaction
            })
        });
        outcome.map_err(|cause| failure.unwrap_or_else(|| OpenError::Migration(chain(&cause))))
    });
    migrated.await.map_err(|cause| OpenError::Migration(cause.to_string()))?
}

/// Reads what is due of a queue, the longest first, each locked for this transaction; passes over those that
/// another worker is just taking.
macro_rules! due {
    ($name:ident of $table:ident) => {
        pub(crate) async fn $name(
            connection: &mut PgConnection,
            now: Ts,
            limit: i64,
        ) -> QueryResult<Vec<Id>> {
            $table::table
                .filter($table::next_attempt_at.le(now))
                .order(($table::next_attempt_at, $table::id))
                .limit(limit)
                .select($table::id)
                .for_update()
                .skip_locked()
                .load(connection)
                .await
        }
    };
}

due!(due_mails of mail_outbox);
due!(due_notices of alert_notices);

/// Keeps whoever raises the same alert out until the transaction ends.
pub(crate) async fn lock_alert(connection: &mut PgConnection, kind: &str, cause: &str) -> QueryResult<()> {
    let lock = diesel::sql_query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))");
    let lock = lock.bind::<Text, _>(format!("alert {kind} of {cause}"));
    lock.execute(connection).await.map(drop)
}

/// How many events there are of each kind in each step: answered by the index of kinds alone.
pub(crate) const TALLY: &str = "\
    SELECT kind, step, count(*) AS events FROM ( \
        SELECT kind, (extract(epoch FROM occurred_at - $2) * 1000000)::bigint / $4 AS step \
        FROM security_events \
        WHERE kind = ANY($1) AND occurred_at >= $2 AND occurred_at < $3 \
    ) AS steps GROUP BY step, kind ORDER BY step, kind";

/// Counts the events of these kinds by steps of so many microseconds.
pub(crate) async fn tally(
    connection: &mut PgConnection,
    kinds: Vec<&str>,
    from: Ts,
    until: Ts,
    step: i64,
) -> QueryResult<Vec<TallyRow>> {
    let tally = diesel::sql_query(TALLY).bind::<Array<Text>, _>(kinds);
    let tally = tally.bind::<sql::Ts, _>(from).bind::<sql::Ts, _>(until).bind::<BigInt, _>(step);
    tally.load(connection).await
}

/// The accounts by which the service can be administered, and one more, each locked until the transaction ends:
/// in the order of their ids, so that no two who do this wait for each other.
pub(crate) async fn lock_administrators(
    connection: &mut PgConnection,
    one_more: Id,
) -> QueryResult<Vec<(Id, Roster)>> {
    users::table
        .filter(users::roster.eq_any(Roster::administrators()).or(users::id.eq(one_more)))
        .order(users::id)
        .select((users::id, users::roster))
        .for_no_key_update()
        .load(connection)
        .await
}

/// An end of the chain of events, locked until the transaction ends.
pub(crate) async fn lock_chain(connection: &mut PgConnection, end: &'static str) -> QueryResult<LinkRow> {
    event_chain::table.find(end).select(LinkRow::as_select()).for_update().first(connection).await
}

/// Keeps other writers of keys out until the transaction ends; there is no row to lock before the first key.
pub(crate) async fn lock_keys(connection: &mut PgConnection) -> QueryResult<()> {
    connection.batch_execute("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE").await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> Option<String> {
        Connector::new(url, PostgresOptions::default()).err().map(|error| error.to_string())
    }

    #[test]
    fn urls_of_every_mode_and_form_are_taken() {
        for url in [
            "postgres://u@localhost/db",
            "postgres://u@localhost/db?sslmode=disable",
            "postgresql://u@localhost/db?application_name=a&sslmode=verify%2Dfull&connect_timeout=3",
            "postgres://u@%2Frun%2Fpostgresql/db?sslmode=require",
            "host=localhost user=u sslmode = 'verify-ca' dbname=db",
            "host=localhost user=u sslmode=allow",
            "postgres://u@localhost/db?sslmode=require&sslnegotiation=direct",
        ] {
            assert_eq!(refusal(url), None, "{url}");
        }
    }

    #[test]
    fn bad_urls_and_options_are_refused_without_showing_the_password() {
        for (url, advice) in [
            ("postgres://u:hunter2@local host:x/db", "must look like postgres://"),
            ("postgres://u:hunter2@/db", "no host"),
            ("postgres://u:hunter2@h/db?sslnegotiation=direct", "needs sslmode=require"),
            ("postgres://u:hunter2@h/db?sslmode=verify-full&sslrootcert=/nowhere", "/nowhere"),
            ("postgres://u:hunter2@h/db?sslmode=require&sslcert=/nowhere&sslkey=/dev/null", "/dev/null"),
        ] {
            let message = refusal(url).unwrap();
            assert!(message.contains(advice) && !message.contains("hunter2"), "{url}: {message}");
        }
        for options in [
            PostgresOptions { max_connections: 0, ..PostgresOptions::default() },
            PostgresOptions { statement_timeout: Duration::ZERO, ..PostgresOptions::default() },
            PostgresOptions { schema: Some("a; DROP".to_owned()), ..PostgresOptions::default() },
        ] {
            assert!(matches!(Connector::new("postgres://localhost", options), Err(OpenError::Options(_))));
        }
    }
}
