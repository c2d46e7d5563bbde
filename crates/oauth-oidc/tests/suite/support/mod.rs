//! What the tests are made of.

pub(crate) mod browser;
mod certified;
mod idp;
mod signer;
pub(crate) mod stub;

use std::sync::Arc;

use archon_domain::ports::Entropy;
use archon_domain::{
    AuthorizationResponse, Instant, OauthFlow, OauthPurpose, OneTimeToken, ProviderDescriptor, Span,
};
use archon_oauth_oidc::{ClientCredentials, HttpSettings, ProviderHttp, ProviderHttpError};

pub(crate) use certified::CertifiedProvider;
pub(crate) use idp::{ACCESS_TOKEN, Idp, SUBJECT, granted};
pub(crate) use signer::{Key, ROTATED_KEY, USUAL_KEY, access_token_hash, signed_with_secret, unsigned};

pub(crate) const CLIENT_ID: &str = "archon";
pub(crate) const CLIENT_SECRET: &str = "a client secret: with + and &";
pub(crate) const REDIRECT_URI: &str = "https://archon.example/auth/oauth/acme/callback";
pub(crate) const NONCE: &str = "the nonce of this log-in";

/// Some instant, for tests whose provider has a clock that we set.
pub(crate) fn now() -> Instant {
    Instant::from_timestamp(1_800_000_000, 0).unwrap()
}

/// The time of day, for tests whose provider looks at it.
#[expect(clippy::disallowed_methods, reason = "a provider in a process of its own has a clock of its own")]
pub(crate) fn real_now() -> Instant {
    std::time::SystemTime::now().into()
}

pub(crate) fn flow() -> OauthFlow {
    OauthFlow {
        provider: "acme".to_owned(),
        redirect_uri: REDIRECT_URI.to_owned(),
        pkce_verifier: "a-pkce-verifier-of-at-least-43-characters-in-length".to_owned(),
        nonce: Some(NONCE.to_owned()),
        purpose: OauthPurpose::LogIn,
        expires_at: now() + Span::minutes(10),
    }
}

pub(crate) fn state() -> OneTimeToken {
    OneTimeToken::generate(&NoChance)
}

pub(crate) fn callback() -> AuthorizationResponse {
    AuthorizationResponse { code: "a-code".to_owned(), issuer: None }
}

pub(crate) fn credentials() -> ClientCredentials {
    ClientCredentials { client_id: CLIENT_ID.to_owned(), client_secret: CLIENT_SECRET.to_owned() }
}

pub(crate) fn descriptor() -> ProviderDescriptor {
    ProviderDescriptor { name: "acme".to_owned(), display_name: "Acme".to_owned(), icon_url: None }
}

pub(crate) fn http() -> ProviderHttp {
    http_trusting(None).unwrap()
}

/// A client that believes certificates of `authorities`, in PEM, as well.
pub(crate) fn http_trusting(authorities: Option<Vec<u8>>) -> Result<ProviderHttp, ProviderHttpError> {
    ProviderHttp::new(&HttpSettings { authorities, proxy: false }, Arc::new(NoChance))
}

/// Leaves nothing to chance, so that waits are the longest.
#[derive(Debug)]
pub(crate) struct NoChance;

impl Entropy for NoChance {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}
