//! Every storage port in memory: the reference semantics, and the fast path of a single node.
//!
//! [`MemoryStore`] keeps what a database keeps, for tests and for `memory:`. [`MemoryAttempts`] and
//! [`MemoryRateLimiter`] run in production on a single node, so their memory is bounded: each says in
//! its own words what it forgets when it is full.

mod attempts;
mod bounded;
mod counter;
mod credentials;
mod events;
mod keys;
mod outbox;
mod rate_limiter;
mod revocations;
mod sessions;
mod state;
mod users;
mod window;

pub use attempts::MemoryAttempts;
pub use rate_limiter::MemoryRateLimiter;
pub use state::MemoryStore;
