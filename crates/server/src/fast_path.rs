//! What every request passes: the durable stores themselves, or Redis in front of them.

use std::sync::Arc;
use std::time::Duration;

use archon_app::fast_path::{Breaker, DurablePorts, FastPath, FastPathOptions, FastPorts, StandIns};
use archon_app::workers::{FastStoreKeeper, NoticeWriter};
use archon_app::{DurableGate, Notices};
use archon_domain::ports::{
    Clock, Credentials, Entropy, Gate, Identities, LoginAttempts, OauthStates, RateLimiter, Revocations,
    SessionStore, UserRepo,
};
use archon_store_memory::{MemoryAttempts, MemoryOauthStates, MemoryRateLimiter};
use archon_store_redis::{RedisOptions, RedisStore};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::StorePorts;
use crate::config::Settings;

/// How long a start waits for Redis; then the service works without until Redis answers.
const PATIENCE_AT_START: Duration = Duration::from_secs(2);

/// The ports that requests go through.
pub(crate) struct Passage {
    pub(crate) users: Arc<dyn UserRepo>,
    pub(crate) credentials: Arc<dyn Credentials>,
    pub(crate) identities: Arc<dyn Identities>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) revocations: Arc<dyn Revocations>,
    pub(crate) gate: Arc<dyn Gate>,
    pub(crate) limiter: Arc<dyn RateLimiter>,
    pub(crate) attempts: Arc<dyn LoginAttempts>,
    pub(crate) oauth_states: Arc<dyn OauthStates>,
    pub(crate) breaker: Option<Arc<Breaker>>,
    pub(crate) notices: Notices,
    pub(crate) upkeep: Option<Upkeep>,
}

/// What keeps the fast store going.
pub(crate) struct Upkeep {
    keeper: FastStoreKeeper,
    notice_writer: NoticeWriter,
}

impl Upkeep {
    pub(crate) fn start(self, stopped: &watch::Receiver<bool>) -> [JoinHandle<()>; 2] {
        [
            tokio::spawn(self.keeper.run(stopped.clone())),
            tokio::spawn(self.notice_writer.run(stopped.clone())),
        ]
    }
}

/// Puts Redis in front of the durable stores where it is configured.
pub(crate) async fn compose(
    settings: &Settings,
    stored: &StorePorts,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> anyhow::Result<Passage> {
    let in_process = StandIns {
        limiter: Arc::new(MemoryRateLimiter::new()),
        attempts: Arc::new(MemoryAttempts::new()),
        oauth_states: Arc::new(MemoryOauthStates::new()),
    };
    if settings.redis.url.is_empty() {
        return Ok(without_redis(stored, in_process));
    }
    let redis = Arc::new(RedisStore::open(&redis_options(settings))?);
    let fast = FastPorts {
        session_cache: Arc::clone(&redis) as _,
        limiter: Arc::clone(&redis) as _,
        attempts: Arc::clone(&redis) as _,
        oauth_states: Arc::clone(&redis) as _,
        noticeboard: Arc::clone(&redis) as _,
        probe: redis,
    };
    let durable = DurablePorts {
        users: Arc::clone(&stored.users),
        credentials: Arc::clone(&stored.credentials),
        identities: Arc::clone(&stored.identities),
        sessions: Arc::clone(&stored.sessions),
        revocations: Arc::clone(&stored.revocations),
        outbox: Arc::clone(&stored.outbox),
    };
    let options = FastPathOptions {
        patience: settings.redis.patience.as_std(),
        access_token_life: settings.tokens.access_ttl.as_span() + settings.tokens.clock_skew.as_span(),
        clock: Arc::clone(clock),
        entropy: Arc::clone(entropy),
    };
    let fast_path = FastPath::new(fast, durable, in_process, options);
    fast_path.keeper.try_close(PATIENCE_AT_START).await;
    Ok(Passage {
        users: fast_path.users,
        credentials: fast_path.credentials,
        identities: fast_path.identities,
        sessions: fast_path.sessions,
        revocations: fast_path.revocations,
        gate: fast_path.gate,
        limiter: fast_path.limiter,
        attempts: fast_path.attempts,
        oauth_states: fast_path.oauth_states,
        breaker: Some(fast_path.breaker),
        notices: fast_path.notices,
        upkeep: Some(Upkeep { keeper: fast_path.keeper, notice_writer: fast_path.notice_writer }),
    })
}

/// Everything is asked of the durable stores; counters are this process's own.
fn without_redis(stored: &StorePorts, in_process: StandIns) -> Passage {
    let gate = DurableGate {
        users: Arc::clone(&stored.users),
        sessions: Arc::clone(&stored.sessions),
        revocations: Arc::clone(&stored.revocations),
        limiter: Arc::clone(&in_process.limiter),
    };
    Passage {
        users: Arc::clone(&stored.users),
        credentials: Arc::clone(&stored.credentials),
        identities: Arc::clone(&stored.identities),
        sessions: Arc::clone(&stored.sessions),
        revocations: Arc::clone(&stored.revocations),
        gate: Arc::new(gate),
        limiter: in_process.limiter,
        attempts: in_process.attempts,
        oauth_states: in_process.oauth_states,
        breaker: None,
        notices: Notices::unwatched(),
        upkeep: None,
    }
}

fn redis_options(settings: &Settings) -> RedisOptions {
    let redis = &settings.redis;
    let ca_file = Some(redis.ca_file.clone()).filter(|path| !path.as_os_str().is_empty());
    RedisOptions {
        key_prefix: redis.key_prefix.clone(),
        hash_tokens: settings.tokens.hash_at_rest,
        ca_file,
        ..RedisOptions::new(redis.url.reveal())
    }
}
