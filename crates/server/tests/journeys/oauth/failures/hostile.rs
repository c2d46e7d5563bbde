use archon_domain::ports::Clock as _;
use archon_server::system::SystemClock;
use serde_json::{Value, json};

use super::signer::{Key, USUAL_KEY};
use super::stub::{Reply, Stub};
use crate::oauth::providers::CLIENT_ID;

pub(super) const DISCOVERY: &str = "/.well-known/openid-configuration";
pub(super) const CODE: &str = "a-code-that-is-secret";
pub(super) const ACCESS_TOKEN: &str = "an-access-token-that-is-secret";
/// Stands for what a provider answers the service in its own words, which reach nobody.
pub(super) const TELL_TALE: &str = "tell-tale";
/// Stands for what it sends back with the user, which reaches the log and nobody else.
pub(super) const DESCRIPTION: &str = "a-word-for-the-log";

/// A provider of OpenID Connect that behaves, until it is told not to.
pub(super) struct Hostile {
    pub(super) name: &'static str,
    pub(super) stub: Stub,
}

impl Hostile {
    pub(super) async fn start(name: &'static str) -> Self {
        let hostile = Self { name, stub: Stub::start().await };
        let url = &hostile.stub.url;
        let metadata = json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"),
            "userinfo_endpoint": format!("{url}/userinfo"),
            "jwks_uri": format!("{url}/jwks"),
        });
        hostile.stub.always(DISCOVERY, Reply::json(&metadata));
        hostile.stub.always("/jwks", Reply::json(&json!({"keys": [USUAL_KEY.public()]})));
        hostile
    }

    /// Claims with nothing wrong about them; the address is the provider's name at `example.com`.
    pub(super) fn claims(&self, nonce: &str) -> Value {
        let now = SystemClock.now().timestamp();
        json!({
            "iss": self.stub.url, "aud": CLIENT_ID, "sub": "subject-1", "nonce": nonce, "iat": now, "exp": now + 300,
            "email": format!("{}@example.com", self.name), "email_verified": true, "name": "Ada Lovelace",
        })
    }

    /// Exchanges every code for this ID token.
    pub(super) fn grant(&self, id_token: &str) {
        self.stub.always("/token", granted(id_token));
    }

    /// The same for claims that differ from the usual ones in one.
    pub(super) fn grant_with(&self, nonce: &str, claim: &str, value: impl Into<Value>) {
        let mut claims = self.claims(nonce);
        claims[claim] = value.into();
        self.grant(&USUAL_KEY.sign(&claims));
    }

    /// The same for the usual ones, signed with this key.
    pub(super) fn grant_signed(&self, nonce: &str, key: &Key) {
        self.grant(&key.sign(&self.claims(nonce)));
    }

    /// Exchanges a code as it should, after so many answers such as this one.
    pub(super) fn grant_after(&self, nonce: &str, count: usize, reply: Reply) {
        let granted = granted(&USUAL_KEY.sign(&self.claims(nonce)));
        self.stub.on("/token", move |before, _| if before < count { reply.clone() } else { granted.clone() });
    }
}

fn granted(id_token: &str) -> Reply {
    Reply::json(&json!({
        "access_token": ACCESS_TOKEN, "token_type": "Bearer", "expires_in": 300, "id_token": id_token,
    }))
}
