//! The traits that the outside world implements.
//!
//! Rules that hold for every storage port:
//! - each method is atomic by itself, and what it answers is durable when it returns;
//! - instants, ids and secrets come in as arguments;
//! - expected outcomes are values, [`crate::StoreError`] is for when the store could not do its part;
//! - every MUST in a method's `# Contract` has a case of the same words in the crate `archon-contract`.

mod alert_sender;
mod alerts;
mod archive;
mod attempts;
mod blocklist;
mod breached_passwords;
mod clock;
mod credentials;
mod event_log;
mod gate;
mod geo_locator;
mod identities;
mod identity_provider;
mod key_store;
mod mailer;
mod noticeboard;
mod oauth_states;
mod outbox;
mod password_hasher;
mod probe;
mod rate_limiter;
mod revocations;
mod session_cache;
mod session_store;
mod signing_keys;
mod token_issuer;
mod user_directory;
mod user_repo;

pub use alert_sender::AlertSender;
pub use alerts::Alerts;
pub use archive::Archive;
pub use attempts::LoginAttempts;
pub use blocklist::Blocklist;
pub use breached_passwords::{BreachLookupError, BreachedPasswords};
pub use clock::{Clock, Entropy};
pub use credentials::Credentials;
pub use event_log::EventLog;
pub use gate::Gate;
pub use geo_locator::GeoLocator;
pub use identities::Identities;
pub use identity_provider::IdentityProvider;
pub use key_store::KeyStore;
pub use mailer::Mailer;
pub use noticeboard::Noticeboard;
pub use oauth_states::OauthStates;
pub use outbox::Outbox;
pub use password_hasher::{HashError, PasswordCheck, PasswordHasher};
pub use probe::Probe;
pub use rate_limiter::RateLimiter;
pub use revocations::Revocations;
pub use session_cache::SessionCache;
pub use session_store::SessionStore;
pub use signing_keys::SigningKeys;
pub use token_issuer::TokenIssuer;
pub use user_directory::UserDirectory;
pub use user_repo::UserRepo;
