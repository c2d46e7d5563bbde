//! Rows as the tables hold them, and how they become what the domain speaks of.

mod event;
mod identity;
mod key;
mod mail;
mod session;
mod token;
mod user;

pub(crate) use event::{EventRow, LinkRow};
pub(crate) use identity::IdentityRow;
pub(crate) use key::KeyRow;
pub(crate) use mail::MailRow;
pub(crate) use session::{SessionRow, session_id};
pub(crate) use token::TokenRow;
pub(crate) use user::{UserChanges, UserRow, roles_to_json};

use std::net::IpAddr;

use archon_domain::{Email, Instant, PersonName};

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
