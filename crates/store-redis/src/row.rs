//! A session as a Redis hash: readable by people, complete, and with what scripts compare.

use archon_domain::{
    CachedSession, Instant, RefreshState, SealedToken, Session, SessionId, SessionTrace, Succession, TokenId,
    UserAgent, UserId,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::times;

/// What a script answers for each field of `ROW` in `session.lua`.
pub(crate) type Fields = Vec<Option<Vec<u8>>>;

/// The state of the refresh tokens, as JSON.
#[derive(Serialize, Deserialize)]
struct RefreshRow {
    current: TokenId,
    chain_began: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<SuccessionRow>,
}

#[derive(Serialize, Deserialize)]
struct SuccessionRow {
    predecessor: TokenId,
    rotated_at: String,
    user_agent: String,
    sealed_successor: String,
}

/// The fields and values of a live session's hash.
pub(crate) fn write(entry: &CachedSession) -> Vec<(&'static str, String)> {
    let session = &entry.session;
    let revoked: Vec<String> = entry.revoked.iter().map(ToString::to_string).collect();
    vec![
        ("user_id", session.user.to_string()),
        ("created_at", times::text(session.created_at)),
        ("last_accessed", times::text(session.last_accessed)),
        ("expires_at", times::text(session.expires_at)),
        ("absolute_expires_at", times::text(session.absolute_expires_at)),
        ("remembered", session.remembered.to_string()),
        ("ip_address", session.address.to_string()),
        ("user_agent", session.user_agent.as_str().to_owned()),
        ("device", session.user_agent.device()),
        ("refresh", refresh_text(&session.refresh)),
        ("trace", session.trace.to_json()),
        ("revoked", revoked.join(" ")),
        ("last_accessed_micros", times::micros(session.last_accessed).to_string()),
        ("expires_at_micros", times::micros(session.expires_at).to_string()),
        ("absolute_expires_at_micros", times::micros(session.absolute_expires_at).to_string()),
    ]
}

/// The session of a hash; `None` when somebody has changed it into something else.
pub(crate) fn read(id: &SessionId, fields: Fields) -> Option<Session> {
    let texts: Vec<String> =
        fields.into_iter().map(|field| String::from_utf8(field?).ok()).collect::<Option<_>>()?;
    let [user, created, accessed, expires, absolute, remembered, address, agent, refresh, trace] =
        texts.try_into().ok()?;
    let user_agent = UserAgent::new(&agent);
    Some(Session {
        id: id.clone(),
        user: user.parse::<UserId>().ok()?,
        created_at: times::read(&created)?,
        last_accessed: times::read(&accessed)?,
        expires_at: times::read(&expires)?,
        absolute_expires_at: times::read(&absolute)?,
        remembered: remembered.parse().ok()?,
        address: address.parse().ok()?,
        fingerprint: user_agent.fingerprint(),
        user_agent,
        refresh: read_refresh(&refresh)?,
        trace: SessionTrace::from_json(&trace).ok()?,
        ending: None,
    })
}

/// When a live session ends if it is not used again.
pub(crate) fn end(session: &Session) -> Instant {
    session.expires_at.min(session.absolute_expires_at)
}

fn refresh_text(refresh: &RefreshState) -> String {
    let row = RefreshRow {
        current: refresh.current,
        chain_began: times::text(refresh.chain_began),
        last: refresh.last.as_ref().map(|last| SuccessionRow {
            predecessor: last.predecessor,
            rotated_at: times::text(last.rotated_at),
            user_agent: last.user_agent.as_str().to_owned(),
            sealed_successor: URL_SAFE_NO_PAD.encode(last.sealed_successor.as_bytes()),
        }),
    };
    // Texts and ids only: there is nothing in it that JSON cannot say.
    serde_json::to_string(&row).unwrap_or_default()
}

fn read_refresh(text: &str) -> Option<RefreshState> {
    let row: RefreshRow = serde_json::from_str(text).ok()?;
    let last = match row.last {
        None => None,
        Some(last) => Some(Succession {
            predecessor: last.predecessor,
            rotated_at: times::read(&last.rotated_at)?,
            user_agent: UserAgent::new(&last.user_agent),
            sealed_successor: SealedToken::new(URL_SAFE_NO_PAD.decode(last.sealed_successor).ok()?),
        }),
    };
    Some(RefreshState { current: row.current, chain_began: times::read(&row.chain_began)?, last })
}
