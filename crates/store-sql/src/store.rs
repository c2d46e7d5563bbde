use std::fmt;
use std::path::Path;

use archon_domain::StoreError;
use archon_domain::ports::Probe;
use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::db::{Db, on_db};
use crate::error::OpenError;
use crate::postgres::PostgresOptions;
use crate::schema::users;
use crate::types::Id;
use crate::{migrations, postgres, sqlite};

/// The durable store: accounts, identities, sessions, revocations, mails, events and keys in one SQL database.
///
/// A clone shares the connections.
#[derive(Clone)]
pub struct SqlStore {
    pub(crate) db: Db,
    source: migrations::Source,
}

impl SqlStore {
    /// Opens a SQLite file; makes it, readable by its owner only, with its directory where there is none.
    ///
    /// Other processes may have the same file open. Call [`migrate`](Self::migrate) before anything else.
    /// Open it in the runtime that lives as long as the store: its queries run there.
    ///
    /// # Errors
    /// When the file cannot be made, opened or read as a database.
    pub fn open_sqlite(path: &Path) -> Result<Self, OpenError> {
        let (db, url) = sqlite::open(path)?;
        Ok(Self { db, source: migrations::Source::Sqlite { path: path.to_owned(), url } })
    }

    /// Opens a PostgreSQL database. Connects lazily: the first use tells whether the server is there.
    ///
    /// # Errors
    /// When the URL cannot be read, or names TLS files that cannot be.
    pub fn open_postgres(url: &str, options: PostgresOptions) -> Result<Self, OpenError> {
        let (pool, connector) = postgres::open(url, options)?;
        Ok(Self { db: Db::Postgres { pool }, source: migrations::Source::Postgres(Box::new(connector)) })
    }

    /// Brings the database up to date; the names of the migrations applied by this call.
    ///
    /// Any number of processes may do so at the same time.
    ///
    /// # Errors
    /// When the database cannot be reached, was made by a newer version, or a migration fails.
    pub async fn migrate(&self) -> Result<Vec<String>, OpenError> {
        self.source.migrate().await
    }

    /// The names of the migrations that [`migrate`](Self::migrate) would apply.
    ///
    /// # Errors
    /// When the database cannot be reached or was made by a newer version.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, OpenError> {
        self.source.pending().await
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let engine = match self.db {
            Db::Postgres { .. } => "postgres",
            Db::Sqlite { .. } => "sqlite",
        };
        formatter.debug_tuple("SqlStore").field(&engine).finish()
    }
}

#[async_trait]
impl Probe for SqlStore {
    async fn probe(&self) -> Result<(), StoreError> {
        // A real table: a server without our schema is not healthy.
        on_db!(self, "probe the database", |c| {
            users::table.select(users::id).limit(1).load::<Id>(c).await?;
            Ok(())
        })
    }
}
