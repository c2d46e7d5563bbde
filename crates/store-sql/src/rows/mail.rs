use archon_domain::{Mail, QueuedMail};
use diesel::prelude::*;
use serde_json::Value;

use super::{email, instant, name, unwritable};
use crate::error::Fault;
use crate::schema::mail_outbox;
use crate::types::{Id, Ts};

/// A row of `mail_outbox`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = mail_outbox, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(crate) struct MailRow {
    pub(crate) id: Id,
    user_id: Id,
    recipient: String,
    name: String,
    locale: Option<String>,
    message: Value,
    queued_at: Ts,
    attempts: i32,
    next_attempt_at: Option<Ts>,
    last_error: Option<String>,
}

impl MailRow {
    /// The rows of new mails.
    pub(crate) fn all(mails: &[QueuedMail]) -> Result<Vec<Self>, Fault> {
        mails.iter().map(Self::try_from).collect()
    }
}

impl TryFrom<&QueuedMail> for MailRow {
    type Error = Fault;

    fn try_from(queued: &QueuedMail) -> Result<Self, Fault> {
        let mail = &queued.mail;
        Ok(Self {
            id: mail.id.into(),
            user_id: mail.user.into(),
            recipient: mail.to.as_typed().to_owned(),
            name: mail.name.as_str().to_owned(),
            locale: mail.locale.clone(),
            message: serde_json::to_value(&mail.message).map_err(unwritable)?,
            queued_at: Ts(queued.queued_at),
            attempts: i32::try_from(queued.attempts).map_err(unwritable)?,
            next_attempt_at: queued.next_attempt_at.map(Ts),
            last_error: queued.last_error.clone(),
        })
    }
}

impl TryFrom<MailRow> for QueuedMail {
    type Error = Fault;

    fn try_from(row: MailRow) -> Result<Self, Fault> {
        Ok(Self {
            mail: Mail {
                id: row.id.into(),
                user: row.user_id.into(),
                to: email(&row.recipient)?,
                name: name(&row.name)?,
                locale: row.locale,
                message: serde_json::from_value(row.message).map_err(Fault::corrupt)?,
            },
            queued_at: row.queued_at.into(),
            attempts: u32::try_from(row.attempts).map_err(Fault::corrupt)?,
            next_attempt_at: instant(row.next_attempt_at),
            last_error: row.last_error,
        })
    }
}
