//! What can go wrong, for who opens the store ([`OpenError`]) and inside a query ([`Fault`]).

use std::error::Error;
use std::path::PathBuf;

use archon_domain::{StoreError, StoreErrorKind};
use deadpool::managed::PoolError;
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use thiserror::Error;

use crate::connect_error::ConnectError;

/// Why a database could not be opened or brought up to date; each message says what to do.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The database URL cannot be read.
    #[error(
        "the database URL cannot be read ({0}): it must look like postgres://user:password@host:5432/database"
    )]
    Url(String),
    /// What the database URL says of TLS cannot be done.
    #[error("the database URL's TLS parameters cannot be used: {0}")]
    Tls(String),
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
    #[error(transparent)]
    Connect(#[from] ConnectError),
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

/// An error with its causes; a driver's own text says little.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

/// What can happen inside a query; [`Fault::at`] makes it what the ports speak of.
#[derive(Debug)]
pub(crate) enum Fault {
    /// No connection was to be had.
    Pool(Box<dyn Error + Send + Sync>),
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
            Self::Pool(cause) | Self::Corrupt(cause) => error.with_source(cause),
            Self::Query(cause) => error.with_source(cause),
            Self::Task(cause) => error.with_source(cause),
        }
    }

    fn kind(&self) -> StoreErrorKind {
        match self {
            Self::Pool(_) => StoreErrorKind::Unavailable,
            Self::Query(QueryError::DatabaseError(kind, cause)) => database_kind(kind, cause.message()),
            // Where a transaction failed and its undoing too, the first failure says why.
            Self::Query(QueryError::RollbackErrorOnCommit { commit_error, .. }) => match &**commit_error {
                QueryError::DatabaseError(kind, cause) => database_kind(kind, cause.message()),
                _ => StoreErrorKind::Internal,
            },
            Self::Query(QueryError::DeserializationError(_)) | Self::Corrupt(_) => StoreErrorKind::Corrupt,
            Self::Query(_) => StoreErrorKind::Internal,
            Self::Task(cause) if cause.is_cancelled() => StoreErrorKind::Unavailable,
            Self::Task(_) => StoreErrorKind::Internal,
        }
    }
}

fn database_kind(kind: &DatabaseErrorKind, message: &str) -> StoreErrorKind {
    match kind {
        DatabaseErrorKind::SerializationFailure
        | DatabaseErrorKind::UniqueViolation
        // The account was deleted while something of it was being written.
        | DatabaseErrorKind::ForeignKeyViolation => StoreErrorKind::Conflict,
        DatabaseErrorKind::UnableToSendCommand
        | DatabaseErrorKind::ClosedConnection
        | DatabaseErrorKind::ReadOnlyTransaction => StoreErrorKind::Unavailable,
        _ => match sqlstate(message) {
            Some(state) => postgres_kind(state),
            None => sqlite_kind(message),
        },
    }
}

/// The SQLSTATE with which [`crate::postgres`] begins the message of a server's refusal.
fn sqlstate(message: &str) -> Option<&str> {
    let (state, _) = message.split_once(": ")?;
    let is_code = |letter: u8| letter.is_ascii_digit() || letter.is_ascii_uppercase();
    (state.len() == 5 && state.bytes().all(is_code)).then_some(state)
}

/// By the SQLSTATE: the words are in the server's language.
fn postgres_kind(state: &str) -> StoreErrorKind {
    match state {
        // Serialization failure, deadlock.
        "40001" | "40P01" => StoreErrorKind::Conflict,
        // Damaged data, damaged index.
        "XX001" | "XX002" => StoreErrorKind::Corrupt,
        // Waited too long for a lock, idle too long in a transaction, input or output failed.
        "55P03" | "25P03" | "25P04" | "58030" => StoreErrorKind::Unavailable,
        // The connection broke; resources ran out; an operator stepped in, the statement's time limit included.
        _ if ["08", "53", "57"].iter().any(|class| state.starts_with(class)) => StoreErrorKind::Unavailable,
        _ => StoreErrorKind::Internal,
    }
}

/// By SQLite's words, which are the same everywhere; diesel does not hand on the result code behind them.
fn sqlite_kind(message: &str) -> StoreErrorKind {
    const AWAY: &[&str] =
        &["database is locked", "database table is locked", "database or disk is full", "disk I/O error"];
    const DAMAGED: &[&str] = &["malformed", "not a database"];
    let says = |words: &[&str]| words.iter().any(|words| message.contains(words));
    if says(DAMAGED) {
        StoreErrorKind::Corrupt
    } else if says(AWAY) {
        StoreErrorKind::Unavailable
    } else {
        StoreErrorKind::Internal
    }
}

impl<E: Error + Send + Sync + 'static> From<PoolError<E>> for Fault {
    fn from(cause: PoolError<E>) -> Self {
        Self::Pool(Box::new(cause))
    }
}

impl From<QueryError> for Fault {
    fn from(cause: QueryError) -> Self {
        Self::Query(cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(message: &str) -> StoreErrorKind {
        database_kind(&DatabaseErrorKind::Unknown, message)
    }

    #[test]
    fn a_refusal_counts_by_its_sqlstate_in_any_language() {
        for (state, expected) in [
            ("57014", StoreErrorKind::Unavailable),
            ("57P01", StoreErrorKind::Unavailable),
            ("57P03", StoreErrorKind::Unavailable),
            ("53100", StoreErrorKind::Unavailable),
            ("53300", StoreErrorKind::Unavailable),
            ("08006", StoreErrorKind::Unavailable),
            ("55P03", StoreErrorKind::Unavailable),
            ("40P01", StoreErrorKind::Conflict),
            ("XX001", StoreErrorKind::Corrupt),
            ("XX002", StoreErrorKind::Corrupt),
            ("XX000", StoreErrorKind::Internal),
            ("42P01", StoreErrorKind::Internal),
        ] {
            assert_eq!(kind(&format!("{state}: storniere Anfrage")), expected, "{state}");
        }
    }

    #[test]
    fn sqlite_counts_by_its_words() {
        assert_eq!(kind("database is locked"), StoreErrorKind::Unavailable);
        assert_eq!(kind("database disk image is malformed"), StoreErrorKind::Corrupt);
        assert_eq!(kind("abort: no such table: users"), StoreErrorKind::Internal);
    }
}
