//! A fast path over memory whose every call can be made to fail, and the use cases over it.

pub(crate) mod doubles;
pub(crate) mod log;
pub(crate) mod oauth;
pub(crate) mod world;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use archon_app::fast_path::{DurablePorts, FastPath, FastPathOptions, FastPorts, StandIns};
use archon_contract::faults::{Composed, Faults, Faulty, Prelude};
use archon_contract::samples::SeededEntropy;
use archon_contract::{Gated, Stores, ToldProvider};
use archon_domain::Span;
use archon_domain::ports::{LoginAttempts, Noticeboard, OauthStates, Probe, RateLimiter, SessionCache};
use archon_store_memory::{
    MemoryAttempts, MemoryOauthStates, MemoryRateLimiter, MemorySessionCache, MemoryStore,
};

use doubles::{MemoryNoticeboard, ObedientMailer, ToldBreaches, ToldLocator, TurnedClock};

/// What replicas share: the stores themselves, where nothing goes wrong.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) cache: Arc<MemorySessionCache>,
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) attempts: Arc<dyn LoginAttempts>,
    pub(crate) states: Arc<dyn OauthStates>,
    pub(crate) board: Arc<MemoryNoticeboard>,
    pub(crate) mailer: Arc<ObedientMailer>,
    pub(crate) breaches: Arc<ToldBreaches>,
    pub(crate) provider: Arc<ToldProvider>,
    pub(crate) other_provider: Arc<ToldProvider>,
    pub(crate) locator: Arc<ToldLocator>,
    pub(crate) clock: Arc<TurnedClock>,
}

/// One replica: the fast path over faulty ways to what is shared.
pub(crate) struct Replica {
    pub(crate) path: FastPath,
    /// The composed stores.
    pub(crate) stores: Stores,
    /// Faults on the way to the fast store.
    pub(crate) fast: Arc<Faults>,
    /// Faults on the way to the durable store.
    pub(crate) durable: Arc<Faults>,
}

impl Shared {
    pub(crate) fn new() -> Self {
        let limiter: Arc<dyn RateLimiter> = Arc::new(MemoryRateLimiter::new());
        Self {
            store: Arc::new(MemoryStore::new()),
            cache: Arc::new(MemorySessionCache::new(Arc::clone(&limiter))),
            limiter,
            attempts: Arc::new(MemoryAttempts::new()),
            states: Arc::new(MemoryOauthStates::new()),
            board: Arc::default(),
            mailer: Arc::default(),
            breaches: Arc::default(),
            provider: ToldProvider::new("google"),
            other_provider: ToldProvider::new("other"),
            locator: Arc::default(),
            clock: Arc::default(),
        }
    }

    /// The durable stores, where nothing goes wrong.
    pub(crate) fn stores(&self) -> Stores {
        Stores::of(Arc::clone(&self.store))
    }

    /// Makes the fast store lose what it holds of sessions and revoked tokens.
    pub(crate) fn emptying(&self) -> Prelude {
        let cache = Arc::clone(&self.cache);
        Arc::new(move || {
            let cache = Arc::clone(&cache);
            Box::pin(async move { cache.clear() })
        })
    }

    fn fast_ports(&self, faults: &Arc<Faults>) -> FastPorts {
        let cache: Arc<dyn SessionCache> = self.cache.clone();
        let board: Arc<dyn Noticeboard> = self.board.clone();
        let probe: Arc<dyn Probe> = self.store.clone();
        FastPorts {
            session_cache: Faulty::wrap(&cache, faults),
            limiter: Faulty::wrap(&self.limiter, faults),
            attempts: Faulty::wrap(&self.attempts, faults),
            oauth_states: Faulty::wrap(&self.states, faults),
            noticeboard: Faulty::wrap(&board, faults),
            probe: Faulty::wrap(&probe, faults),
        }
    }

    /// A replica that does not rely on the fast store yet; `seed` sets its random bits apart.
    pub(crate) fn replica(&self, patience: Duration, seed: u64) -> Replica {
        self.replica_with(patience, seed, Arc::new(MemoryRateLimiter::new()))
    }

    /// A replica whose own budgets are those of `limiter`.
    pub(crate) fn replica_with(
        &self,
        patience: Duration,
        seed: u64,
        limiter: Arc<dyn RateLimiter>,
    ) -> Replica {
        let (fast, durable) = (Faults::none(), Faults::none());
        let stores = self.stores().with_faults(&durable);
        let durable_ports = DurablePorts {
            users: Arc::clone(&stores.users),
            credentials: Arc::clone(&stores.credentials),
            identities: Arc::clone(&stores.identities),
            sessions: Arc::clone(&stores.sessions),
            revocations: Arc::clone(&stores.revocations),
            outbox: Arc::clone(&stores.outbox),
        };
        let stand_ins = StandIns {
            limiter,
            attempts: Arc::new(MemoryAttempts::new()),
            oauth_states: Arc::new(MemoryOauthStates::new()),
        };
        let options = FastPathOptions {
            patience,
            access_token_life: Span::minutes(15),
            clock: self.clock.clone(),
            entropy: Arc::new(SeededEntropy::new(seed)),
        };
        let path = FastPath::new(self.fast_ports(&fast), durable_ports, stand_ins, options);
        let stores = Stores {
            users: Arc::clone(&path.users),
            credentials: Arc::clone(&path.credentials),
            identities: Arc::clone(&path.identities),
            sessions: Arc::clone(&path.sessions),
            revocations: Arc::clone(&path.revocations),
            // Events are written behind the requests, so that no plan could say which call they are.
            events: self.store.clone(),
            ..stores
        };
        Replica { path, stores, fast, durable }
    }
}

impl Replica {
    /// Relies on the fast store, which works.
    pub(crate) async fn closed(self) -> Self {
        assert!(self.path.keeper.try_close(PATIENCE).await);
        self
    }

    pub(crate) fn gated(&self) -> Gated {
        Gated { stores: self.stores.clone(), gate: Arc::clone(&self.path.gate) }
    }

    /// The replica as the fault cases take it, and its keeper, which they call.
    pub(crate) fn composed(self, shared: &Shared) -> Composed {
        let (gated, fast, durable) = (self.gated(), self.fast, self.durable);
        let keeper = Arc::new(self.path.keeper);
        let recover = move || -> Pin<Box<dyn Future<Output = ()> + Send>> {
            let keeper = Arc::clone(&keeper);
            Box::pin(async move { assert!(keeper.try_close(PATIENCE).await) })
        };
        Composed {
            gated,
            cache: shared.cache.clone(),
            empty: shared.emptying(),
            recover: Arc::new(recover),
            fast,
            durable,
        }
    }
}

/// Longer than anything in memory takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
