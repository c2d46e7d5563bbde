use archon_domain::ports::OauthStates;
use archon_domain::{Instant, OauthFlow, OauthPurpose, OneTimeToken, StoreError, UserId};
use async_trait::async_trait;
use deadpool_redis::redis::{Value, cmd};
use serde::{Deserialize, Serialize};

use crate::fault::{Fault, code};
use crate::link::Wire;
use crate::nodes::Request;
use crate::{RedisStore, times};

/// A flow as JSON.
#[derive(Serialize, Deserialize)]
struct FlowRow {
    provider: String,
    redirect_uri: String,
    pkce_verifier: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    /// The user whose account the identity is to be linked to; absent in a log-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    link_to: Option<UserId>,
    expires_at: String,
}

impl From<OauthFlow> for FlowRow {
    fn from(flow: OauthFlow) -> Self {
        Self {
            provider: flow.provider,
            redirect_uri: flow.redirect_uri,
            pkce_verifier: flow.pkce_verifier,
            nonce: flow.nonce,
            link_to: match flow.purpose {
                OauthPurpose::LogIn => None,
                OauthPurpose::Link(user) => Some(user),
            },
            expires_at: times::text(flow.expires_at),
        }
    }
}

impl FlowRow {
    fn into_flow(self) -> Option<OauthFlow> {
        Some(OauthFlow {
            provider: self.provider,
            redirect_uri: self.redirect_uri,
            pkce_verifier: self.pkce_verifier,
            nonce: self.nonce,
            purpose: self.link_to.map_or(OauthPurpose::LogIn, OauthPurpose::Link),
            expires_at: times::read(&self.expires_at)?,
        })
    }
}

#[async_trait]
impl OauthStates for RedisStore {
    async fn begin(&self, state: &OneTimeToken, flow: OauthFlow, now: Instant) -> Result<(), StoreError> {
        const CONTEXT: &str = "begin a log-in with a provider";
        let wire = self.wire(CONTEXT)?;
        let key = self.keys.oauth_state(state);
        let lifetime = times::lifetime(flow.expires_at, now);
        let json = serde_json::to_string(&FlowRow::from(flow)).unwrap_or_default();
        let mut command = cmd("SET");
        command.arg(&key).arg(json).arg("PX").arg(lifetime);
        wire.ask(Request::new(&key, command)).await.map_err(|fault| fault.at(CONTEXT))
    }

    async fn consume(&self, state: &OneTimeToken, now: Instant) -> Result<Option<OauthFlow>, StoreError> {
        const CONTEXT: &str = "end a log-in with a provider";
        let wire = self.wire(CONTEXT)?;
        let json =
            get_and_delete(&wire, &self.keys.oauth_state(state)).await.map_err(|fault| fault.at(CONTEXT))?;
        let row = json.and_then(|json| serde_json::from_slice::<FlowRow>(&json).ok());
        Ok(row.and_then(FlowRow::into_flow).filter(|flow| now < flow.expires_at))
    }
}

/// The text of a key that is gone from now on; what is no text is nothing.
async fn get_and_delete(wire: &Wire<'_>, key: &str) -> Result<Option<Vec<u8>>, Fault> {
    let mut command = cmd("GETDEL");
    command.arg(key);
    match wire.ask::<Value>(Request::new(key, command)).await {
        Ok(Value::BulkString(text)) => Ok(Some(text)),
        Err(Fault::Redis(error)) if code(&error) != "WRONGTYPE" => Err(Fault::Redis(error)),
        Err(fault @ (Fault::Down(_) | Fault::Unfit(_) | Fault::Answer(_))) => Err(fault),
        Ok(_) | Err(Fault::Redis(_)) => Ok(None),
    }
}
