use std::fmt;

use archon_domain::{Client, OauthFlow, OauthPurpose, OneTimeToken, ProviderError};
use thiserror::Error;

use super::ProviderLookup;
use super::callback::Failure;
use crate::{Auth, Fault};

/// Send somebody to a provider.
#[derive(Debug)]
pub struct BeginOauth {
    /// The provider's name.
    pub provider: String,
    /// Where the provider is to send them back to.
    pub redirect: RedirectTarget,
    /// What for.
    pub purpose: OauthPurpose,
    /// Who asks.
    pub client: Client,
}

/// Where a provider sends users back to.
#[derive(Debug)]
pub enum RedirectTarget {
    /// An address that a client names: it must be in the deployment's list.
    Listed(String),
    /// A page of the service itself.
    Own(String),
}

/// A flow that has begun.
pub struct BegunOauth {
    /// Where to send the user's browser.
    pub authorization_url: String,
    /// What the provider sends back with the user. Whoever begins keeps it where only the user's browser has
    /// it, and compares: a callback with another one was begun by somebody else (RFC 9700 section 4.7).
    pub state: OneTimeToken,
}

impl fmt::Debug for BegunOauth {
    /// The address holds the state, which is not shown.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BegunOauth").finish_non_exhaustive()
    }
}

/// Why nobody can be sent to a provider.
#[derive(Debug, Error)]
pub enum BeginOauthError {
    /// There is no such provider.
    #[error("there is no such provider")]
    UnknownProvider,
    /// There are no credentials for the provider.
    #[error("the provider is not configured")]
    NotConfigured,
    /// The address to come back to is not in the list.
    #[error("the redirect URI is not in the list")]
    InvalidRedirectUri,
    /// The provider's endpoints cannot be found out.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The service could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Auth {
    /// Begins a flow and says where to send the user's browser.
    ///
    /// # Errors
    /// See [`BeginOauthError`]; nothing is remembered then.
    pub async fn begin_oauth(&self, command: BeginOauth) -> Result<BegunOauth, BeginOauthError> {
        let BeginOauth { provider: name, redirect, purpose, client } = command;
        let provider = match self.ports.providers.find(&name) {
            ProviderLookup::Configured(provider) => provider,
            ProviderLookup::NotConfigured => return Err(BeginOauthError::NotConfigured),
            ProviderLookup::Unknown => return Err(BeginOauthError::UnknownProvider),
        };
        let policy = &self.policy.oauth;
        let redirect_uri = match redirect {
            RedirectTarget::Own(uri) => uri,
            RedirectTarget::Listed(uri) if policy.redirect_uris.allow(&uri) => uri,
            RedirectTarget::Listed(_) => return Err(BeginOauthError::InvalidRedirectUri),
        };
        let now = self.now();
        let entropy = &*self.ports.entropy;
        let state = OneTimeToken::generate(entropy);
        let flow = OauthFlow::begin(name, redirect_uri, purpose, now + policy.state_for, entropy);
        let authorization_url = match provider.authorization_url(&flow, &state, now).await {
            Ok(url) => url,
            Err(error) => {
                let failed = self.failed_flow(&flow.provider, Failure::from(&error));
                self.recorder.record(failed.client(&client)).await;
                return Err(error.into());
            }
        };
        self.ports.oauth_states.begin(&state, flow, now).await.map_err(Fault::from)?;
        Ok(BegunOauth { authorization_url, state })
    }
}
