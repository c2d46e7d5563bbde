use std::error::Error;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::ports::Entropy;
use crate::{Email, Instant, PersonName, Span, UserId, random_text};

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
    /// What the flow is for.
    pub purpose: OauthPurpose,
    /// From when on the callback is refused.
    pub expires_at: Instant,
}

impl OauthFlow {
    /// Random bytes in a PKCE verifier (RFC 7636 section 4.1) and in a nonce.
    pub const SECRET_BYTES: usize = 32;

    /// A flow with secrets of its own. It has a nonce whether its provider looks at it or not.
    #[must_use]
    pub fn begin(
        provider: String,
        redirect_uri: String,
        purpose: OauthPurpose,
        expires_at: Instant,
        entropy: &dyn Entropy,
    ) -> Self {
        let secret = || random_text::generate::<{ Self::SECRET_BYTES }>(entropy);
        let (pkce_verifier, nonce) = (secret(), Some(secret()));
        Self { provider, redirect_uri, pkce_verifier, nonce, purpose, expires_at }
    }

    /// What the provider is shown of the PKCE verifier before the code is exchanged, by the method S256
    /// (RFC 7636 section 4.2).
    #[must_use]
    pub fn pkce_challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.pkce_verifier.as_bytes()))
    }
}

impl fmt::Debug for OauthFlow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OauthFlow")
            .field("provider", &self.provider)
            .field("redirect_uri", &self.redirect_uri)
            .field("purpose", &self.purpose)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What a flow is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OauthPurpose {
    /// Somebody logs in.
    LogIn,
    /// A user who is logged in links an identity to their account.
    Link(UserId),
}

/// A provider as users see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderDescriptor {
    /// Its name in configuration, paths and the database; never changes.
    pub name: String,
    /// What its button says.
    pub display_name: String,
    /// Where its icon is, if it has one.
    pub icon_url: Option<String>,
}

impl ProviderDescriptor {
    /// Google.
    #[must_use]
    pub fn google() -> Self {
        Self::well_known("google", "Google")
    }

    /// GitHub.
    #[must_use]
    pub fn github() -> Self {
        Self::well_known("github", "GitHub")
    }

    /// Microsoft.
    #[must_use]
    pub fn microsoft() -> Self {
        Self::well_known("microsoft", "Microsoft")
    }

    fn well_known(name: &str, display_name: &str) -> Self {
        Self { name: name.to_owned(), display_name: display_name.to_owned(), icon_url: None }
    }
}

/// What the user's browser brings back from the provider (RFC 6749 section 4.1.2), `state` aside.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationResponse {
    /// `code`: a secret until it is spent.
    pub code: String,
    /// `iss`: who says to have sent the user back (RFC 9207).
    pub issuer: Option<String>,
}

impl fmt::Debug for AuthorizationResponse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AuthorizationResponse").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// Who a provider says the user is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalIdentity {
    /// The provider's name.
    pub provider: String,
    /// What the provider calls the user, for ever; unique within the provider. 1 to 300 bytes.
    pub subject: String,
    /// The user's address, if the provider tells one that mail can be sent to.
    pub email: Option<Email>,
    /// Whether the provider vouches that the address is the user's. False where there is none.
    pub email_verified: bool,
    /// What the user is called there, if the provider tells.
    pub name: Option<PersonName>,
}

/// The steps of a log-in with a provider, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProviderStep {
    /// What the browser brought back is judged.
    Callback,
    /// The provider's endpoints are looked up (OpenID Connect Discovery section 4).
    Discovery,
    /// The code is exchanged for tokens (RFC 6749 section 4.1.3).
    TokenExchange,
    /// The provider's public keys are fetched (RFC 7517 section 5).
    Keys,
    /// The ID token is judged (OpenID Connect Core section 3.1.3.7).
    IdToken,
    /// The user's address and name are asked for (OpenID Connect Core section 5.3; GitHub's REST API).
    UserInfo,
}

impl ProviderStep {
    /// The step in words that may be shown to anybody.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Callback => "authorization response",
            Self::Discovery => "discovery",
            Self::TokenExchange => "token exchange",
            Self::Keys => "signing keys",
            Self::IdToken => "ID token",
            Self::UserInfo => "user information",
        }
    }
}

impl fmt::Display for ProviderStep {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// What a caller can do about a [`ProviderError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderFault {
    /// The provider is away, slow or busy, and stayed so for as long as we could wait; a log-in that is begun
    /// later may succeed.
    Unavailable {
        /// How long the provider asks to be left alone, if it says so.
        retry_after: Option<Span>,
    },
    /// The provider refuses this log-in, for instance because its code is unknown, spent or expired; a log-in
    /// that is begun anew may succeed.
    Refused,
    /// Our credentials or settings do not fit the provider; an operator has to look.
    Misconfigured,
    /// The answer is none that may be believed: forged, for somebody else, expired, over-long or garbled.
    InvalidAnswer,
}

impl fmt::Display for ProviderFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unavailable { .. } => "the provider is unavailable",
            Self::Refused => "the provider refuses",
            Self::Misconfigured => "the provider is misconfigured",
            Self::InvalidAnswer => "the provider's answer is invalid",
        })
    }
}

/// Why a log-in with a provider cannot go on. Holds no secret and nothing of a provider's answer word for word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderError {
    step: ProviderStep,
    fault: ProviderFault,
    reason: String,
}

impl ProviderError {
    /// An error at `step`; `reason` is for the log, in our own words.
    pub fn new(step: ProviderStep, fault: ProviderFault, reason: impl Into<String>) -> Self {
        Self { step, fault, reason: reason.into() }
    }

    /// Which step failed.
    #[must_use]
    pub const fn step(&self) -> ProviderStep {
        self.step
    }

    /// What a caller can do about it.
    #[must_use]
    pub const fn fault(&self) -> ProviderFault {
        self.fault
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}: {}", self.step, self.fault, self.reason)
    }
}

impl Error for ProviderError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Counting(std::sync::atomic::AtomicU8);

    impl Entropy for Counting {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        }
    }

    #[test]
    fn a_flow_has_two_secrets_of_its_own_and_shows_neither() {
        let expires_at = Instant::from_timestamp(600, 0).unwrap();
        let flow = OauthFlow::begin(
            "p".to_owned(),
            "https://r".to_owned(),
            OauthPurpose::LogIn,
            expires_at,
            &Counting(1.into()),
        );
        let nonce = flow.nonce.clone().unwrap();
        assert_ne!(flow.pkce_verifier, nonce);
        // RFC 7636 section 4.1: 43 to 128 characters.
        assert_eq!(flow.pkce_verifier.len(), 43);
        let shown = format!("{flow:?}");
        assert!(!shown.contains(&flow.pkce_verifier) && !shown.contains(&nonce), "{shown}");
    }

    /// The example of RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        let flow = OauthFlow {
            provider: String::new(),
            redirect_uri: String::new(),
            pkce_verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".to_owned(),
            nonce: None,
            purpose: OauthPurpose::LogIn,
            expires_at: Instant::UNIX_EPOCH,
        };
        assert_eq!(flow.pkce_challenge(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn an_error_names_its_step_and_what_is_the_matter() {
        let fault = ProviderFault::Unavailable { retry_after: None };
        let error = ProviderError::new(ProviderStep::TokenExchange, fault, "answered 503");
        assert_eq!(error.to_string(), "token exchange: the provider is unavailable: answered 503");
    }
}
