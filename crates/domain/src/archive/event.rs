//! Security events as records: by themselves, as the chain counts them, and with their place in it.

use serde_json::{Map, Value};

use super::convert::{json, read_json, session_id, user_agent};
use super::{EVENT, Field, FieldValue as _, Fields, Misfit, Record, Table};
use crate::{ChainDigest, ChainLink, SecurityEvent, SessionId, UserAgent};

/// A security event and its place in the chain.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// The event.
    pub event: SecurityEvent,
    /// Its place; `None` for an event from before the chain.
    pub link: Option<ChainLink>,
}

/// One of the two links by which the chain is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainEnd {
    /// Which of the two.
    pub name: ChainEndName,
    /// Where it is.
    pub link: ChainLink,
}

/// Which end of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainEndName {
    /// The last event that was forgotten.
    Anchor,
    /// The latest event.
    Head,
}

impl ChainEndName {
    /// The word that storage keeps.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anchor => "anchor",
            Self::Head => "head",
        }
    }
}

impl From<&SecurityEvent> for Record {
    /// The event by itself, as the chain counts it.
    fn from(event: &SecurityEvent) -> Self {
        Self::of(&EVENT, event_fields(event))
    }
}

fn event_fields(event: &SecurityEvent) -> Vec<Field> {
    vec![
        event.id.into_field(),
        event.at.into_field(),
        event.kind.as_str().into_field(),
        event.severity.as_str().into_field(),
        event.user.into_field(),
        event.session.as_ref().map(SessionId::as_str).into_field(),
        event.address.map(|address| address.to_string()).into_field(),
        event.user_agent.as_ref().map(UserAgent::as_str).into_field(),
        event.request_id.clone().into_field(),
        json(&event.details).into_field(),
    ]
}

fn read_event(fields: &mut Fields) -> Result<SecurityEvent, Misfit> {
    Ok(SecurityEvent {
        id: fields.take()?,
        at: fields.take()?,
        kind: fields.parse(str::parse)?,
        severity: fields.parse(str::parse)?,
        user: fields.take()?,
        session: fields.parse_optional(session_id)?,
        address: fields.parse_optional(str::parse)?,
        user_agent: fields.parse_optional(user_agent)?,
        request_id: fields.take()?,
        details: read_json::<Map<String, Value>>(fields)?,
    })
}

impl TryFrom<Record> for SecurityEvent {
    type Error = Misfit;

    fn try_from(record: Record) -> Result<Self, Misfit> {
        read_event(&mut record.into_fields())
    }
}

impl From<&StoredEvent> for Record {
    fn from(stored: &StoredEvent) -> Self {
        let mut fields = event_fields(&stored.event);
        fields.push(stored.link.map(|link| link.sequence).into_field());
        fields.push(stored.link.map(|link| link.digest.as_bytes().to_vec()).into_field());
        Self::new(Table::SecurityEvents, fields)
    }
}

impl TryFrom<Record> for StoredEvent {
    type Error = Misfit;

    fn try_from(record: Record) -> Result<Self, Misfit> {
        let mut fields = record.into_fields();
        let event = read_event(&mut fields)?;
        let (sequence, digest) = (fields.take::<Option<u64>>()?, fields.take::<Option<Vec<u8>>>()?);
        let link = match (sequence, digest) {
            (Some(sequence), Some(digest)) => {
                Some(ChainLink { sequence, digest: read_digest(&fields, digest)? })
            }
            _ => None,
        };
        Ok(Self { event, link })
    }
}

impl From<&ChainEnd> for Record {
    fn from(end: &ChainEnd) -> Self {
        let ChainEnd { name, link: ChainLink { sequence, digest } } = end;
        let fields =
            vec![name.as_str().into_field(), sequence.into_field(), digest.as_bytes().to_vec().into_field()];
        Self::new(Table::EventChain, fields)
    }
}

impl TryFrom<Record> for ChainEnd {
    type Error = Misfit;

    fn try_from(record: Record) -> Result<Self, Misfit> {
        let mut fields = record.into_fields();
        let names = [ChainEndName::Anchor, ChainEndName::Head];
        let name = |word: &str| names.into_iter().find(|name| name.as_str() == word).ok_or("an unknown end");
        let (name, sequence, digest) = (fields.parse(name)?, fields.take()?, fields.take()?);
        Ok(Self { name, link: ChainLink { sequence, digest: read_digest(&fields, digest)? } })
    }
}

fn read_digest(fields: &Fields, bytes: Vec<u8>) -> Result<ChainDigest, Misfit> {
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| fields.misfit("a digest has 32 bytes"))?;
    Ok(ChainDigest::from(bytes))
}

impl Record {
    /// A record of the table of security events as it is without a place in the chain.
    #[must_use]
    pub fn without_place(&self) -> Self {
        let mut fields = self.fields().to_vec();
        fields.iter_mut().skip(EVENT.fields.len()).for_each(|field| *field = Field::Absent);
        Self::new(Table::SecurityEvents, fields)
    }

    /// The event of a record of the table of security events, to the letter, and the fields of its place.
    pub(crate) fn split_event(self) -> Result<(Self, Fields), Misfit> {
        let mut fields = self.into_fields();
        let event = EVENT.fields.iter().map(|_| fields.take()).collect::<Result<_, _>>()?;
        Ok((Self::of(&EVENT, event), fields))
    }
}
