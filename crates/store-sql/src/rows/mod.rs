//! Rows as the tables hold them, and how they become what the domain speaks of.

mod alert;
mod blocked_address;
mod event;
mod identity;
mod key;
mod mail;
mod session;
mod token;
mod user;

pub(crate) use alert::{AlertRow, NoticeRow, event_count};
pub(crate) use blocked_address::BlockRow;
pub(crate) use event::{EventRow, LinkRow, TallyRow};
pub(crate) use identity::IdentityRow;
pub(crate) use key::KeyRow;
pub(crate) use mail::MailRow;
pub(crate) use session::{SessionRow, session_id};
pub(crate) use token::TokenRow;
pub(crate) use user::{UserChanges, UserRow, roles_to_json};

use std::error::Error;
use std::net::IpAddr;

use archon_domain::{Email, Instant, PersonName};
use diesel::result::Error as QueryError;

use crate::error::Fault;
use crate::types::Ts;

fn address(text: &str) -> Result<IpAddr, Fault> {
    text.parse().map_err(Fault::corrupt)
}

fn email(text: &str) -> Result<Email, Fault> {
    Email::parse(text).map_err(|error| Fault::corrupt(format!("stored address: {}", error.message)))
}

fn name(text: &str) -> Result<PersonName, Fault> {
    PersonName::parse(text).map_err(|error| Fault::corrupt(format!("stored name: {}", error.message)))
}

fn instant(stored: Option<Ts>) -> Option<Instant> {
    stored.map(Instant::from)
}

/// A value that no column can hold.
fn unwritable(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Fault {
    Fault::Query(QueryError::SerializationError(cause.into()))
}
