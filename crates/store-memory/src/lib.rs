//! Every storage port in memory: the reference semantics, and the fast path of a single node.
//!
//! [`MemoryStore`] keeps what a database keeps, for tests and for `memory:`. [`MemoryAttempts`],
//! [`MemoryRateLimiter`] and [`MemoryOauthStates`] run in production on a single node, and on many while
//! their shared store is away, so their memory is bounded: each says in its own words what it forgets when
//! it is full. [`MemorySessionCache`] is the reference of what many nodes share.

mod alerts;
mod archive;
mod attempts;
mod blocklist;
mod bounded;
mod counter;
mod credentials;
mod directory;
mod events;
mod identities;
mod keys;
mod oauth_states;
mod outbox;
mod rate_limiter;
mod revocations;
mod session_cache;
mod sessions;
mod state;
mod tries;
mod users;
mod window;

pub use attempts::MemoryAttempts;
pub use oauth_states::MemoryOauthStates;
pub use rate_limiter::MemoryRateLimiter;
pub use session_cache::MemorySessionCache;
pub use state::MemoryStore;
