//! What Archon Auth does: one file per use case, each a method of [`Auth`], and the workers that go on
//! behind them. Everything outside is reached through the ports of `archon-domain`.

mod administer;
mod attempt;
mod auth;
mod authenticate;
mod change_password;
mod delete_account;
mod export_account;
mod fault;
mod health;
mod limits;
mod log_in;
mod log_out;
mod policy;
mod profile;
mod recorder;
mod refresh;
mod register;
mod sessions;
mod tokens;
mod verify_email;
pub mod workers;

pub use administer::{Actor, AdministerError, CreateUser};
pub use attempt::OwnPasswordError;
pub use auth::{Auth, Ports};
pub use authenticate::{AuthenticateError, Caller};
pub use change_password::{ChangePassword, ChangePasswordError};
pub use delete_account::{DeleteAccount, DeleteAccountError};
pub use export_account::AccountExport;
pub use fault::{Fault, FaultKind};
pub use health::{DependencyHealth, Health, HealthStatus};
pub use limits::{Limits, LimitsPolicy};
pub use log_in::{LogIn, LogInError, LoggedIn};
pub use log_out::LogOutError;
pub use policy::{ExtraClaim, Links, Policy, TokenPolicy};
pub use profile::{ProfileError, UpdateProfile};
pub use recorder::Recorder;
pub use refresh::{Refresh, RefreshError};
pub use register::{Register, RegisterError, Registered};
pub use sessions::{EndSessionError, ListedSession};
pub use tokens::TokenPair;
pub use verify_email::{ResendError, Resent, VerifyEmailError};
