//! The fast path by Redis, shared by every replica: copies of sessions and profiles, counters, budgets, log-ins with providers
//! under way, and what operators watch.
//!
//! Redis may lose any key at any moment; the durable store is the truth. Everything here is judged by the
//! instants that callers give. The expiry that Redis knows of a key only clears away what is over.
//!
//! [`RedisStore`] works on one server and on a cluster, which it recognises by itself. What must be one step is
//! one script (`lua/`), with all its keys in one slot. Only [`archon_domain::ports::SessionCache::pass`] concerns
//! keys of several slots: one script and one round trip on one server, two of each on a cluster.

mod attempts;
mod facts;
mod fault;
mod keys;
mod link;
mod nodes;
mod noticeboard;
mod oauth_states;
mod options;
mod passage;
mod profile_row;
mod rate_limiter;
mod row;
mod scripts;
mod session_cache;
mod slots;
mod store;
mod target;
mod times;

pub use facts::RedisFacts;
pub use options::{OpenError, RedisOptions};
pub use store::RedisStore;
