//! Where a provider's endpoints are (OpenID Connect Discovery 1.0).

use std::sync::Arc;

use archon_domain::{ProviderError, ProviderStep};
use openidconnect::AuthType;
use openidconnect::url::Url;
use serde::Deserialize;

use super::issuer::{IssuerRule, TokenIssuer};
use super::remembered::Remembered;
use super::{Issuer, OidcSettings};
use crate::SettingError;
use crate::fault::{invalid, misconfigured};
use crate::http::{ProviderHttp, Repeat, Visit, get};
use crate::settings::{check_credentials, web_url};

/// A provider's endpoints: those that are configured, and those that it tells.
#[derive(Debug)]
pub(super) struct Provider {
    rule: IssuerRule,
    discovery: Url,
    overrides: Overrides,
    /// Of a provider of which nothing has to be discovered.
    configured: Option<Arc<Metadata>>,
    discovered: Remembered<Metadata>,
}

#[derive(Debug)]
struct Overrides {
    authorization: Option<Url>,
    token: Option<Url>,
    user_info: Option<Url>,
    keys: Option<Url>,
}

/// What is known of a provider.
#[derive(Debug)]
pub(super) struct Metadata {
    pub(super) issuer: TokenIssuer,
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    pub(super) userinfo_endpoint: Option<Url>,
    pub(super) jwks_uri: Url,
    pub(super) authentication: AuthType,
    names_itself_in_callbacks: bool,
}

/// The part of the metadata document that matters here.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    jwks_uri: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Provider {
    /// A provider by its settings.
    pub(super) fn configured(settings: &OidcSettings) -> Result<Self, SettingError> {
        check_credentials(&settings.credentials)?;
        if !settings.scopes.iter().any(|scope| scope == "openid") {
            return Err(SettingError::new("scopes", "must hold openid, or the provider issues no ID token"));
        }
        let url =
            |setting, text: &Option<String>| text.as_deref().map(|text| web_url(setting, text)).transpose();
        let endpoints = &settings.endpoints;
        let overrides = Overrides {
            authorization: url("endpoints.authorization", &endpoints.authorization)?,
            token: url("endpoints.token", &endpoints.token)?,
            user_info: url("endpoints.user_info", &endpoints.user_info)?,
            keys: url("endpoints.keys", &endpoints.keys)?,
        };
        let rule = IssuerRule::of(&settings.issuer)?;
        let discovery = match &endpoints.discovery {
            Some(text) => web_url("endpoints.discovery", text)?,
            None => web_url("issuer", &discovery_url(&settings.issuer))?,
        };
        let configured = overrides.metadata(&settings.issuer).map(Arc::new);
        let discovered = Remembered::nothing(ProviderStep::Discovery);
        Ok(Self { rule, discovery, overrides, configured, discovered })
    }

    /// What is known of the provider, looked up if need be.
    pub(super) async fn metadata(
        &self,
        http: &ProviderHttp,
        visit: Visit,
    ) -> Result<Arc<Metadata>, ProviderError> {
        match &self.configured {
            Some(metadata) => Ok(Arc::clone(metadata)),
            None => self.discovered.get(visit, |visit| self.discover(http, visit)).await,
        }
    }

    async fn discover(&self, http: &ProviderHttp, visit: Visit) -> Result<Metadata, ProviderError> {
        let step = ProviderStep::Discovery;
        let document: Document = fetch_json(http, visit, step, &self.discovery).await?;
        let issuer = self.rule.admit(&document.issuer).map_err(|reason| misconfigured(step, reason))?;
        let endpoint = |name: &str, own: &Option<Url>, told: Option<String>| match own {
            Some(url) => Ok(Some(url.clone())),
            None => told.map(|text| self.endpoint(name, &text)).transpose(),
        };
        let needed = |name: &str, url: Option<Url>| {
            url.ok_or_else(|| invalid(step, format!("the metadata names no {name}")))
        };
        let Overrides { authorization, token, user_info, keys } = &self.overrides;
        let authorization_endpoint =
            endpoint("authorization_endpoint", authorization, document.authorization_endpoint)?;
        let token_endpoint = endpoint("token_endpoint", token, document.token_endpoint)?;
        let jwks_uri = endpoint("jwks_uri", keys, document.jwks_uri)?;
        Ok(Metadata {
            issuer,
            authorization_endpoint: needed("authorization_endpoint", authorization_endpoint)?,
            token_endpoint: needed("token_endpoint", token_endpoint)?,
            userinfo_endpoint: endpoint("userinfo_endpoint", user_info, document.userinfo_endpoint)?,
            jwks_uri: needed("jwks_uri", jwks_uri)?,
            authentication: authentication(document.token_endpoint_auth_methods_supported.as_deref())?,
            names_itself_in_callbacks: document.authorization_response_iss_parameter_supported,
        })
    }

    /// An endpoint that the metadata names; as safe to speak to as the metadata was.
    fn endpoint(&self, name: &str, text: &str) -> Result<Url, ProviderError> {
        let unusable = || invalid(ProviderStep::Discovery, format!("the metadata's {name} cannot be used"));
        let url = web_url("", text).map_err(|_| unusable())?;
        if url.scheme() == "https" || self.discovery.scheme() == "http" { Ok(url) } else { Err(unusable()) }
    }
}

impl Overrides {
    /// What is known of a provider by its settings alone, if that is enough.
    fn metadata(&self, issuer: &Issuer) -> Option<Metadata> {
        let Issuer::Exactly(issuer) = issuer else { return None };
        Some(Metadata {
            issuer: TokenIssuer::One(issuer.clone()),
            authorization_endpoint: self.authorization.clone()?,
            token_endpoint: self.token.clone()?,
            userinfo_endpoint: self.user_info.clone(),
            jwks_uri: self.keys.clone()?,
            authentication: AuthType::BasicAuth,
            names_itself_in_callbacks: false,
        })
    }
}

impl Metadata {
    /// Judges who the browser says to come from (RFC 9207 section 2.4), so that a code of one provider is never
    /// shown to another.
    pub(super) fn check_callback(&self, sender: Option<&str>) -> Result<(), ProviderError> {
        match sender {
            Some(sender) if !self.issuer.admits(sender) => {
                Err(invalid(ProviderStep::Callback, "it comes from another issuer"))
            }
            None if self.names_itself_in_callbacks => {
                Err(invalid(ProviderStep::Callback, "it does not say which issuer it comes from"))
            }
            _ => Ok(()),
        }
    }
}

/// Where the metadata are, by the issuer (OpenID Connect Discovery section 4).
fn discovery_url(issuer: &Issuer) -> String {
    let base = match issuer {
        Issuer::Exactly(issuer) => issuer.trim_end_matches('/').to_owned(),
        Issuer::Microsoft { authority, tenant } => {
            format!("{}/{tenant}/v2.0", authority.trim_end_matches('/'))
        }
    };
    format!("{base}/.well-known/openid-configuration")
}

/// How to prove to the token endpoint who we are (OpenID Connect Core section 9); `client_secret_basic` where the
/// provider does not say.
fn authentication(methods: Option<&[String]>) -> Result<AuthType, ProviderError> {
    let Some(methods) = methods else { return Ok(AuthType::BasicAuth) };
    let offers = |method: &str| methods.iter().any(|offered| offered == method);
    if offers("client_secret_basic") {
        Ok(AuthType::BasicAuth)
    } else if offers("client_secret_post") {
        Ok(AuthType::RequestBody)
    } else {
        Err(misconfigured(
            ProviderStep::Discovery,
            "the provider takes no client secret at its token endpoint",
        ))
    }
}

/// Fetches a JSON document that anybody may read.
pub(super) async fn fetch_json<T: serde::de::DeserializeOwned>(
    http: &ProviderHttp,
    visit: Visit,
    step: ProviderStep,
    url: &Url,
) -> Result<T, ProviderError> {
    let response = http.send(visit, step, &get(step, url, "application/json")?, Repeat::Always).await?;
    if !response.status().is_success() {
        return Err(misconfigured(step, format!("answered {}", response.status())));
    }
    serde_json::from_slice(response.body()).map_err(|_| invalid(step, "the answer cannot be read"))
}
