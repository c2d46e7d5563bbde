//! What can go wrong, for who opens the store ([`OpenError`]) and inside a query ([`Fault`]).

use std::error::Error;
use std::path::PathBuf;

use archon_domain::{StoreError, StoreErrorKind};
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel_async::pooled_connection::deadpool::PoolError;
use thiserror::Error;

/// Why a database could not be opened or brought up to date; each message says what to do.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The database URL cannot be read.
    #[error(
        "the database URL cannot be read ({0}): it must look like postgres://user:password@host:5432/database"
    )]
    Url(String),
    /// The database URL asks for TLS.
    #[error(
        "the database URL says sslmode={0}, but TLS to PostgreSQL is not in this version: use \
         sslmode=disable (or leave it out) on a network you trust, or go through a TLS tunnel such as stunnel"
    )]
    TlsUnsupported(String),
    /// The database file cannot be made or opened.
    #[error(
        "the database file {path} cannot be opened: {cause}; check that its directory exists, is on a local \
         disk and may be written by this user"
    )]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        cause: Box<dyn Error + Send + Sync>,
    },
    /// The database server cannot be reached or refuses us.
    #[error("the database server does not let us in: {0}; check that it runs, and the database URL's parts")]
    Connect(String),
    /// A newer version has changed the database.
    #[error(
        "the database was made by a newer version of archon-auth: it has the migrations {}, which this \
         version does not know; start the newer version, or restore a backup from before the upgrade",
        .0.join(", ")
    )]
    NewerSchema(Vec<String>),
    /// A migration failed; it was rolled back.
    #[error("a migration of the database failed and was rolled back: {0}; nothing was changed by it")]
    Migration(String),
    /// The options contradict each other or are out of range.
    #[error("the database options cannot be used: {0}")]
    Options(String),
}

/// What can happen inside a query; [`Fault::at`] makes it what the ports speak of.
#[derive(Debug)]
pub(crate) enum Fault {
    /// No connection was to be had.
    Pool(PoolError),
    /// The database refused or failed.
    Query(QueryError),
    /// A row is not what was written.
    Corrupt(Box<dyn Error + Send + Sync>),
    /// The task that ran the query is gone: it panicked, or the runtime is shutting down.
    Task(tokio::task::JoinError),
}

impl Fault {
    /// A row that cannot be read as what was written.
    pub(crate) fn corrupt(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Corrupt(cause.into())
    }

    /// The port's error, met while doing `context`.
    pub(crate) fn at(self, context: &'static str) -> StoreError {
        let kind = self.kind();
        let error = StoreError::new(kind, context);
        match self {
            Self::Pool(cause) => error.with_source(cause),
            Self::Query(cause) => error.with_source(cause),
            Self::Corrupt(cause) => error.with_source(cause),
            Self::Task(cause) => error.with_source(cause),
        }
    }

    fn kind(&self) -> StoreErrorKind {
        match self {
            Self::Pool(PoolError::PostCreateHook(_) | PoolError::NoRuntimeSpecified) => {
                StoreErrorKind::Internal
            }
            Self::Pool(PoolError::Timeout(_) | PoolError::Backend(_) | PoolError::Closed) => {
                StoreErrorKind::Unavailable
            }
            Self::Query(QueryError::DatabaseError(kind, cause)) => database_kind(kind, cause.message()),
            Self::Query(QueryError::DeserializationError(_)) | Self::Corrupt(_) => StoreErrorKind::Corrupt,
            Self::Query(_) => StoreErrorKind::Internal,
            Self::Task(cause) if cause.is_cancelled() => StoreErrorKind::Unavailable,
            Self::Task(_) => StoreErrorKind::Internal,
        }
    }
}

/// Words by which an engine says that it is away, slow or full; diesel has no kind for them.
const AWAY: &[&str] = &[
    "database is locked",
    "database table is locked",
    "database or disk is full",
    "statement timeout",
    "lock timeout",
    "terminating connection",
    "the database system is",
    "too many clients",
    "connection closed",
];

fn database_kind(kind: &DatabaseErrorKind, message: &str) -> StoreErrorKind {
    match kind {
        DatabaseErrorKind::SerializationFailure
        | DatabaseErrorKind::UniqueViolation
        // The account was deleted while something of it was being written.
        | DatabaseErrorKind::ForeignKeyViolation => StoreErrorKind::Conflict,
        DatabaseErrorKind::UnableToSendCommand
        | DatabaseErrorKind::ClosedConnection
        | DatabaseErrorKind::ReadOnlyTransaction => StoreErrorKind::Unavailable,
        _ if message.contains("deadlock detected") => StoreErrorKind::Conflict,
        _ if message.contains("malformed") || message.contains("not a database") => StoreErrorKind::Corrupt,
        _ if AWAY.iter().any(|words| message.contains(words)) => StoreErrorKind::Unavailable,
        _ => StoreErrorKind::Internal,
    }
}

impl From<PoolError> for Fault {
    fn from(cause: PoolError) -> Self {
        Self::Pool(cause)
    }
}

impl From<QueryError> for Fault {
    fn from(cause: QueryError) -> Self {
        Self::Query(cause)
    }
}
