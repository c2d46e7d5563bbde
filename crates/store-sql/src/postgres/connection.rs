//! A connection as diesel wants it, over the driver.
//!
//! diesel-async has one of its own, which does not do here: it hides the SQLSTATE of a refused statement
//! behind diesel's few kinds, so that a server that speaks German could only be guessed at; it names
//! each prepared statement, which a pooler that shares sessions between clients loses (PgBouncer before
//! 1.21 always, later ones unless told); and it waits for an answer for ever.

use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use diesel::connection::{CacheSize, DynInstrumentation, Instrumentation};
use diesel::pg::Pg;
use diesel::query_builder::{AsQuery, QueryFragment, QueryId};
use diesel::result::{DatabaseErrorKind, Error as QueryError, QueryResult};
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{
    AnsiTransactionManager, AsyncConnection, AsyncConnectionCore, SimpleAsyncConnection, TransactionManager,
};
use futures::future::{BoxFuture, FutureExt as _, TryFutureExt as _, join3};
use futures::stream::{self, TryStreamExt as _};
use tokio::task::AbortHandle;
use tokio_postgres::{Client, Error, Row, RowStream, Statement};

use super::query::Query;
use super::refused::refused;
use super::row::PgRow;
use super::suspicion::Suspicion;

/// A session with the server, ours alone or, behind a pooler, for one transaction at a time.
pub(crate) struct PgConnection {
    client: Client,
    driver: AbortHandle,
    sharing: Sharing,
    watch: Watch,
    transaction: AnsiTransactionManager,
    instrumentation: DynInstrumentation,
}

/// Who else uses the server's session.
pub(super) enum Sharing {
    /// Nobody: it keeps what is set and prepared.
    Alone(HashMap<String, Statement>),
    /// Other clients, between transactions: each of ours sets up what it needs by this text, which begins
    /// it, and nothing is prepared under a name.
    ByTransaction {
        /// `BEGIN` and what follows it.
        begin: String,
    },
}

/// The rows of an answer, and how many rows the statement touched.
type Answer = (Vec<Row>, u64);

impl PgConnection {
    pub(super) fn new(client: Client, driver: AbortHandle, sharing: Sharing, watch: Watch) -> Self {
        let transaction = AnsiTransactionManager::default();
        Self { client, driver, sharing, watch, transaction, instrumentation: DynInstrumentation::none() }
    }

    /// Runs statements without parameters while connecting.
    pub(super) async fn set_up(&mut self, sql: &str) -> Result<(), Error> {
        self.client.batch_execute(sql).await
    }

    /// Whether the next borrower can rely on it.
    pub(super) fn is_sound(&mut self) -> bool {
        !self.client.is_closed()
            && !self.watch.unanswered
            && !self.watch.suspicion.is_cast()
            && !AnsiTransactionManager::is_broken_transaction_manager(self)
    }

    async fn run(&mut self, query: QueryResult<Query>) -> QueryResult<Answer> {
        let query = query?;
        let depth = AnsiTransactionManager::transaction_manager_status_mut(self).transaction_depth()?;
        let Self { client, sharing, watch, .. } = self;
        match sharing {
            Sharing::ByTransaction { begin } if depth.is_none() => {
                watch.answer(in_its_own_transaction(client, begin, &query)).await
            }
            Sharing::Alone(statements) if query.repeats => {
                watch.answer(prepared(client, statements, query)).await
            }
            _ => watch.answer(unprepared(client, &query)).await,
        }
    }
}

/// Stops the conversation at once; the driver by itself would first wait for what is not answered.
impl Drop for PgConnection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// By a statement that is prepared at its first use and stays with the session.
async fn prepared(
    client: &Client,
    statements: &mut HashMap<String, Statement>,
    query: Query,
) -> Result<Answer, Error> {
    let statement = match statements.get(&query.sql) {
        Some(statement) => statement.clone(),
        None => {
            let statement = client.prepare_typed(&query.sql, &query.types).await?;
            statements.insert(query.sql.clone(), statement.clone());
            statement
        }
    };
    let rows = client.query_raw(&statement, query.values).and_then(collect).await;
    if rows.is_err() {
        // Its plan may be what was refused: a migration changes the tables under it.
        statements.remove(&query.sql);
    }
    rows
}

/// By the statement without a name, in one round trip.
async fn unprepared(client: &Client, query: &Query) -> Result<Answer, Error> {
    collect(client.query_typed_raw(&query.sql, query.typed()).await?).await
}

/// Begins, runs and commits in one round trip: the three are sent before the first is answered. Where the
/// statement fails, the commit that follows it rolls back.
async fn in_its_own_transaction(client: &Client, begin: &str, query: &Query) -> Result<Answer, Error> {
    let (begun, answer, committed) =
        join3(client.batch_execute(begin), unprepared(client, query), client.batch_execute("COMMIT")).await;
    begun?;
    let answer = answer?;
    committed?;
    Ok(answer)
}

async fn collect(rows: RowStream) -> Result<Answer, Error> {
    let mut rows = pin!(rows);
    let mut collected = Vec::new();
    while let Some(row) = rows.try_next().await? {
        collected.push(row);
    }
    Ok((collected, rows.rows_affected().unwrap_or_default()))
}

/// Waits for answers, and remembers when one did not come.
pub(super) struct Watch {
    /// How long one statement may take, seen from here; `None` for any time.
    patience: Option<Duration>,
    /// A statement was sent and its answer has not been seen: whoever asks next would get it.
    unanswered: bool,
    suspicion: Suspicion,
}

impl Watch {
    pub(super) fn new(patience: Option<Duration>, suspicion: Suspicion) -> Self {
        Self { patience, unanswered: false, suspicion }
    }

    async fn answer<R>(&mut self, work: impl Future<Output = Result<R, Error>>) -> QueryResult<R> {
        if self.unanswered {
            return Err(silence("an earlier statement was not answered"));
        }
        self.unanswered = true;
        let answer = match self.patience {
            Some(patience) => tokio::time::timeout(patience, work).await,
            None => Ok(work.await),
        };
        let Ok(answer) = answer else {
            self.suspicion.cast();
            return Err(silence("the database server does not answer"));
        };
        self.unanswered = false;
        answer.map_err(refused)
    }
}

fn silence(text: &str) -> QueryError {
    QueryError::DatabaseError(DatabaseErrorKind::ClosedConnection, Box::new(text.to_owned()))
}

impl SimpleAsyncConnection for PgConnection {
    async fn batch_execute(&mut self, sql: &str) -> QueryResult<()> {
        let Self { client, sharing, watch, .. } = self;
        // The transaction manager's own word for it.
        let sql = match (sql, sharing) {
            ("BEGIN", Sharing::ByTransaction { begin }) => begin,
            (sql, _) => sql,
        };
        watch.answer(client.batch_execute(sql)).await
    }
}

impl AsyncConnectionCore for PgConnection {
    type ExecuteFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<usize>>;
    type LoadFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<Self::Stream<'conn, 'query>>>;
    type Stream<'conn, 'query> = stream::Iter<std::vec::IntoIter<QueryResult<PgRow>>>;
    type Row<'conn, 'query> = PgRow;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Pg> + QueryId + 'query,
    {
        let query = Query::of(&source.as_query());
        async move {
            let (rows, _) = self.run(query).await?;
            let rows: Vec<_> = PgRow::all(rows).into_iter().map(Ok).collect();
            Ok(stream::iter(rows))
        }
        .boxed()
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Pg> + QueryId + 'query,
    {
        let query = Query::of(&source);
        async move {
            let (_, count) = self.run(query).await?;
            usize::try_from(count).map_err(|cause| QueryError::DeserializationError(Box::new(cause)))
        }
        .boxed()
    }
}

impl AsyncConnection for PgConnection {
    type TransactionManager = AnsiTransactionManager;

    async fn establish(_: &str) -> ConnectionResult<Self> {
        Err(ConnectionError::BadConnection("connections are made by the connector".to_owned()))
    }

    fn transaction_state(&mut self) -> &mut AnsiTransactionManager {
        &mut self.transaction
    }

    fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        &mut *self.instrumentation
    }

    fn set_instrumentation(&mut self, instrumentation: impl Instrumentation) {
        self.instrumentation = instrumentation.into();
    }

    fn set_prepared_statement_cache_size(&mut self, _: CacheSize) {
        // Each of our few texts is kept, or none where the session is shared.
    }
}
