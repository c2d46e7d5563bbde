use archon_domain::{ChainDigest, ChainLink, EventTally, Instant, SecurityEvent, UserAgent};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde_json::Value;

use super::address;
use super::session::session_id;
use crate::error::Fault;
use crate::schema::{event_chain, security_events};
use crate::types::{Id, Ts};

/// What a row of `security_events` says, without its place in the chain.
#[derive(Debug, Clone, Queryable, Selectable)]
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

/// What a row of `event_chain` says, without its name.
#[derive(Debug, Clone, Queryable, Selectable, AsChangeset)]
#[diesel(table_name = event_chain, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(crate) struct LinkRow {
    pub(crate) sequence: i64,
    pub(crate) digest: Vec<u8>,
}

impl From<ChainLink> for LinkRow {
    fn from(link: ChainLink) -> Self {
        let sequence = i64::try_from(link.sequence).unwrap_or(i64::MAX);
        Self { sequence, digest: link.digest.as_bytes().to_vec() }
    }
}

impl TryFrom<LinkRow> for ChainLink {
    type Error = Fault;

    fn try_from(row: LinkRow) -> Result<Self, Fault> {
        let sequence = u64::try_from(row.sequence).map_err(Fault::corrupt)?;
        let digest: [u8; 32] =
            row.digest.try_into().map_err(|_| Fault::corrupt("a digest of the chain has no 32 bytes"))?;
        Ok(Self { sequence, digest: ChainDigest::from(digest) })
    }
}

/// How many events of a kind happened within a step of time, the steps being numbered from 0.
#[derive(Debug, QueryableByName)]
pub(crate) struct TallyRow {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = BigInt)]
    step: i64,
    #[diesel(sql_type = BigInt)]
    events: i64,
}

impl TallyRow {
    /// The tally, of steps of so many microseconds that begin at `from`.
    pub(crate) fn read(self, from: Instant, step: i64) -> Result<EventTally, Fault> {
        let kind = self.kind.parse().map_err(Fault::corrupt)?;
        Ok(EventTally::new(from, step, self.step, kind, u64::try_from(self.events).unwrap_or(0)))
    }
}
