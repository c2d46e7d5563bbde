//! An OpenID Connect provider that behaves, until it is told not to.

use archon_domain::ports::IdentityProvider as _;
use archon_domain::{ExternalIdentity, Instant, ProviderError};
use archon_oauth_oidc::{OidcProvider, OidcSettings};
use serde_json::{Value, json};

use super::signer::{Key, USUAL_KEY};
use super::stub::{Reply, Stub};
use super::{CLIENT_ID, NONCE, callback, credentials, descriptor, flow, http, now};

pub(crate) const SUBJECT: &str = "subject-1";
pub(crate) const ACCESS_TOKEN: &str = "an-access-token";

const DISCOVERY: &str = "/.well-known/openid-configuration";

/// The provider and the adapter that speaks to it.
pub(crate) struct Idp {
    pub(crate) stub: Stub,
    pub(crate) provider: OidcProvider,
}

impl Idp {
    pub(crate) async fn start() -> Self {
        let stub = Stub::start().await;
        let idp = Self { provider: client_of(&stub), stub };
        idp.publish(&idp.metadata());
        idp.publish_keys(&[&USUAL_KEY]);
        idp.grant(&idp.claims());
        idp
    }

    /// A client that has not heard of the provider yet.
    pub(crate) fn another(&self) -> OidcProvider {
        client_of(&self.stub)
    }

    /// Metadata with nothing wrong about them.
    pub(crate) fn metadata(&self) -> Value {
        let url = &self.stub.url;
        json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"),
            "userinfo_endpoint": format!("{url}/userinfo"),
            "jwks_uri": format!("{url}/jwks"),
        })
    }

    /// Claims with nothing wrong about them.
    pub(crate) fn claims(&self) -> Value {
        let now = now().timestamp();
        json!({
            "iss": self.stub.url, "aud": CLIENT_ID, "sub": SUBJECT, "nonce": NONCE,
            "iat": now, "exp": now + 300,
            "email": "Ada@example.com", "email_verified": true, "name": "Ada Lovelace",
        })
    }

    pub(crate) fn publish(&self, metadata: &Value) {
        self.stub.always(DISCOVERY, Reply::json(metadata));
    }

    pub(crate) fn publish_keys(&self, keys: &[&Key]) {
        let keys: Vec<Value> = keys.iter().map(|key| key.public()).collect();
        self.stub.always("/jwks", Reply::json(&json!({"keys": keys})));
    }

    /// Exchanges every code for an ID token with these claims.
    pub(crate) fn grant(&self, claims: &Value) {
        self.stub.always("/token", granted(&USUAL_KEY.sign(claims)));
    }

    /// The same for claims that differ from the usual ones in one.
    pub(crate) fn grant_with(&self, claim: &str, value: Value) {
        let mut claims = self.claims();
        claims[claim] = value;
        self.grant(&claims);
    }

    /// Has somebody come back from the provider.
    pub(crate) async fn identify(&self) -> Result<ExternalIdentity, ProviderError> {
        self.identify_at(now()).await
    }

    pub(crate) async fn identify_at(&self, now: Instant) -> Result<ExternalIdentity, ProviderError> {
        self.provider.identify(&flow(), &callback(), now).await
    }

    /// What the provider is found to be at fault with.
    pub(crate) async fn fault(&self) -> String {
        self.identify().await.unwrap_err().to_string()
    }

    /// How often each document was asked for: metadata, tokens, keys, user information.
    pub(crate) fn requests(&self) -> [usize; 4] {
        [DISCOVERY, "/token", "/jwks", "/userinfo"].map(|path| self.stub.requests(path).len())
    }

    /// Breaks the metadata.
    pub(crate) fn on_discovery(&self, reply: Reply) {
        self.stub.always(DISCOVERY, reply);
    }
}

fn client_of(stub: &Stub) -> OidcProvider {
    let settings = OidcSettings::generic(descriptor(), &stub.url, credentials());
    OidcProvider::new(settings, http()).unwrap()
}

/// The token endpoint's answer with this ID token.
pub(crate) fn granted(id_token: &str) -> Reply {
    Reply::json(&json!({
        "access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 300, "id_token": id_token,
    }))
}
