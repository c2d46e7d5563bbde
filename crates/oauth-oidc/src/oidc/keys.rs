//! The keys that a provider signs its ID tokens with.

use archon_domain::{ProviderError, ProviderStep};
use openidconnect::core::CoreJsonWebKeySet;
use openidconnect::{OAuth2TokenResponse as _, TokenResponse as _};

use super::client::Granted;
use super::id_token::{Claims, Judge, Verdict};
use super::metadata::{Metadata, fetch_json};
use super::remembered::Remembered;
use crate::ClientCredentials;
use crate::fault::invalid;
use crate::http::{ProviderHttp, Visit};

/// A provider's public keys (RFC 7517 section 5).
#[derive(Debug)]
pub(super) struct KeyRing {
    keys: Remembered<CoreJsonWebKeySet>,
}

impl Default for KeyRing {
    fn default() -> Self {
        Self { keys: Remembered::nothing(ProviderStep::Keys) }
    }
}

impl KeyRing {
    /// Says what the ID token says, if it is to be believed. A token of a key that is not known yet has the keys
    /// fetched anew, but not more than twice a minute: who can make up tokens could make us ask for ever.
    pub(super) async fn judge(
        &self,
        http: &ProviderHttp,
        visit: Visit,
        metadata: &Metadata,
        credentials: &ClientCredentials,
        granted: &Granted,
        nonce: &str,
    ) -> Result<Claims, ProviderError> {
        let step = ProviderStep::IdToken;
        let token = granted.id_token().ok_or_else(|| invalid(step, "the provider issued none"))?;
        let judge = Judge { metadata, client_id: &credentials.client_id, nonce, now: visit.now() };
        let fetch = |visit| fetch_json(http, visit, ProviderStep::Keys, &metadata.jwks_uri);

        let known = self.keys.get(visit, fetch).await?;
        if let Verdict::Believed(claims) = judge.judge(token, granted.access_token(), &known)? {
            return Ok(*claims);
        }
        if let Some(newer) = self.keys.newer(visit, &known, fetch).await?
            && let Verdict::Believed(claims) = judge.judge(token, granted.access_token(), &newer)?
        {
            return Ok(*claims);
        }
        Err(invalid(step, "it is signed with a key that the provider does not publish"))
    }
}
