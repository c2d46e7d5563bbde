use std::fmt;

use crate::Instant;

/// What must be remembered of a log-in with a provider until its callback comes (RFC 6749 section 4.1,
/// RFC 7636, OpenID Connect Core section 3.1.2.1).
#[derive(Clone, PartialEq, Eq)]
pub struct OauthFlow {
    /// The provider's name in configuration and paths.
    pub provider: String,
    /// Where the provider sends the user back to.
    pub redirect_uri: String,
    /// The PKCE verifier: a secret.
    pub pkce_verifier: String,
    /// The nonce that the ID token must repeat, with OpenID Connect: a secret.
    pub nonce: Option<String>,
    /// From when on the callback is refused.
    pub expires_at: Instant,
}

impl fmt::Debug for OauthFlow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OauthFlow")
            .field("provider", &self.provider)
            .field("redirect_uri", &self.redirect_uri)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
