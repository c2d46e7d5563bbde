use archon_domain::ProviderDescriptor;

use crate::ClientCredentials;

/// How one OpenID Connect provider is spoken to.
#[derive(Debug, Clone)]
pub struct OidcSettings {
    /// The provider as users see it.
    pub descriptor: ProviderDescriptor,
    /// Who it is.
    pub issuer: Issuer,
    /// What it knows this service by.
    pub credentials: ClientCredentials,
    /// What is asked for; `openid` must be among it.
    pub scopes: Vec<String>,
    /// Addresses that take the place of those which discovery would tell.
    pub endpoints: Endpoints,
}

/// Who a provider is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Issuer {
    /// One issuer, exactly as its metadata and its ID tokens name it.
    Exactly(String),
    /// Microsoft Entra, which has an issuer per tenant.
    Microsoft {
        /// Where it is; `https://login.microsoftonline.com` but for national clouds and tests.
        authority: String,
        /// A tenant's id or domain, or `common`, `organizations` or `consumers`.
        tenant: String,
    },
}

/// Addresses of a provider's endpoints; `None` means the one that discovery tells. With `authorization`, `token`
/// and `keys` together, and one exact issuer, nothing is discovered at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// The metadata document.
    pub discovery: Option<String>,
    /// The authorization endpoint.
    pub authorization: Option<String>,
    /// The token endpoint.
    pub token: Option<String>,
    /// The UserInfo endpoint.
    pub user_info: Option<String>,
    /// The key set.
    pub keys: Option<String>,
}

impl OidcSettings {
    /// Google.
    #[must_use]
    pub fn google(credentials: ClientCredentials) -> Self {
        Self::generic(ProviderDescriptor::google(), "https://accounts.google.com", credentials)
    }

    /// Microsoft, for one tenant (its id or domain) or for many (`common`, `organizations`, `consumers`).
    #[must_use]
    pub fn microsoft(tenant: &str, credentials: ClientCredentials) -> Self {
        let authority = "https://login.microsoftonline.com".to_owned();
        let issuer = Issuer::Microsoft { authority, tenant: tenant.to_owned() };
        let mut settings = Self::of(ProviderDescriptor::microsoft(), issuer, credentials);
        settings.scopes.push("User.Read".to_owned());
        settings
    }

    /// Any other provider, by its issuer.
    #[must_use]
    pub fn generic(descriptor: ProviderDescriptor, issuer: &str, credentials: ClientCredentials) -> Self {
        Self::of(descriptor, Issuer::Exactly(issuer.to_owned()), credentials)
    }

    fn of(descriptor: ProviderDescriptor, issuer: Issuer, credentials: ClientCredentials) -> Self {
        let scopes = ["openid", "email", "profile"].map(str::to_owned).to_vec();
        Self { descriptor, issuer, credentials, scopes, endpoints: Endpoints::default() }
    }
}
