use std::fmt;
use std::sync::Arc;

use archon_domain::Instant;
use archon_domain::ports::{Clock as _, Entropy as _, IdentityProvider};
use archon_server::system::{SystemClock, SystemEntropy};

use crate::{Backend, TestServer};

/// A [`TestServer`] in the making; see [`TestServer::builder`].
#[derive(Clone)]
pub struct TestServerBuilder {
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) backend: Backend,
    pub(crate) providers: Vec<Arc<dyn IdentityProvider>>,
    seed: Option<u64>,
    start_at: Option<Instant>,
}

/// Everything as by default, but quick: a password costs next to nothing, and so does a key.
const SETTINGS: [(&str, &str); 8] = [
    ("server.port", "0"),
    ("server.workers", "2"),
    ("server.trusted_proxies", "127.0.0.1"),
    ("keys.algorithm", "ES256"),
    ("hashing.memory_kib", "16"),
    ("hashing.iterations", "1"),
    ("hashing.threads", "2"),
    ("metrics.enabled", "false"),
];

impl Default for TestServerBuilder {
    fn default() -> Self {
        let settings = SETTINGS.map(|(key, value)| (key.to_owned(), value.to_owned()));
        Self {
            settings: settings.into(),
            backend: Backend::Memory,
            providers: Vec::new(),
            seed: None,
            start_at: None,
        }
    }
}

impl TestServerBuilder {
    /// Microseconds since 1970 at which the clock of a seeded server starts: 2026-01-05T10:00:00.123456Z.
    const SEEDED_START: i64 = 1_767_607_200_123_456;

    /// Sets one setting, such as `("lockout.max_failures", "3")`; docs/configuration.md lists them.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.settings.retain(|(present, _)| present != key);
        self.settings.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Chooses how tokens are signed: `ES256` (which is the default here), `EdDSA` or `RS256`, whose keys
    /// take a moment to make.
    #[must_use]
    pub fn algorithm(self, name: &str) -> Self {
        self.set("keys.algorithm", name)
    }

    /// Chooses where the service keeps what it knows.
    #[must_use]
    pub fn backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// Adds a provider that users can log in with, beside those that the settings name.
    #[must_use]
    pub fn provider(mut self, provider: Arc<dyn IdentityProvider>) -> Self {
        self.providers.push(provider);
        self
    }

    /// Makes everything random follow from a number, and starts the clock at 2026-01-05T10:00:00.123456Z:
    /// the same requests in the same order yield the same identifiers. Keys and salts stay random.
    ///
    /// Tokens of that time have expired for an application that goes by the real one; where it matters, add
    /// [`start_at`](Self::start_at).
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Chooses the time at which the clock starts. Without it, and without a seed, that is the present, a
    /// second ago at most.
    #[must_use]
    pub fn start_at(mut self, instant: Instant) -> Self {
        self.start_at = Some(instant);
        self
    }

    /// Starts the service.
    ///
    /// # Errors
    /// When a setting is wrong, the backend is away or the service cannot start; each says what to do.
    pub async fn start(self) -> anyhow::Result<TestServer> {
        TestServer::start_as(self, None).await
    }

    /// The seed, drawn where none was given.
    pub(crate) fn seed_to_use(&self) -> u64 {
        self.seed.unwrap_or_else(|| {
            let mut random = [0; 8];
            SystemEntropy.fill(&mut random);
            u64::from_le_bytes(random)
        })
    }

    /// When the clock starts.
    pub(crate) fn start_to_use(&self) -> Instant {
        let start = || match self.seed {
            Some(_) => Instant::from_timestamp_micros(Self::SEEDED_START),
            // Always the same part of a second: what depends on it does so in every run.
            None => Instant::from_timestamp(SystemClock.now().timestamp() - 1, 123_456_000),
        };
        self.start_at.or_else(start).unwrap_or_default()
    }
}

impl fmt::Debug for TestServerBuilder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TestServerBuilder")
            .field("settings", &self.settings)
            .field("backend", &self.backend)
            .field("seed", &self.seed)
            .field("start_at", &self.start_at)
            .finish_non_exhaustive()
    }
}
