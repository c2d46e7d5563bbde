//! What a server has to itself on a backend, and how that is taken away again.

mod keys;
mod schema;

use std::future::Future;
use std::thread;

use anyhow::Context as _;
use archon_domain::ports::Entropy as _;
use archon_server::system::SystemEntropy;
use tempfile::TempDir;

use crate::Backend;
use keys::Keys;
use schema::Schema;

/// A place of one server's own; gone with the value.
#[derive(Default)]
pub(crate) struct Place {
    settings: Vec<(String, String)>,
    _folder: Option<TempDir>,
    _keys: Option<Keys>,
    _schema: Option<Schema>,
}

/// A server of a suite needs few connections, and all of them together must not need more than there are.
const CONNECTIONS: &str = "4";

/// Milliseconds; so that a busy machine is not taken for one whose Redis is away, and a suite does not now and
/// then run without it.
const PATIENCE: &str = "5000";

impl Place {
    /// Makes a place.
    ///
    /// # Errors
    /// What is in the way and what to do about it.
    pub(crate) async fn make(backend: &Backend) -> anyhow::Result<Self> {
        match backend {
            Backend::Memory => Ok(Self::default().with("database.url", "memory:")),
            Backend::Sqlite => Self::file(),
            Backend::Postgres { url } => Self::schema(url).await,
            Backend::PostgresAndRedis { postgres_url, redis_url } => {
                let keys = Keys::make(redis_url, &own_name()).await?;
                let place = Self::schema(postgres_url).await?;
                let place = place
                    .with("redis.url", redis_url)
                    .with("redis.key_prefix", keys.prefix())
                    .with("redis.patience", PATIENCE);
                Ok(Self { _keys: Some(keys), ..place })
            }
        }
    }

    /// The settings that lead a service to its place.
    pub(crate) fn settings(&self) -> &[(String, String)] {
        &self.settings
    }

    fn file() -> anyhow::Result<Self> {
        let made = tempfile::Builder::new().prefix("archon-testkit-").tempdir();
        let folder =
            made.context("no temporary folder can be made; check TMPDIR and the space on its disk")?;
        let data = folder.path().join("data");
        let data = data.to_str().context("the name of the temporary folder is not UTF-8; check TMPDIR")?;
        Ok(Self { _folder: Some(folder), ..Self::default().with("data_dir", data) })
    }

    async fn schema(url: &str) -> anyhow::Result<Self> {
        let schema = Schema::make(url, &own_name()).await?;
        let place = Self::default()
            .with("database.url", url)
            .with("database.schema", schema.name())
            .with("database.max_connections", CONNECTIONS);
        Ok(Self { _schema: Some(schema), ..place })
    }

    fn with(mut self, key: &str, value: &str) -> Self {
        self.settings.push((key.to_owned(), value.to_owned()));
        self
    }
}

/// A name that no other server has, in this process or another; not from the seed, which others may share.
fn own_name() -> String {
    let mut random = [0; 8];
    SystemEntropy.fill(&mut random);
    format!("archon_testkit_{:016x}", u64::from_le_bytes(random))
}

/// Runs what takes a place away to its end, on a thread of its own: a drop cannot wait in the runtime that it
/// happens in. What stays behind is said, with the command that removes it.
fn take_away(what: &str, by_hand: &str, work: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
    let taken = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(work)
    });
    let outcome = taken.join().unwrap_or_else(|_| Err(anyhow::anyhow!("its removal has panicked")));
    if let Err(error) = outcome {
        eprintln!("archon-testkit: {what} stays behind: {error:#}; remove it by hand: {by_hand}");
    }
}
