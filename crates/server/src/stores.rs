//! The durable stores: which adapter stands behind `database.url`.

use std::path::Path;
use std::sync::Arc;

use archon_domain::ports::{
    Alerts, Blocklist, Credentials, EventLog, Identities, KeyStore, Outbox, Probe, Revocations, SessionStore,
    UserDirectory, UserRepo,
};
use archon_store_memory::MemoryStore;
use archon_store_sql::{PostgresOptions, SqlStore};
use archon_token_jose::{EncryptedKeyStore, FileKeyStore};
use zeroize::Zeroizing;

use crate::config::{Pooler, Settings};
use crate::data_dir::DataDir;

/// The durable store, by the scheme of `database.url`.
pub(crate) enum Store {
    Memory(Arc<MemoryStore>),
    Sqlite(SqlStore, DataDir),
    Postgres(SqlStore),
}

/// What is kept durably. Users, their directory, credentials, identities, sessions and mails must be one store,
/// because a change of one is seen by the others, and revocations should be, so that a backup holds both. Events,
/// alerts, blocked addresses, keys and the probe may be anything's.
#[derive(Clone)]
pub struct StorePorts {
    /// Accounts.
    pub users: Arc<dyn UserRepo>,
    /// The same accounts, to leaf through.
    pub directory: Arc<dyn UserDirectory>,
    /// Password hashes and one-time tokens.
    pub credentials: Arc<dyn Credentials>,
    /// Who users are to providers.
    pub identities: Arc<dyn Identities>,
    /// Sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// Revoked tokens.
    pub revocations: Arc<dyn Revocations>,
    /// Mails to be sent.
    pub outbox: Arc<dyn Outbox>,
    /// Security events.
    pub events: Arc<dyn EventLog>,
    /// Alerts, and whom they are yet to be told to.
    pub alerts: Arc<dyn Alerts>,
    /// Blocked client addresses.
    pub blocklist: Arc<dyn Blocklist>,
    /// Signing keys that the service makes.
    pub keys: Arc<dyn KeyStore>,
    /// Whether the store answers.
    pub database: Arc<dyn Probe>,
}

impl StorePorts {
    /// All ports of one store, but for the keys.
    #[must_use]
    pub fn of<S>(store: Arc<S>, keys: Arc<dyn KeyStore>) -> Self
    where
        S: UserRepo
            + UserDirectory
            + Credentials
            + Identities
            + SessionStore
            + Revocations
            + Outbox
            + EventLog
            + Alerts
            + Blocklist
            + Probe
            + 'static,
    {
        Self {
            users: Arc::clone(&store) as _,
            directory: Arc::clone(&store) as _,
            credentials: Arc::clone(&store) as _,
            identities: Arc::clone(&store) as _,
            sessions: Arc::clone(&store) as _,
            revocations: Arc::clone(&store) as _,
            outbox: Arc::clone(&store) as _,
            events: Arc::clone(&store) as _,
            alerts: Arc::clone(&store) as _,
            blocklist: Arc::clone(&store) as _,
            keys,
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
                    schema: Some(database.schema.clone()).filter(|name| !name.is_empty()),
                    transaction_pooler: database.pooler == Pooler::Transaction,
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
    pub(crate) fn ports(&self, settings: &Settings) -> StorePorts {
        match self {
            Self::Memory(store) => StorePorts::of(Arc::clone(store), Arc::clone(store) as _),
            Self::Sqlite(store, data_dir) => {
                StorePorts::of(Arc::new(store.clone()), Arc::new(FileKeyStore::new(data_dir.keys())))
            }
            Self::Postgres(store) => {
                let secret =
                    settings.keys.encryption_key.reveal().map(|text| Zeroizing::new(text.to_owned()));
                let keys = EncryptedKeyStore::new(Arc::new(store.clone()), secret);
                StorePorts::of(Arc::new(store.clone()), Arc::new(keys))
            }
        }
    }

    /// The SQL database, where there is one.
    pub(crate) fn sql(&self) -> Option<SqlStore> {
        match self {
            Self::Memory(_) => None,
            Self::Sqlite(store, _) | Self::Postgres(store) => Some(store.clone()),
        }
    }

    /// Says what an operator should know of how this store is configured.
    pub(crate) fn warn(&self, settings: &Settings) {
        let plain = settings.keys.files.is_empty() && settings.keys.encryption_key.reveal().is_none();
        if matches!(self, Self::Postgres(_)) && plain {
            tracing::warn!(
                "signing keys are stored plain in the table signing_keys: set keys.encryption_key (openssl rand \
                 -base64 32) on every replica, and protect the database's backups"
            );
        }
    }
}
