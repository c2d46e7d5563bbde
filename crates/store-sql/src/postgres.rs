//! What is PostgreSQL's own: connecting, its locks, and the statements that SQLite does not have.

use std::error::Error;
use std::time::Duration;

use diesel::prelude::*;
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection as _};
use tokio_postgres::NoTls;
use tokio_postgres::config::SslMode;

use crate::db::Db;
use crate::error::OpenError;
use crate::schema::mail_outbox;
use crate::types::{Id, Ts};

/// How to use a PostgreSQL server.
#[derive(Debug, Clone)]
pub struct PostgresOptions {
    /// Most connections at the same time; at least 1.
    pub max_connections: usize,
    /// How long a query waits for a connection before the store counts as unavailable.
    pub acquire_timeout: Duration,
    /// How long the server works on one statement before it gives up.
    pub statement_timeout: Duration,
    /// The schema to use, made by [`crate::SqlStore::migrate`]; `None` for the server's choice (`public`).
    pub schema: Option<String>,
}

impl Default for PostgresOptions {
    fn default() -> Self {
        Self {
            max_connections: 16,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            schema: None,
        }
    }
}

/// Makes connections: the one place that speaks to the server before diesel does.
#[derive(Clone)]
pub(crate) struct Connector {
    config: tokio_postgres::Config,
    options: PostgresOptions,
}

/// One migration at a time per database; the number means nothing but must never change.
const MIGRATION_LOCK: i64 = 0x6172_6368_6f6e_0001;

/// Reads the URL and makes the pool; nothing is connected yet.
pub(crate) fn open(url: &str, options: PostgresOptions) -> Result<(Db, Connector), OpenError> {
    let connector = Connector::new(url, options)?;
    let setup = connector.clone();
    let mut manager = ManagerConfig::default();
    // A closed connection is noticed without a ping; a ping would double each query's round trips.
    manager.recycling_method = RecyclingMethod::Fast;
    manager.custom_setup = Box::new(move |_| {
        let connector = setup.clone();
        Box::pin(async move { connector.connect(connector.options.statement_timeout).await })
    });
    let timeout = connector.options.acquire_timeout;
    // The URL stays with the connector: the manager would only hand it back.
    let pool = Pool::builder(AsyncDieselConnectionManager::new_with_config(String::new(), manager))
        .runtime(deadpool::Runtime::Tokio1)
        .max_size(connector.options.max_connections)
        .wait_timeout(Some(timeout))
        .create_timeout(Some(timeout))
        .recycle_timeout(Some(timeout))
        .build()
        .map_err(|cause| OpenError::Options(cause.to_string()))?;
    Ok((Db::Postgres { pool }, connector))
}

impl Connector {
    fn new(url: &str, options: PostgresOptions) -> Result<Self, OpenError> {
        if options.max_connections == 0 {
            return Err(OpenError::Options("max_connections must be at least 1".to_owned()));
        }
        if options.statement_timeout.as_millis() == 0 || options.acquire_timeout.is_zero() {
            return Err(OpenError::Options("time limits must be at least 1 ms".to_owned()));
        }
        if let Some(schema) = options.schema.as_deref().filter(|name| !is_plain_name(name)) {
            return Err(OpenError::Options(format!(
                "the schema name {schema:?} must be 1 to 63 lower-case letters, digits and _"
            )));
        }
        // Before the parser, which knows fewer modes than libpq and would call them unreadable.
        if let Some(mode) = tls_mode(url).filter(|mode| *mode != "disable" && *mode != "prefer") {
            return Err(OpenError::TlsUnsupported(mode.to_owned()));
        }
        let mut config: tokio_postgres::Config =
            url.parse().map_err(|cause| OpenError::Url(chain(&cause)))?;
        if config.get_ssl_mode() == SslMode::Require {
            return Err(OpenError::TlsUnsupported("require".to_owned()));
        }
        if config.get_hosts().is_empty() {
            return Err(OpenError::Url("it names no host".to_owned()));
        }
        if config.get_application_name().is_none() {
            config.application_name("archon-auth");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(options.acquire_timeout);
        }
        Ok(Self { config, options })
    }

    /// Connects. TLS, once it comes, comes in here in place of [`NoTls`].
    async fn connect(&self, statement_timeout: Duration) -> ConnectionResult<AsyncPgConnection> {
        let refused = |cause: &dyn Error| ConnectionError::BadConnection(chain(cause));
        let (client, connection) = self.config.connect(NoTls).await.map_err(|cause| refused(&cause))?;
        let mut connection = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
        // Not as startup options: pgbouncer refuses those. The queries are written for READ COMMITTED.
        let mut settings = format!(
            "SET statement_timeout = {}; SET default_transaction_isolation = 'read committed';",
            statement_timeout.as_millis()
        );
        if let Some(schema) = &self.options.schema {
            settings.push_str(&format!("SET search_path = {schema};"));
        }
        let set = connection.batch_execute(&settings).await;
        set.map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(connection)
    }
}

fn is_plain_name(name: &str) -> bool {
    let letters = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    (1..=63).contains(&name.len())
        && name.chars().all(letters)
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// What a connection string says of TLS: `...?sslmode=MODE&...` or `... sslmode=MODE ...`.
fn tls_mode(url: &str) -> Option<&str> {
    let (_, rest) = url.rsplit_once("sslmode")?;
    let value = rest.trim_start().strip_prefix('=')?.trim_start();
    let value = value.strip_prefix('\'').unwrap_or(value);
    Some(value.split(|end: char| end == '&' || end == '\'' || end.is_whitespace()).next().unwrap_or(value))
}

/// An error with its causes; the driver's own text says little.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// Runs `work` while no other process migrates the database.
///
/// On a connection of its own, without a time limit for statements: an index may take its time. The lock
/// goes with the connection, however `work` ends.
pub(crate) async fn with_migration_lock<R: Send + 'static>(
    connector: &Connector,
    work: impl FnOnce(&mut AsyncConnectionWrapper<AsyncPgConnection>) -> Result<R, OpenError> + Send + 'static,
) -> Result<R, OpenError> {
    let connect = |cause: &dyn Error| OpenError::Connect(chain(cause));
    let mut connection = connector.connect(Duration::ZERO).await.map_err(|cause| connect(&cause))?;
    diesel::select(pg_advisory_lock(MIGRATION_LOCK))
        .execute(&mut connection)
        .await
        .map_err(|cause| connect(&cause))?;
    if let Some(schema) = &connector.options.schema {
        let created = connection.batch_execute(&format!("CREATE SCHEMA IF NOT EXISTS {schema}")).await;
        created.map_err(|cause| OpenError::Migration(chain(&cause)))?;
    }
    tokio::task::spawn_blocking(move || {
        let mut harness = AsyncConnectionWrapper::<_>::from(connection);
        work(&mut harness)
    })
    .await
    .map_err(|cause| OpenError::Migration(cause.to_string()))?
}

#[diesel::declare_sql_function]
extern "SQL" {
    /// Waits until nobody else holds the lock, and holds it for as long as the connection lives.
    fn pg_advisory_lock(key: diesel::sql_types::BigInt) -> diesel::sql_types::Bool;
}

/// The mails that are due, the longest first, each locked for this transaction; passes over those that
/// another worker is just taking.
pub(crate) async fn due_mails(
    connection: &mut AsyncPgConnection,
    now: Ts,
    limit: i64,
) -> QueryResult<Vec<Id>> {
    mail_outbox::table
        .filter(mail_outbox::next_attempt_at.le(now))
        .order((mail_outbox::next_attempt_at, mail_outbox::id))
        .limit(limit)
        .select(mail_outbox::id)
        .for_update()
        .skip_locked()
        .load(connection)
        .await
}

/// Keeps other writers of keys out until the transaction ends; there is no row to lock before the first key.
pub(crate) async fn lock_keys(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    connection.batch_execute("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE").await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(url: &str) -> Option<String> {
        Connector::new(url, PostgresOptions::default()).err().map(|error| error.to_string())
    }

    #[test]
    fn only_modes_that_may_go_in_clear_are_taken() {
        for mode in ["", "?sslmode=disable", "?sslmode=prefer", "?application_name=a&sslmode=prefer"] {
            assert_eq!(refusal(&format!("postgres://u@localhost/db{mode}")), None, "{mode}");
        }
        assert_eq!(refusal("host=localhost user=u sslmode=disable dbname=db"), None);
        for url in [
            "postgres://u@localhost/db?sslmode=require",
            "postgres://u@localhost/db?sslmode=verify-full&connect_timeout=3",
            "postgres://u@localhost/db?sslmode=verify-ca",
            "postgres://u@localhost/db?sslmode=allow",
            "postgres://u@localhost/db?sslmode=%72equire",
            "host=localhost user=u sslmode=require dbname=db",
            "host=localhost user=u sslmode = 'verify-full' dbname=db",
        ] {
            let message = refusal(url).unwrap();
            assert!(message.contains("TLS to PostgreSQL is not in this version"), "{url}: {message}");
        }
    }

    #[test]
    fn bad_urls_and_options_are_refused_without_showing_the_password() {
        let message = refusal("postgres://u:hunter2@local host:x/db").unwrap();
        assert!(message.contains("must look like postgres://") && !message.contains("hunter2"), "{message}");
        for options in [
            PostgresOptions { max_connections: 0, ..PostgresOptions::default() },
            PostgresOptions { statement_timeout: Duration::ZERO, ..PostgresOptions::default() },
            PostgresOptions { schema: Some("a; DROP".to_owned()), ..PostgresOptions::default() },
        ] {
            assert!(matches!(Connector::new("postgres://localhost", options), Err(OpenError::Options(_))));
        }
    }
}
