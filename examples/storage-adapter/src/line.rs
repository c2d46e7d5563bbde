//! An event as a line, with its place in the chain: the names are those of the account export of the API.

use std::net::IpAddr;

use archon_domain::{ChainLink, EventId, Instant, SecurityEvent, SessionId, UserAgent, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Serialize, Deserialize)]
struct Line {
    sequence: u64,
    digest: String,
    id: EventId,
    time: Instant,
    r#type: String,
    severity: String,
    user_id: Option<UserId>,
    session_id: Option<SessionId>,
    ip_address: Option<IpAddr>,
    user_agent: Option<String>,
    request_id: Option<String>,
    details: Map<String, Value>,
}

/// The event as JSON, without a line break in it and with one after it.
pub(crate) fn write(event: &SecurityEvent, link: ChainLink) -> serde_json::Result<String> {
    let line = Line {
        sequence: link.sequence,
        digest: link.digest.to_string(),
        id: event.id,
        time: event.at,
        r#type: event.kind.as_str().to_owned(),
        severity: event.severity.as_str().to_owned(),
        user_id: event.user,
        session_id: event.session.clone(),
        ip_address: event.address,
        user_agent: event.user_agent.as_ref().map(|agent| agent.as_str().to_owned()),
        request_id: event.request_id.clone(),
        details: event.details.clone(),
    };
    Ok(serde_json::to_string(&line)? + "\n")
}

/// The event of a line and its place; otherwise why it is none.
pub(crate) fn read(text: &str) -> Result<(SecurityEvent, ChainLink), String> {
    let line: Line = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let link = ChainLink { sequence: line.sequence, digest: line.digest.parse()? };
    let event = SecurityEvent {
        id: line.id,
        at: line.time,
        kind: line.r#type.parse()?,
        severity: line.severity.parse()?,
        user: line.user_id,
        session: line.session_id,
        address: line.ip_address,
        user_agent: line.user_agent.as_deref().map(UserAgent::new),
        request_id: line.request_id,
        details: line.details,
    };
    Ok((event, link))
}
