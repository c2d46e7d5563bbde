use async_trait::async_trait;

use crate::{
    AuthorizationResponse, ExternalIdentity, Instant, OauthFlow, OneTimeToken, ProviderDescriptor,
    ProviderError,
};

/// A provider at whom users prove who they are: one value per configured provider.
///
/// Every method comes back within 10 seconds, retries included, however slow the provider is.
#[async_trait]
pub trait IdentityProvider: Send + Sync {
    /// The provider as users see it.
    fn descriptor(&self) -> &ProviderDescriptor;

    /// Where to send the user's browser to begin `flow`, with everything the provider must know of it.
    ///
    /// # Errors
    /// When the provider's endpoints are not known and cannot be looked up.
    async fn authorization_url(
        &self,
        flow: &OauthFlow,
        state: &OneTimeToken,
        now: Instant,
    ) -> Result<String, ProviderError>;

    /// Spends the code that the browser brought back and says who the user is.
    ///
    /// # Errors
    /// At the first step that fails. The code may be spent then, so that the user has to begin anew.
    async fn identify(
        &self,
        flow: &OauthFlow,
        response: &AuthorizationResponse,
        now: Instant,
    ) -> Result<ExternalIdentity, ProviderError>;
}
