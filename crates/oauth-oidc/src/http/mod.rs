//! HTTP to providers: bounded in time, in size and in how often it is tried.

mod attempt;
mod request;
mod retry;
mod visit;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use archon_domain::ports::Entropy;
use archon_domain::{ProviderError, ProviderStep};
use openidconnect::{HttpRequest, HttpResponse};
use thiserror::Error;
use tokio::time::{Instant, sleep};

pub(crate) use self::request::{bearer, get, post_form};
pub(crate) use self::retry::Repeat;
pub(crate) use self::visit::Visit;

/// How long making a connection may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(3);

/// How long a connection is kept for the next log-in: not so long that providers hang up first.
const IDLE_PATIENCE: Duration = Duration::from_secs(20);

/// Named to the providers; GitHub answers nobody without a name.
const USER_AGENT: &str = concat!("archon-auth/", env!("CARGO_PKG_VERSION"));

/// The HTTP client that all providers are spoken to with. Follows no redirect: where requests with secrets
/// go is for the configuration and the provider's metadata to say, not for an answer.
#[derive(Clone)]
pub struct ProviderHttp {
    client: reqwest::Client,
    entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for ProviderHttp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("ProviderHttp")
    }
}

/// How providers are reached.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Authorities, in PEM, whose certificates are believed beside those that the operating system trusts.
    pub authorities: Option<Vec<u8>>,
    /// Whether to go through the proxy that the environment names (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`).
    pub proxy: bool,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self { authorities: None, proxy: true }
    }
}

/// Why there is no HTTP client.
#[derive(Debug, Error)]
pub enum ProviderHttpError {
    /// The further authorities cannot be read.
    #[error("the authorities for providers are no certificates in PEM: {0}")]
    Authorities(#[source] reqwest::Error),
    /// The operating system trusts nobody, for instance.
    #[error("no HTTP client for providers could be made: {0}")]
    Client(#[source] reqwest::Error),
}

impl ProviderHttp {
    /// A client. `entropy` spreads retries.
    ///
    /// # Errors
    /// When the further authorities cannot be read, or the operating system has no list of its own.
    pub fn new(settings: &HttpSettings, entropy: Arc<dyn Entropy>) -> Result<Self, ProviderHttpError> {
        let mut builder = reqwest::Client::builder();
        if let Some(pem) = &settings.authorities {
            let authorities = reqwest::Certificate::from_pem_bundle(pem);
            builder = builder.tls_certs_merge(authorities.map_err(ProviderHttpError::Authorities)?);
        }
        if !settings.proxy {
            builder = builder.no_proxy();
        }
        let client = builder
            .redirect(reqwest::redirect::Policy::none())
            // Retries are ours: reqwest's own would not be counted.
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT_PATIENCE)
            .pool_idle_timeout(IDLE_PATIENCE)
            .user_agent(USER_AGENT)
            .build()
            .map_err(ProviderHttpError::Client)?;
        Ok(Self { client, entropy })
    }

    /// Sends a request until it is answered with anything but 429 and 5xx, at most four times and for as long
    /// as the visit lasts.
    pub(crate) async fn send(
        &self,
        visit: Visit,
        step: ProviderStep,
        request: &HttpRequest,
        repeat: Repeat,
    ) -> Result<HttpResponse, ProviderError> {
        let mut retries = 0;
        loop {
            let setback = match self.attempt(visit, request, repeat).await {
                Ok(response) => return Ok(response),
                Err(setback) => setback,
            };
            let wait = setback.wait(retries, || self.chance());
            let in_time = Instant::now() + wait < visit.deadline();
            if retries == retry::MAX_RETRIES || !setback.allows(repeat) || !in_time {
                return Err(setback.into_error(step));
            }
            tracing::debug!(%step, retries, ?wait, %setback, "a request to a provider is repeated");
            sleep(wait).await;
            retries += 1;
        }
    }

    /// A random number from 0 to 1.
    fn chance(&self) -> f64 {
        let mut random = [0; 4];
        self.entropy.fill(&mut random);
        f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX)
    }
}
