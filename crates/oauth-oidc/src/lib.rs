//! Log-ins with OpenID Connect providers and GitHub, by openidconnect.
//!
//! An [`OidcProvider`] finds a provider's endpoints by discovery and judges its ID tokens; a
//! [`GithubProvider`] asks GitHub, which issues none. Both speak through one [`ProviderHttp`], which bounds
//! what a slow, failing or hostile provider can cost.

mod authorization;
mod fault;
mod github;
mod http;
mod oidc;
mod person;
mod settings;

pub use github::{GithubProvider, GithubSettings};
pub use http::{HttpSettings, ProviderHttp, ProviderHttpError};
pub use oidc::{Endpoints, Issuer, OidcProvider, OidcSettings};
pub use settings::{ClientCredentials, SettingError};
