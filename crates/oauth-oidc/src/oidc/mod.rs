//! OpenID Connect: Google, Microsoft and whoever else keeps to it.

mod client;
mod id_token;
mod issuer;
mod keys;
mod metadata;
mod remembered;
mod settings;
mod user_info;

use archon_domain::ports::IdentityProvider;
use archon_domain::{
    AuthorizationResponse, ExternalIdentity, Instant, OauthFlow, OneTimeToken, ProviderDescriptor,
    ProviderError, ProviderStep,
};
use async_trait::async_trait;

use self::id_token::Claims;
use self::keys::KeyRing;
use self::metadata::{Metadata, Provider};
pub use self::settings::{Endpoints, Issuer, OidcSettings};
use self::user_info::Contact;
use crate::fault::{invalid, misconfigured};
use crate::http::{ProviderHttp, Visit};
use crate::{SettingError, person};

/// A provider that speaks OpenID Connect.
#[derive(Debug)]
pub struct OidcProvider {
    settings: OidcSettings,
    http: ProviderHttp,
    provider: Provider,
    keys: KeyRing,
}

impl OidcProvider {
    /// A provider by its settings. Asks it for nothing yet: a provider that is away delays no start.
    ///
    /// # Errors
    /// When a setting cannot be used.
    pub fn new(settings: OidcSettings, http: ProviderHttp) -> Result<Self, SettingError> {
        let provider = Provider::configured(&settings)?;
        Ok(Self { settings, http, provider, keys: KeyRing::default() })
    }
}

#[async_trait]
impl IdentityProvider for OidcProvider {
    fn descriptor(&self) -> &ProviderDescriptor {
        &self.settings.descriptor
    }

    async fn authorization_url(
        &self,
        flow: &OauthFlow,
        state: &OneTimeToken,
        now: Instant,
    ) -> Result<String, ProviderError> {
        let metadata = self.provider.metadata(&self.http, Visit::begin(now)).await?;
        let endpoint = &metadata.authorization_endpoint;
        let OidcSettings { credentials, scopes, .. } = &self.settings;
        let mut url =
            crate::authorization::authorization_url(endpoint, &credentials.client_id, scopes, flow, state);
        url.query_pairs_mut().append_pair("nonce", nonce(flow)?);
        Ok(url.into())
    }

    async fn identify(
        &self,
        flow: &OauthFlow,
        response: &AuthorizationResponse,
        now: Instant,
    ) -> Result<ExternalIdentity, ProviderError> {
        let visit = Visit::begin(now);
        let nonce = nonce(flow)?;
        let metadata = self.provider.metadata(&self.http, visit).await?;
        metadata.check_callback(response.issuer.as_deref())?;

        let credentials = &self.settings.credentials;
        let granted =
            client::exchange(&self.http, visit, &metadata, credentials, flow, &response.code).await?;
        let claims = self.keys.judge(&self.http, visit, &metadata, credentials, &granted, nonce).await?;
        let subject = subject(&claims, &metadata, response.issuer.as_deref())?;

        let mut contact = Contact::of_id_token(&claims, &metadata.issuer);
        if contact.email.is_none()
            && let Some(endpoint) = &metadata.userinfo_endpoint
        {
            let known = claims.subject();
            let asked =
                user_info::ask(&self.http, visit, endpoint, &granted, known, &metadata.issuer).await?;
            contact = Contact { name: contact.name.or(asked.name), ..asked };
        }
        Ok(ExternalIdentity {
            provider: self.settings.descriptor.name.clone(),
            subject,
            email: contact.email,
            email_verified: contact.email_verified,
            name: contact.name,
        })
    }
}

/// What we call the user of an ID token, which must be of the issuer whom the callback came from.
fn subject(claims: &Claims, metadata: &Metadata, sender: Option<&str>) -> Result<String, ProviderError> {
    let (issuer, subject) = (claims.issuer().as_str(), claims.subject().as_str());
    if sender.is_some_and(|sender| sender != issuer) {
        return Err(invalid(ProviderStep::IdToken, "it is of another issuer than the callback"));
    }
    if !person::is_subject(subject) {
        return Err(invalid(ProviderStep::IdToken, "its subject is empty, over-long or garbled"));
    }
    Ok(metadata.issuer.subject(issuer, subject))
}

/// The nonce that the ID token has to repeat.
fn nonce(flow: &OauthFlow) -> Result<&str, ProviderError> {
    let missing = || misconfigured(ProviderStep::Callback, "the flow was begun without a nonce");
    flow.nonce.as_deref().ok_or_else(missing)
}
