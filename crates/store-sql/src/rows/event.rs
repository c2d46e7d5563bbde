use archon_domain::{SecurityEvent, UserAgent};
use diesel::prelude::*;
use serde_json::Value;

use super::address;
use super::session::session_id;
use crate::error::Fault;
use crate::schema::security_events;
use crate::types::{Id, Ts};

/// A row of `security_events`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = security_events, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(crate) struct EventRow {
    id: Id,
    occurred_at: Ts,
    kind: String,
    severity: String,
    user_id: Option<Id>,
    session_id: Option<String>,
    ip_address: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
    details: Value,
}

impl From<SecurityEvent> for EventRow {
    fn from(event: SecurityEvent) -> Self {
        Self {
            id: event.id.into(),
            occurred_at: Ts(event.at),
            kind: event.kind.as_str().to_owned(),
            severity: event.severity.as_str().to_owned(),
            user_id: event.user.map(Id::from),
            session_id: event.session.map(|session| session.as_str().to_owned()),
            ip_address: event.address.map(|address| address.to_string()),
            user_agent: event.user_agent.map(|agent| agent.as_str().to_owned()),
            request_id: event.request_id,
            details: Value::Object(event.details),
        }
    }
}

impl TryFrom<EventRow> for SecurityEvent {
    type Error = Fault;

    fn try_from(row: EventRow) -> Result<Self, Fault> {
        let Value::Object(details) = row.details else {
            return Err(Fault::corrupt("the details of an event are no object"));
        };
        Ok(Self {
            id: row.id.into(),
            at: row.occurred_at.into(),
            kind: row.kind.parse().map_err(Fault::corrupt)?,
            severity: row.severity.parse().map_err(Fault::corrupt)?,
            user: row.user_id.map(Into::into),
            session: row.session_id.as_deref().map(session_id).transpose()?,
            address: row.ip_address.as_deref().map(address).transpose()?,
            user_agent: row.user_agent.as_deref().map(UserAgent::new),
            request_id: row.request_id,
            details,
        })
    }
}
