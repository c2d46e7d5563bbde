//! The contract suites that every adapter of a storage port must pass.
//!
//! Each MUST of a port in `archon_domain::ports` has a case here: a plain `async fn` over the port, named
//! as a sentence, with the words of the MUST in its doc comment. An adapter joins with a function that
//! makes an empty store and one macro per port:
//!
//! ```text
//! async fn stores() -> Guarded<Stores, TemporaryFolder> { ... }
//! archon_contract::user_repo!(stores);
//! archon_contract::session_store!(stores);
//! ```
//!
//! The function is called once per case and may return [`Stores`] (or `Arc<dyn KeyStore>` and so on)
//! itself or anything that is `Borrow` of it, such as [`Guarded`]. Each macro makes a module of its own
//! name; put the macros of a second store into a module.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "cases are tests: they fail by panicking")]

pub mod alerts;
pub mod archive;
pub mod attempts;
pub mod blocklist;
pub mod concurrency;
pub mod credentials;
pub mod event_log;
pub mod faults;
pub mod gate;
pub mod identities;
pub mod key_store;
mod macros;
pub mod oauth_states;
pub mod outbox;
pub mod rate_limiter;
pub mod revocations;
pub mod samples;
pub mod session_cache;
pub mod session_store;
mod stores;
mod told_provider;
pub mod user_directory;
pub mod user_repo;

pub use gate::Gated;
pub use stores::{Guarded, Stores};
pub use told_provider::ToldProvider;
