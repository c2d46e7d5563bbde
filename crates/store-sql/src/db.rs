//! The two engines behind one name, and the macros that run one query text on either.

use std::future::Future;

use archon_domain::StoreError;
use diesel::SqliteConnection;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;

use crate::error::Fault;
use crate::postgres;

/// A SQLite connection that queries can wait for; each query runs on a thread that may block.
pub(crate) type AsyncSqliteConnection = SyncConnectionWrapper<SqliteConnection>;

/// An engine and its connections.
#[derive(Clone)]
pub(crate) enum Db {
    /// A PostgreSQL server.
    Postgres {
        /// Every connection.
        pool: postgres::Pool,
    },
    /// A SQLite file.
    Sqlite {
        /// Connections that only read; they see the last commit and wait for nobody.
        readers: Pool<AsyncSqliteConnection>,
        /// The one connection that writes: our own writers queue for it instead of fighting over the file.
        writer: Pool<AsyncSqliteConnection>,
    },
}

/// Runs `work` to its end even where the caller goes away.
///
/// A dropped query leaves a PostgreSQL connection busy for its next borrower, a dropped transaction
/// costs a connection, and dropping a SQLite query panics on a single-threaded runtime, which is what
/// every web worker has. On a task of its own none of that can happen, and a change that has begun is
/// made or refused as a whole.
pub(crate) async fn shielded<T: Send + 'static>(
    context: &'static str,
    work: impl Future<Output = Result<T, Fault>> + Send + 'static,
) -> Result<T, StoreError> {
    let outcome = tokio::spawn(work).await.unwrap_or_else(|cause| Err(Fault::Task(cause)));
    outcome.map_err(|fault| fault.at(context))
}

/// Runs a body that reads on whichever engine there is: `on_db!(store, "find user", |c| ...)`.
///
/// The body is expanded once per engine, with `engine` naming the module of what differs. It must own
/// what it uses and yield `Result<_, Fault>`.
macro_rules! on_db {
    ($store:expr, $context:literal, |$connection:ident| $body:expr) => {
        $crate::db::on_db!(@run $store, $context, readers, |$connection| $body)
    };
    (@run $store:expr, $context:literal, $sqlite_pool:ident, |$connection:ident| $body:expr) => {{
        let db = $store.db.clone();
        $crate::db::shielded($context, async move {
            match db {
                $crate::db::Db::Postgres { pool } => {
                    #[allow(unused_imports, reason = "few bodies need what differs")]
                    use $crate::postgres as engine;
                    let mut borrowed = pool.get().await?;
                    let $connection = &mut *borrowed;
                    $body
                }
                $crate::db::Db::Sqlite { $sqlite_pool, .. } => {
                    #[allow(unused_imports, reason = "few bodies need what differs")]
                    use $crate::sqlite as engine;
                    let mut borrowed = $sqlite_pool.get().await?;
                    let $connection = &mut *borrowed;
                    $body
                }
            }
        })
        .await
    }};
}

/// Runs a body that writes with a single statement, which both engines make atomic by themselves.
macro_rules! write_one {
    ($store:expr, $context:literal, |$connection:ident| $body:expr) => {
        $crate::db::on_db!(@run $store, $context, writer, |$connection| $body)
    };
}

/// Runs a body that writes in one transaction, which ends with the body: kept on `Ok`, undone on `Err`.
///
/// On SQLite the transaction takes the write lock at its start, so that what it reads stays true. On
/// PostgreSQL (READ COMMITTED) a body must first lock what it judges by, with an `UPDATE .. RETURNING`
/// of the row: of the user's for whatever concerns several rows of a user, always before any other.
macro_rules! write_tx {
    ($store:expr, $context:literal, |$connection:ident| $body:expr) => {{
        let db = $store.db.clone();
        $crate::db::shielded($context, async move {
            match db {
                $crate::db::Db::Postgres { pool } => {
                    #[allow(unused_imports, reason = "few bodies need what differs")]
                    use $crate::postgres as engine;
                    let mut borrowed = pool.get().await?;
                    diesel_async::AsyncConnection::transaction(&mut *borrowed, async move |$connection| $body)
                        .await
                }
                $crate::db::Db::Sqlite { writer, .. } => {
                    #[allow(unused_imports, reason = "few bodies need what differs")]
                    use $crate::sqlite as engine;
                    let mut borrowed = writer.get().await?;
                    borrowed.immediate_transaction(async move |$connection| $body).await
                }
            }
        })
        .await
    }};
}

/// Inserts rows one by one (SQLite takes no batches through diesel), inside a transaction.
macro_rules! insert_all {
    ($connection:ident, $table:expr, $rows:expr) => {
        for row in $rows {
            diesel::insert_into($table).values(row).execute($connection).await?;
        }
    };
}

pub(crate) use {insert_all, on_db, write_one, write_tx};
