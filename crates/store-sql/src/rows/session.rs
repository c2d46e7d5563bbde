use archon_domain::{
    RefreshState, SealedToken, Session, SessionEnding, SessionId, SessionTrace, Succession, UserAgent,
};
use diesel::prelude::*;

use super::address;
use crate::error::Fault;
use crate::schema::sessions;
use crate::types::{Id, Ts};

/// A row of `sessions`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = sessions, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
#[diesel(treat_none_as_null = true)]
pub(crate) struct SessionRow {
    id: String,
    user_id: Id,
    created_at: Ts,
    last_accessed: Ts,
    expires_at: Ts,
    absolute_expires_at: Ts,
    remembered: bool,
    ip_address: String,
    user_agent: String,
    fingerprint: String,
    refresh_current: Id,
    chain_began: Ts,
    refresh_predecessor: Option<Id>,
    rotated_at: Option<Ts>,
    rotated_by: Option<String>,
    sealed_successor: Option<Vec<u8>>,
    ended_at: Option<Ts>,
    ended_reason: Option<String>,
    trace: Option<String>,
}

impl From<&Session> for SessionRow {
    fn from(session: &Session) -> Self {
        let last = session.refresh.last.as_ref();
        let ending = session.ending;
        Self {
            id: session.id.as_str().to_owned(),
            user_id: session.user.into(),
            created_at: Ts(session.created_at),
            last_accessed: Ts(session.last_accessed),
            expires_at: Ts(session.expires_at),
            absolute_expires_at: Ts(session.absolute_expires_at),
            remembered: session.remembered,
            ip_address: session.address.to_string(),
            user_agent: session.user_agent.as_str().to_owned(),
            fingerprint: session.fingerprint.as_str().to_owned(),
            refresh_current: session.refresh.current.into(),
            chain_began: Ts(session.refresh.chain_began),
            refresh_predecessor: last.map(|last| last.predecessor.into()),
            rotated_at: last.map(|last| Ts(last.rotated_at)),
            rotated_by: last.map(|last| last.user_agent.as_str().to_owned()),
            sealed_successor: last.map(|last| last.sealed_successor.as_bytes().to_vec()),
            ended_at: ending.map(|ending| Ts(ending.at)),
            ended_reason: ending.map(|ending| ending.reason.as_str().to_owned()),
            trace: Some(session.trace.to_json()),
        }
    }
}

impl TryFrom<SessionRow> for Session {
    type Error = Fault;

    fn try_from(row: SessionRow) -> Result<Self, Fault> {
        let (address, user_agent) = (address(&row.ip_address)?, UserAgent::new(&row.user_agent));
        let created_at = row.created_at.into();
        let trace = SessionTrace::of_stored(row.trace.as_deref(), address, &user_agent, created_at)
            .map_err(Fault::corrupt)?;
        let last = match (row.refresh_predecessor, row.rotated_at, row.rotated_by, row.sealed_successor) {
            (None, None, None, None) => None,
            (Some(predecessor), Some(rotated_at), Some(rotated_by), Some(sealed)) => Some(Succession {
                predecessor: predecessor.into(),
                rotated_at: rotated_at.into(),
                user_agent: UserAgent::new(&rotated_by),
                sealed_successor: SealedToken::new(sealed),
            }),
            _ => return Err(Fault::corrupt("the last rotation of a session is incomplete")),
        };
        let ending = match (row.ended_at, row.ended_reason) {
            (None, None) => None,
            (Some(at), Some(reason)) => {
                Some(SessionEnding { at: at.into(), reason: reason.parse().map_err(Fault::corrupt)? })
            }
            _ => return Err(Fault::corrupt("the ending of a session is incomplete")),
        };
        Ok(Self {
            id: session_id(&row.id)?,
            user: row.user_id.into(),
            created_at,
            last_accessed: row.last_accessed.into(),
            expires_at: row.expires_at.into(),
            absolute_expires_at: row.absolute_expires_at.into(),
            remembered: row.remembered,
            address,
            // The column is for look-ups; what a fingerprint is made of is the domain's to say.
            fingerprint: user_agent.fingerprint(),
            user_agent,
            refresh: RefreshState {
                current: row.refresh_current.into(),
                chain_began: row.chain_began.into(),
                last,
            },
            trace,
            ending,
        })
    }
}

/// A session id as stored.
pub(crate) fn session_id(text: &str) -> Result<SessionId, Fault> {
    SessionId::parse(text).ok_or_else(|| Fault::corrupt("a stored session id is none"))
}
