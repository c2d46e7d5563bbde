//! The durable stores: which adapter stands behind `database.url`.

use std::path::Path;
use std::sync::Arc;

use archon_domain::ports::{
    Credentials, EventLog, KeyStore, Outbox, Probe, Revocations, SessionStore, UserRepo,
};
use archon_store_memory::MemoryStore;
use archon_store_sql::{PostgresOptions, SqlStore};
use archon_token_jose::FileKeyStore;

use crate::config::Settings;
use crate::data_dir::DataDir;

/// The durable store, by the scheme of `database.url`.
pub(crate) enum Store {
    Memory(Arc<MemoryStore>),
    Sqlite(SqlStore, DataDir),
    Postgres(SqlStore),
}

/// The ports that one store serves.
pub(crate) struct StorePorts {
    pub(crate) users: Arc<dyn UserRepo>,
    pub(crate) credentials: Arc<dyn Credentials>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) revocations: Arc<dyn Revocations>,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) events: Arc<dyn EventLog>,
    pub(crate) database: Arc<dyn Probe>,
}

impl StorePorts {
    fn of<S>(store: Arc<S>) -> Self
    where
        S: UserRepo + Credentials + SessionStore + Revocations + Outbox + EventLog + Probe + 'static,
    {
        Self {
            users: Arc::clone(&store) as _,
            credentials: Arc::clone(&store) as _,
            sessions: Arc::clone(&store) as _,
            revocations: Arc::clone(&store) as _,
            outbox: Arc::clone(&store) as _,
            events: Arc::clone(&store) as _,
            database: store,
        }
    }
}

impl Store {
    /// Opens the configured store.
    pub(crate) fn open(settings: &Settings) -> anyhow::Result<Self> {
        let url = settings.database.url.reveal();
        match url.split_once(':') {
            None => {
                let data_dir = DataDir::prepare(&settings.data_dir)?;
                Ok(Self::Sqlite(SqlStore::open_sqlite(&data_dir.database())?, data_dir))
            }
            Some(("memory", _)) => Ok(Self::Memory(Arc::new(MemoryStore::new()))),
            Some(("sqlite", path)) => {
                let data_dir = DataDir::prepare(&settings.data_dir)?;
                Ok(Self::Sqlite(SqlStore::open_sqlite(Path::new(path))?, data_dir))
            }
            Some(_) => {
                let database = &settings.database;
                let options = PostgresOptions {
                    max_connections: database.max_connections as usize,
                    acquire_timeout: database.acquire_timeout.as_std(),
                    statement_timeout: database.statement_timeout.as_std(),
                    schema: None,
                };
                Ok(Self::Postgres(SqlStore::open_postgres(url, options)?))
            }
        }
    }

    /// Brings the tables up to date; names of migrations that were applied.
    pub(crate) async fn migrate(&self) -> anyhow::Result<Vec<String>> {
        match self {
            Self::Memory(_) => Ok(Vec::new()),
            Self::Sqlite(store, _) | Self::Postgres(store) => Ok(store.migrate().await?),
        }
    }

    /// Names of the migrations that `migrate` would apply.
    pub(crate) async fn pending_migrations(&self) -> anyhow::Result<Vec<String>> {
        match self {
            Self::Memory(_) => Ok(Vec::new()),
            Self::Sqlite(store, _) | Self::Postgres(store) => Ok(store.pending_migrations().await?),
        }
    }

    /// The ports that the store serves.
    pub(crate) fn ports(&self) -> StorePorts {
        match self {
            Self::Memory(store) => StorePorts::of(Arc::clone(store)),
            Self::Sqlite(store, _) | Self::Postgres(store) => StorePorts::of(Arc::new(store.clone())),
        }
    }

    /// Where the service keeps the signing keys that it makes.
    pub(crate) fn key_store(&self) -> Arc<dyn KeyStore> {
        match self {
            Self::Memory(store) => Arc::clone(store) as _,
            Self::Sqlite(_, data_dir) => Arc::new(FileKeyStore::new(data_dir.keys())),
            Self::Postgres(store) => {
                tracing::warn!(
                    "signing keys are stored plain in the table signing_keys; protect its backups"
                );
                Arc::new(store.clone())
            }
        }
    }
}
