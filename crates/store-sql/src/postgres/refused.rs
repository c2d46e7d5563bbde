//! A refused statement as diesel wants it, with its SQLSTATE.

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as QueryError};
use tokio_postgres::Error;
use tokio_postgres::error::DbError;

/// The driver's error as diesel's.
pub(super) fn refused(cause: Error) -> QueryError {
    match cause.as_db_error() {
        Some(refusal) => {
            let refusal = Refusal::of(refusal);
            QueryError::DatabaseError(refusal.kind(), Box::new(refusal))
        }
        None if cause.is_closed() => {
            QueryError::DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new(cause.to_string()))
        }
        None => QueryError::DatabaseError(DatabaseErrorKind::Unknown, Box::new(crate::error::chain(&cause))),
    }
}

/// What the server said.
struct Refusal {
    /// `SQLSTATE: words`. diesel has no place of its own for the state; every reader of the message gets
    /// it, a log as well as [`crate::error`].
    message: String,
    said: DbError,
}

impl Refusal {
    fn of(said: &DbError) -> Self {
        let state = said.code().code();
        let hint = match state {
            // A named statement that is not there, or is there already.
            "26000" | "42P05" => {
                " (where a pooler shares sessions by transaction, set database.pooler = \"transaction\")"
            }
            _ => "",
        };
        Self { message: format!("{state}: {}{hint}", said.message()), said: said.clone() }
    }

    fn kind(&self) -> DatabaseErrorKind {
        match self.said.code().code() {
            "23505" => DatabaseErrorKind::UniqueViolation,
            "23503" => DatabaseErrorKind::ForeignKeyViolation,
            "23502" => DatabaseErrorKind::NotNullViolation,
            "23514" => DatabaseErrorKind::CheckViolation,
            "40001" => DatabaseErrorKind::SerializationFailure,
            "25006" => DatabaseErrorKind::ReadOnlyTransaction,
            _ => DatabaseErrorKind::Unknown,
        }
    }
}

impl DatabaseErrorInformation for Refusal {
    fn message(&self) -> &str {
        &self.message
    }

    fn details(&self) -> Option<&str> {
        self.said.detail()
    }

    fn hint(&self) -> Option<&str> {
        self.said.hint()
    }

    fn table_name(&self) -> Option<&str> {
        self.said.table()
    }

    fn column_name(&self) -> Option<&str> {
        self.said.column()
    }

    fn constraint_name(&self) -> Option<&str> {
        self.said.constraint()
    }

    fn statement_position(&self) -> Option<i32> {
        None
    }
}
