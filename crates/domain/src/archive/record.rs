use std::fmt;

use thiserror::Error;

use super::{Field, FieldValue, Table};
use crate::UserId;

/// What the records of a table are made of.
#[derive(Debug, PartialEq, Eq)]
pub struct Layout {
    /// What the table is called.
    pub name: &'static str,
    /// What its fields are called, those of the key first.
    pub fields: &'static [&'static str],
    /// How many fields make up the key.
    pub key_length: usize,
    /// Which field names the user without whom the record cannot be; one of the key's, or none.
    pub owner: Option<usize>,
}

const fn layout(
    name: &'static str,
    fields: &'static [&'static str],
    key_length: usize,
    owner: Option<usize>,
) -> Layout {
    Layout { name, fields, key_length, owner }
}

#[rustfmt::skip]
pub(super) static USERS: Layout = layout("users", &[
    "id", "email", "email_key", "name", "password_hash", "email_verified_at", "roles", "status", "metadata",
    "created_at", "updated_at", "last_login_at", "attempts_void_before",
], 1, None);
#[rustfmt::skip]
pub(super) static OAUTH_IDENTITIES: Layout = layout("oauth_identities", &[
    "user_id", "provider", "subject", "email", "created_at",
], 3, Some(0));
pub(super) static PASSWORD_HISTORY: Layout = layout("password_history", &["user_id", "hashes"], 1, Some(0));
pub(super) static KNOWN_NETWORKS: Layout =
    layout("known_networks", &["user_id", "network", "last_login_at"], 2, Some(0));
// By user before id, so that an engine whose texts have an order of their own still finds a page by an index.
#[rustfmt::skip]
pub(super) static SESSIONS: Layout = layout("sessions", &[
    "user_id", "id", "created_at", "last_accessed", "expires_at", "absolute_expires_at", "remembered",
    "ip_address", "user_agent", "fingerprint", "refresh_current", "chain_began", "refresh_predecessor",
    "rotated_at", "rotated_by", "sealed_successor", "ended_at", "ended_reason", "trace",
], 2, Some(0));
pub(super) static REVOCATIONS: Layout =
    layout("token_blacklist", &["jti", "expires_at", "reason", "session_id"], 1, None);
#[rustfmt::skip]
pub(super) static ONE_TIME_TOKENS: Layout = layout("one_time_tokens", &[
    "digest", "user_id", "purpose", "issued_at", "expires_at",
], 1, Some(1));
#[rustfmt::skip]
pub(super) static OUTBOX: Layout = layout("mail_outbox", &[
    "id", "user_id", "recipient", "name", "locale", "message", "queued_at", "attempts", "next_attempt_at",
    "last_error",
], 1, Some(1));
/// A security event by itself, as the chain counts it: all fields of its table but its place in the chain.
#[rustfmt::skip]
pub(super) static EVENT: Layout = layout("security_events", &[
    "id", "occurred_at", "kind", "severity", "user_id", "session_id", "ip_address", "user_agent", "request_id",
    "details",
], 1, None);
#[rustfmt::skip]
pub(super) static SECURITY_EVENTS: Layout = layout("security_events", &[
    "id", "occurred_at", "kind", "severity", "user_id", "session_id", "ip_address", "user_agent", "request_id",
    "details", "sequence", "digest",
], 1, None);
pub(super) static EVENT_CHAIN: Layout = layout("event_chain", &["name", "sequence", "digest"], 1, None);
/// Signing keys as records. They are kept by [`crate::ports::KeyStore`], not in an archive, and their record
/// holds the SHA-256 of the private half in its place.
#[rustfmt::skip]
pub static SIGNING_KEYS: Layout = layout("signing_keys", &[
    "id", "algorithm", "private_pem", "created_at", "signs_from",
], 1, None);

/// One thing that a store holds: the fields of its [`Layout`], in their order.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    layout: &'static Layout,
    fields: Vec<Field>,
}

/// What tells a record from the others of its table, and puts them in order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey(Vec<Field>);

/// That a record's fields are not those of what it should become.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a record of {table} cannot be read: {what}")]
pub struct Misfit {
    table: &'static str,
    what: String,
}

/// The fields of a record, one after the other.
#[derive(Debug)]
pub struct Fields {
    layout: &'static Layout,
    left: std::vec::IntoIter<Field>,
}

impl Record {
    /// A record of a table from all its fields.
    #[must_use]
    pub fn new(table: Table, fields: Vec<Field>) -> Self {
        Self::of(table.layout(), fields)
    }

    /// A record of a layout from all its fields.
    #[must_use]
    pub fn of(layout: &'static Layout, fields: Vec<Field>) -> Self {
        debug_assert_eq!(layout.fields.len(), fields.len(), "{}", layout.name);
        Self { layout, fields }
    }

    /// What the record is made of.
    #[must_use]
    pub const fn layout(&self) -> &'static Layout {
        self.layout
    }

    /// What puts the records of a table in order.
    #[must_use]
    pub fn order(&self) -> &[Field] {
        &self.fields[..self.layout.key_length]
    }

    /// What tells this record from the others.
    #[must_use]
    pub fn key(&self) -> RecordKey {
        RecordKey(self.order().to_vec())
    }

    /// The user without whom the record cannot be.
    #[must_use]
    pub fn owner(&self) -> Option<UserId> {
        match &self.fields[self.layout.owner?] {
            Field::Id(id) => Some(UserId::from(*id)),
            _ => None,
        }
    }

    /// The values.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The values, to be taken out one after the other.
    #[must_use]
    pub fn into_fields(self) -> Fields {
        Fields { layout: self.layout, left: self.fields.into_iter() }
    }

    /// The names of the fields in which two records differ.
    #[must_use]
    pub fn differing_fields(&self, other: &Self) -> Vec<&'static str> {
        let pairs = self.fields.iter().zip(&other.fields);
        let named = self.layout.fields.iter().zip(pairs);
        named.filter(|(_, (mine, theirs))| mine != theirs).map(|(name, _)| *name).collect()
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Record({} {})", self.layout.name, self.key())
    }
}

impl RecordKey {
    /// The key's values.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.0
    }

    /// The user whose id the key is, or begins with.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        match self.0.first() {
            Some(Field::Id(id)) => Some(UserId::from(*id)),
            _ => None,
        }
    }
}

impl From<Vec<Field>> for RecordKey {
    fn from(fields: Vec<Field>) -> Self {
        Self(fields)
    }
}

impl fmt::Display for RecordKey {
    /// No key is a secret: of tokens it holds the digests only.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, field) in self.0.iter().enumerate() {
            if place > 0 {
                formatter.write_str("/")?;
            }
            match field {
                Field::Id(id) => write!(formatter, "{id}")?,
                Field::Text(text) => formatter.write_str(text)?,
                Field::Bytes(bytes) => bytes.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))?,
                _ => formatter.write_str("?")?,
            }
        }
        Ok(())
    }
}

impl Fields {
    /// The next value.
    ///
    /// # Errors
    /// When there is none, or it is of another kind.
    pub fn take<T: FieldValue>(&mut self) -> Result<T, Misfit> {
        let name = self.layout.fields.len() - self.left.len();
        let name = self.layout.fields.get(name).copied().unwrap_or("a field too many");
        let value = self.left.next().and_then(T::from_field);
        value.ok_or_else(|| self.misfit(format!("{name} is of another kind")))
    }

    /// The next value, a text that stands for something.
    ///
    /// # Errors
    /// When there is none, or it does not stand for such a thing.
    pub fn parse<T, E: fmt::Display>(
        &mut self,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Misfit> {
        let text: String = self.take()?;
        read(&text).map_err(|error| self.misfit(error.to_string()))
    }

    /// The same for a value that may be absent.
    ///
    /// # Errors
    /// When it is there and does not stand for such a thing.
    pub fn parse_optional<T, E: fmt::Display>(
        &mut self,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, Misfit> {
        let text: Option<String> = self.take()?;
        text.map(|text| read(&text)).transpose().map_err(|error| self.misfit(error.to_string()))
    }

    /// That the record cannot be read, and why.
    #[must_use]
    pub fn misfit(&self, what: impl Into<String>) -> Misfit {
        Misfit { table: self.layout.name, what: what.into() }
    }
}
