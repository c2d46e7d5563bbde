//! GitHub, which speaks OAuth but no OpenID Connect: who the user is comes from its REST API.

mod answers;

use archon_domain::ports::IdentityProvider;
use archon_domain::{
    AuthorizationResponse, ExternalIdentity, Instant, OauthFlow, OneTimeToken, ProviderDescriptor,
    ProviderError, ProviderStep,
};
use async_trait::async_trait;
use openidconnect::http::StatusCode;
use openidconnect::url::Url;
use serde::de::DeserializeOwned;

use self::answers::{Address, Grant, User, reachable};
use crate::fault::{invalid, misconfigured, refused};
use crate::http::{ProviderHttp, Repeat, Visit, bearer, post_form};
use crate::settings::{check_credentials, web_url};
use crate::{ClientCredentials, SettingError, person};

/// The version of the REST API whose answers are understood here.
const API_VERSION: &str = "2022-11-28";

/// How GitHub, or a GitHub Enterprise Server, is spoken to.
#[derive(Debug, Clone)]
pub struct GithubSettings {
    /// The provider as users see it.
    pub descriptor: ProviderDescriptor,
    /// What it knows this service by.
    pub credentials: ClientCredentials,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// Where users log in: `https://github.com`, or an Enterprise Server's address.
    pub web_url: String,
    /// Where the REST API is: `https://api.github.com`, or an Enterprise Server's address with `/api/v3`.
    pub api_url: String,
}

impl GithubSettings {
    /// github.com.
    #[must_use]
    pub fn new(credentials: ClientCredentials) -> Self {
        Self {
            descriptor: ProviderDescriptor::github(),
            credentials,
            scopes: vec!["user:email".to_owned()],
            web_url: "https://github.com".to_owned(),
            api_url: "https://api.github.com".to_owned(),
        }
    }
}

/// GitHub, or a GitHub Enterprise Server.
#[derive(Debug)]
pub struct GithubProvider {
    settings: GithubSettings,
    http: ProviderHttp,
    /// What GitHub calls itself in callbacks; it did so in April 2026, took it back, and means to do it again.
    issuer: String,
    authorize: Url,
    token: Url,
    user: Url,
    emails: Url,
}

impl GithubProvider {
    /// GitHub by its settings.
    ///
    /// # Errors
    /// When a setting cannot be used.
    pub fn new(settings: GithubSettings, http: ProviderHttp) -> Result<Self, SettingError> {
        check_credentials(&settings.credentials)?;
        let url = |setting, base: &str, path: &str| {
            web_url(setting, &format!("{}{path}", base.trim_end_matches('/')))
        };
        Ok(Self {
            issuer: format!("{}/login/oauth", settings.web_url.trim_end_matches('/')),
            authorize: url("web_url", &settings.web_url, "/login/oauth/authorize")?,
            token: url("web_url", &settings.web_url, "/login/oauth/access_token")?,
            user: url("api_url", &settings.api_url, "/user")?,
            emails: url("api_url", &settings.api_url, "/user/emails?per_page=100")?,
            settings,
            http,
        })
    }

    /// Spends the code. A failure is answered with 200 as well, and an error in the body (GitHub, "Troubleshooting
    /// OAuth app access token request errors").
    async fn exchange(&self, visit: Visit, flow: &OauthFlow, code: &str) -> Result<String, ProviderError> {
        let step = ProviderStep::TokenExchange;
        let ClientCredentials { client_id, client_secret } = &self.settings.credentials;
        let fields = [
            ("client_id", client_id.as_str()),
            ("client_secret", client_secret),
            ("code", code),
            ("redirect_uri", &flow.redirect_uri),
            ("code_verifier", &flow.pkce_verifier),
        ];
        let request = post_form(step, &self.token, &fields)?;
        let response = self.http.send(visit, step, &request, Repeat::UnlessInDoubt).await?;
        match response.status() {
            StatusCode::OK => {}
            // What GitHub answers to a client id that it does not know.
            StatusCode::NOT_FOUND => return Err(misconfigured(step, "no application has this client id")),
            status => return Err(invalid(step, format!("answered {status}"))),
        }
        match serde_json::from_slice(response.body()) {
            Ok(Grant::Granted { access_token }) => Ok(access_token),
            Ok(Grant::Denied { error }) => Err(deny(&error)),
            Err(_) => Err(invalid(step, "the answer cannot be read")),
        }
    }

    /// Asks the REST API.
    async fn ask<T: DeserializeOwned>(
        &self,
        visit: Visit,
        url: &Url,
        access_token: &str,
    ) -> Result<T, ProviderError> {
        let step = ProviderStep::UserInfo;
        let mut request = bearer(step, url, access_token, "application/vnd.github+json")?;
        request
            .headers_mut()
            .insert("x-github-api-version", openidconnect::http::HeaderValue::from_static(API_VERSION));
        let response = self.http.send(visit, step, &request, Repeat::Always).await?;
        let path = url.path();
        match response.status() {
            StatusCode::OK => serde_json::from_slice(response.body())
                .map_err(|_| invalid(step, format!("the answer of {path} cannot be read"))),
            StatusCode::UNAUTHORIZED => Err(refused(step, format!("{path} does not take the access token"))),
            // A GitHub App without the permission to read addresses, or a suspended user.
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                Err(misconfigured(step, format!("the application may not read {path}")))
            }
            status => Err(invalid(step, format!("{path} answered {status}"))),
        }
    }
}

#[async_trait]
impl IdentityProvider for GithubProvider {
    fn descriptor(&self) -> &ProviderDescriptor {
        &self.settings.descriptor
    }

    async fn authorization_url(
        &self,
        flow: &OauthFlow,
        state: &OneTimeToken,
        _now: Instant,
    ) -> Result<String, ProviderError> {
        let GithubSettings { credentials, scopes, .. } = &self.settings;
        let client_id = &credentials.client_id;
        let url = crate::authorization::authorization_url(&self.authorize, client_id, scopes, flow, state);
        Ok(url.into())
    }

    async fn identify(
        &self,
        flow: &OauthFlow,
        response: &AuthorizationResponse,
        now: Instant,
    ) -> Result<ExternalIdentity, ProviderError> {
        if response.issuer.as_ref().is_some_and(|sender| *sender != self.issuer) {
            return Err(invalid(ProviderStep::Callback, "it comes from another issuer"));
        }
        let visit = Visit::begin(now);
        let access_token = self.exchange(visit, flow, &response.code).await?;
        let user: User = self.ask(visit, &self.user, &access_token).await?;
        // The profile's address is public or absent, and says nothing of being verified.
        let addresses: Vec<Address> = self.ask(visit, &self.emails, &access_token).await?;
        let (email, email_verified) =
            reachable(&addresses).map_or((None, false), |(email, verified)| (Some(email), verified));
        Ok(ExternalIdentity {
            provider: self.settings.descriptor.name.clone(),
            // Not the login, which users change and others then take.
            subject: user.id.to_string(),
            email,
            email_verified,
            name: person::name(user.name.as_deref()).or_else(|| person::name(Some(&user.login))),
        })
    }
}

/// What GitHub's error codes mean (GitHub, "Troubleshooting OAuth app access token request errors").
fn deny(error: &str) -> ProviderError {
    let step = ProviderStep::TokenExchange;
    match error {
        "bad_verification_code" => refused(
            step,
            "bad_verification_code: the code is unknown, spent or expired, or was not issued to us",
        ),
        "unverified_user_email" => {
            refused(step, "unverified_user_email: the user's primary address is not verified")
        }
        "incorrect_client_credentials" => {
            misconfigured(step, "incorrect_client_credentials: the client id or secret is wrong")
        }
        "redirect_uri_mismatch" => misconfigured(
            step,
            "redirect_uri_mismatch: the redirect URI is not registered with the application",
        ),
        "application_suspended" => {
            misconfigured(step, "application_suspended: GitHub has suspended the application")
        }
        _ => refused(step, "an error of the provider's own"),
    }
}
