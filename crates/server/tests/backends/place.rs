//! A database and a part of a Redis that are empty, and are gone after the test.

#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use archon_app::fast_path::{DurablePorts, FastPath, FastPathOptions, FastPorts, StandIns};
use archon_contract::faults::{Faults, Faulty};
use archon_contract::{Gated, Stores};
use archon_domain::Span;
use archon_domain::ports::{Clock, SessionCache};
use archon_server::system::SystemEntropy;
use archon_store_memory::{MemoryAttempts, MemoryOauthStates, MemoryRateLimiter};
use archon_store_redis::{RedisOptions, RedisStore};
use archon_store_sql::{PostgresOptions, SqlStore};
use archon_testkit::TestClock;
use tempfile::TempDir;

/// So long that a busy machine never looks like a Redis that is away.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

pub(crate) struct Place {
    pub(crate) path: FastPath,
    stores: Stores,
    faults: Arc<Faults>,
    redis: RedisPart,
    _database: Database,
}

enum Database {
    File { _folder: TempDir },
    Schema(String),
}

/// The keys with one prefix.
#[derive(Clone)]
struct RedisPart {
    url: String,
    prefix: String,
}

impl Place {
    pub(crate) async fn new(engine: Engine) -> Self {
        let (store, database) = match engine {
            Engine::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let store = SqlStore::open_sqlite(&folder.path().join("archon.db")).unwrap();
                (store, Database::File { _folder: folder })
            }
            Engine::Postgres => {
                let schema = format!("backends_{:016x}", random());
                let options = PostgresOptions {
                    schema: Some(schema.clone()),
                    max_connections: 8,
                    ..Default::default()
                };
                let store = SqlStore::open_postgres(&provided("ARCHON_TEST_POSTGRES_URL"), options).unwrap();
                (store, Database::Schema(schema))
            }
        };
        store.migrate().await.unwrap();
        let durable = Stores::of(Arc::new(store));
        let redis = RedisPart {
            url: provided("ARCHON_TEST_REDIS_URL"),
            prefix: format!("backends_{:016x}:", random()),
        };
        let faults = Faults::none();
        let path = compose(&redis, &durable, &faults);
        assert!(path.keeper.try_close(PATIENCE).await, "Redis is there");
        let stores = Stores {
            users: Arc::clone(&path.users),
            credentials: Arc::clone(&path.credentials),
            identities: Arc::clone(&path.identities),
            sessions: Arc::clone(&path.sessions),
            revocations: Arc::clone(&path.revocations),
            ..durable
        };
        Self { path, stores, faults, redis, _database: database }
    }

    /// The ports that a service uses.
    pub(crate) fn gated(&self) -> Gated {
        Gated { stores: self.stores.clone(), gate: Arc::clone(&self.path.gate) }
    }

    /// Has Redis lose all sessions, profiles and revoked tokens before every question.
    pub(crate) fn empty_redis_before_every_call(&self) {
        let redis = self.redis.clone();
        self.faults.before_every_call(Arc::new(move || {
            let redis = redis.clone();
            Box::pin(async move {
                for pattern in ["*session*", "user:*", "blacklist*"] {
                    redis.delete(pattern).unwrap();
                }
            })
        }));
    }
}

fn compose(redis: &RedisPart, durable: &Stores, faults: &Arc<Faults>) -> FastPath {
    let options = RedisOptions { key_prefix: redis.prefix.clone(), ..RedisOptions::new(&redis.url) };
    let store = Arc::new(RedisStore::open(&options).unwrap());
    let cache: Arc<dyn SessionCache> = store.clone();
    let fast = FastPorts {
        session_cache: Faulty::wrap(&cache, faults),
        limiter: store.clone(),
        attempts: store.clone(),
        oauth_states: store.clone(),
        noticeboard: store.clone(),
        probe: store,
    };
    let durable = DurablePorts {
        users: Arc::clone(&durable.users),
        credentials: Arc::clone(&durable.credentials),
        identities: Arc::clone(&durable.identities),
        sessions: Arc::clone(&durable.sessions),
        revocations: Arc::clone(&durable.revocations),
        outbox: Arc::clone(&durable.outbox),
    };
    let stand_ins = StandIns {
        limiter: Arc::new(MemoryRateLimiter::new()),
        attempts: Arc::new(MemoryAttempts::new()),
        oauth_states: Arc::new(MemoryOauthStates::new()),
    };
    let clock: Arc<dyn Clock> = Arc::new(TestClock::at(archon_contract::samples::start()));
    let options = FastPathOptions {
        patience: PATIENCE,
        access_token_life: Span::minutes(15),
        clock,
        entropy: Arc::new(SystemEntropy),
    };
    FastPath::new(fast, durable, stand_ins, options)
}

impl RedisPart {
    /// Deletes the keys that a pattern names.
    fn delete(&self, pattern: &str) -> std::io::Result<()> {
        let script = "for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end";
        let pattern = format!("{}{pattern}", self.prefix);
        let mut command = Command::new("redis-cli");
        command.args(["-u", &self.url, "--no-auth-warning", "EVAL", script, "0", &pattern]);
        let status = command.stdout(std::process::Stdio::null()).status()?;
        if status.success() { Ok(()) } else { Err(std::io::Error::other("redis-cli failed")) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.redis.delete("*");
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Self::Schema(name) = self {
            let statement = format!("DROP SCHEMA IF EXISTS {name} CASCADE");
            let mut command = Command::new("psql");
            command.args(["--no-psqlrc", "--quiet", "--dbname", &provided("ARCHON_TEST_POSTGRES_URL")]);
            let quiet = command.args(["--command", &statement]).stderr(std::process::Stdio::null());
            let _ = quiet.status();
        }
    }
}

fn provided(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run the tests with scripts/test.sh, which starts the servers they need")
    })
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
