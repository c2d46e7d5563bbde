//! What Archon Auth does: one file per use case, each a method of [`Auth`], and the workers that go on
//! behind them. Everything outside is reached through the ports of `archon-domain`.

mod administer;
mod alerts;
mod attempt;
mod auth;
mod authenticate;
mod change_password;
mod delete_account;
mod events;
mod export_account;
pub mod fast_path;
mod fault;
mod gate;
mod health;
mod limits;
mod log_in;
mod log_out;
mod new_password;
mod notices;
mod oauth;
mod policy;
mod profile;
mod rate_limited;
mod recorder;
mod redirect_uris;
mod refresh;
mod register;
mod request_password_reset;
mod reset_password;
mod sessions;
mod stranger_mail;
mod tokens;
mod touches;
pub mod transfer;
mod verify_email;
mod watch;
pub mod workers;

pub use administer::{
    Actor, AdministerError, Administrator, AdministratorError, CreateUser, KeyState, ListedKey, Mandate,
    Page, Reason, UserDetails, UserSearch,
};
pub use alerts::{
    AddressBlocked, AlertActionError, AlertFeed, AlertPolicy, AlertWatcher, BlockAddress, BlockList,
};
pub use attempt::OwnPasswordError;
pub use auth::{Auth, Ports};
pub use authenticate::{Authenticate, AuthenticateError, Authenticated, Caller};
pub use change_password::{ChangePassword, ChangePasswordError};
pub use delete_account::{DeleteAccount, DeleteAccountError};
pub use events::{ChainReport, event_document, verify_chain};
pub use export_account::AccountExport;
pub use fault::{Fault, FaultKind};
pub use gate::DurableGate;
pub use health::{DependencyHealth, Health, HealthStatus};
pub use limits::{Limits, LimitsPolicy};
pub use log_in::{LogIn, LogInError, LoggedIn};
pub use log_out::LogOutError;
pub use notices::Notices;
pub use oauth::{
    BeginLinkingError, BeginOauth, BeginOauthError, BegunOauth, CallbackError, CallbackOutcome,
    LinkProviderError, ProviderCallback, ProviderLogInError, ProviderLookup, Providers, RedirectTarget,
    StateRefusal, UnlinkError,
};
pub use policy::{ExtraClaim, Links, OauthPolicy, Policy, TokenPolicy};
pub use profile::{ProfileError, UpdateProfile};
pub use recorder::{EventWriter, Recorder};
pub use redirect_uris::{RedirectUriError, RedirectUris};
pub use refresh::{Refresh, RefreshError};
pub use register::{Register, RegisterError, Registered};
pub use request_password_reset::RequestPasswordReset;
pub use reset_password::{ResetPassword, ResetPasswordError};
pub use sessions::{EndSessionError, ListedSession};
pub use tokens::{PageToken, TokenPair};
pub use verify_email::{ResendError, Resent, VerifyEmailError};
