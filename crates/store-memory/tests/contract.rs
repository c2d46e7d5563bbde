//! The memory adapters keep every port's contract.

use std::sync::Arc;

use archon_contract::Stores;
use archon_domain::ports::{KeyStore, LoginAttempts, OauthStates, RateLimiter, SessionCache};
use archon_store_memory::{
    MemoryAttempts, MemoryOauthStates, MemoryRateLimiter, MemorySessionCache, MemoryStore,
};

async fn stores() -> Stores {
    Stores::of(Arc::new(MemoryStore::new()))
}

async fn archive() -> archon_contract::archive::Port {
    archon_contract::archive::Port::of(Arc::new(MemoryStore::new()))
}

async fn keys() -> Arc<dyn KeyStore> {
    Arc::new(MemoryStore::new())
}

async fn counters() -> Arc<dyn LoginAttempts> {
    Arc::new(MemoryAttempts::new())
}

async fn limiter() -> Arc<dyn RateLimiter> {
    Arc::new(MemoryRateLimiter::new())
}

async fn cache() -> Arc<dyn SessionCache> {
    Arc::new(MemorySessionCache::new(Arc::new(MemoryRateLimiter::new())))
}

async fn states() -> Arc<dyn OauthStates> {
    Arc::new(MemoryOauthStates::new())
}

archon_contract::archive!(archive);
archon_contract::user_directory!(stores);
archon_contract::user_repo!(stores);
archon_contract::credentials!(stores);
archon_contract::identities!(stores);
archon_contract::session_store!(stores);
archon_contract::revocations!(stores);
archon_contract::outbox!(stores);
archon_contract::event_log!(stores);
archon_contract::alerts!(stores);
archon_contract::blocklist!(stores);
archon_contract::key_store!(keys);
archon_contract::attempts!(counters);
archon_contract::rate_limiter!(limiter);
archon_contract::session_cache!(cache);
archon_contract::oauth_states!(states);
