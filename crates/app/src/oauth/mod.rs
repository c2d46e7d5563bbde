//! Logging in with a provider (RFC 6749 section 4.1, OpenID Connect Core section 3.1): begun here, done there,
//! and finished here by what the user's browser brings back.

mod begin;
mod callback;
mod linking;
mod providers;
mod unlinking;
mod who;

pub use begin::{BeginOauth, BeginOauthError, BegunOauth, RedirectTarget};
pub use callback::{CallbackError, CallbackOutcome, ProviderCallback, StateRefusal};
pub use linking::{BeginLinkingError, LinkProviderError};
pub use providers::{ProviderLookup, Providers};
pub use unlinking::UnlinkError;
pub use who::ProviderLogInError;
