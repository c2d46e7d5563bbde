//! What users can log in with besides a password: the section `oauth`.

use std::sync::Arc;

use anyhow::Context as _;
use archon_app::{OauthPolicy, RedirectUris};
use archon_domain::ProviderDescriptor;
use archon_domain::ports::{Entropy, IdentityProvider};
use archon_oauth_oidc::{
    ClientCredentials, GithubProvider, GithubSettings, HttpSettings, Issuer, OidcProvider, OidcSettings,
    ProviderHttp, ProviderHttpError, SettingError,
};

use crate::config::Secret;
use crate::config::Settings;
use crate::config::registry::{Github, Google, Microsoft, Provider};

/// A provider in the making: the section that configures it, and how it is spoken to.
enum Plan {
    Oidc(String, OidcSettings),
    Github(String, GithubSettings),
}

/// The configured providers in their order. None of them is asked for anything, so that one that is away delays
/// no start.
///
/// # Errors
/// When one cannot be used, with the setting and what is wrong with it.
pub(crate) fn configured(
    settings: &Settings,
    entropy: &Arc<dyn Entropy>,
) -> anyhow::Result<Vec<Arc<dyn IdentityProvider>>> {
    let oauth = &settings.oauth;
    let well_known = [google(&oauth.google), github(&oauth.github), microsoft(&oauth.microsoft)];
    let others = oauth.providers.iter().map(|(number, provider)| other(number, provider));
    let plans: Vec<Plan> = well_known.into_iter().flatten().chain(others).collect();
    if plans.is_empty() {
        return Ok(Vec::new());
    }
    let http = http(settings, entropy)?;
    plans.into_iter().map(|plan| plan.carry_out(http.clone())).collect()
}

/// How users log in with a provider.
///
/// # Errors
/// When users must not be sent to one of the redirect URIs.
pub(crate) fn policy(settings: &Settings) -> anyhow::Result<OauthPolicy> {
    let uris = settings.oauth.redirect_uris.iter().map(String::as_str);
    Ok(OauthPolicy {
        redirect_uris: RedirectUris::parse(uris).context("oauth.redirect_uris")?,
        state_for: settings.oauth.state_ttl.as_span(),
    })
}

/// The one client that all providers are spoken to with.
fn http(settings: &Settings, entropy: &Arc<dyn Entropy>) -> anyhow::Result<ProviderHttp> {
    let file = &settings.oauth.ca_file;
    let of_file = || format!("oauth.ca_file: {} cannot be read", file.display());
    let given = !file.as_os_str().is_empty();
    let authorities = given.then(|| std::fs::read(file)).transpose().with_context(of_file)?;
    let http = HttpSettings { authorities, ..HttpSettings::default() };
    ProviderHttp::new(&http, Arc::clone(entropy)).map_err(|error| match error {
        ProviderHttpError::Authorities(_) => anyhow::Error::new(error).context(of_file()),
        ProviderHttpError::Client(_) => error.into(),
    })
}

fn google(google: &Google) -> Option<Plan> {
    let credentials = credentials(&google.client_id, &google.client_secret)?;
    let issuer = Issuer::Exactly(google.issuer.clone());
    Some(Plan::Oidc("oauth.google".to_owned(), OidcSettings { issuer, ..OidcSettings::google(credentials) }))
}

fn github(github: &Github) -> Option<Plan> {
    let settings = GithubSettings {
        web_url: github.url.clone(),
        api_url: github.api_url.clone(),
        ..GithubSettings::new(credentials(&github.client_id, &github.client_secret)?)
    };
    Some(Plan::Github("oauth.github".to_owned(), settings))
}

fn microsoft(microsoft: &Microsoft) -> Option<Plan> {
    let credentials = credentials(&microsoft.client_id, &microsoft.client_secret)?;
    let (authority, tenant) = (microsoft.authority.clone(), microsoft.tenant.clone());
    let settings = OidcSettings {
        issuer: Issuer::Microsoft { authority, tenant },
        ..OidcSettings::microsoft(&microsoft.tenant, credentials)
    };
    Some(Plan::Oidc("oauth.microsoft".to_owned(), settings))
}

fn other(number: u16, provider: &Provider) -> Plan {
    let Provider { name, display_name, issuer, client_id, client_secret, icon_url, scopes } = provider;
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let descriptor = ProviderDescriptor {
        name: name.clone(),
        display_name: given(display_name).unwrap_or_else(|| name.clone()),
        icon_url: given(icon_url),
    };
    let client_secret = client_secret.reveal().unwrap_or_default().to_owned();
    let credentials = ClientCredentials { client_id: client_id.clone(), client_secret };
    let settings = OidcSettings::generic(descriptor, issuer, credentials);
    let scopes = scopes.clone();
    Plan::Oidc(format!("oauth.providers.{number}"), OidcSettings { scopes, ..settings })
}

/// What a well-known provider knows the service by, where both halves of it are there.
fn credentials(client_id: &str, client_secret: &Secret) -> Option<ClientCredentials> {
    let client_secret = client_secret.reveal()?.to_owned();
    Some(ClientCredentials { client_id: client_id.to_owned(), client_secret })
}

impl Plan {
    fn carry_out(self, http: ProviderHttp) -> anyhow::Result<Arc<dyn IdentityProvider>> {
        // The message goes on from the section: `oauth.microsoft.tenant must be ...`.
        let named = |section: &str, error: SettingError| anyhow::anyhow!("{section}.{error}");
        match self {
            Self::Oidc(section, settings) => OidcProvider::new(settings, http)
                .map(|provider| Arc::new(provider) as _)
                .map_err(|error| named(&section, error)),
            Self::Github(section, settings) => GithubProvider::new(settings, http)
                .map(|provider| Arc::new(provider) as _)
                .map_err(|error| named(&section, error)),
        }
    }
}
