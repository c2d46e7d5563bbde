use archon_domain::{Alert, AlertChannel, AlertNotice};
use diesel::prelude::*;
use serde_json::Value;

use super::{email, instant, unwritable};
use crate::error::Fault;
use crate::schema::{alert_notices, alerts};
use crate::types::{Id, Ts};

/// A row of `alerts`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = alerts, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(crate) struct AlertRow {
    id: Id,
    kind: String,
    cause: String,
    severity: String,
    raised_at: Ts,
    last_at: Ts,
    event_count: i64,
    part_of: Option<Id>,
    details: Value,
}

/// A row of `alert_notices`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = alert_notices, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
pub(crate) struct NoticeRow {
    pub(crate) id: Id,
    alert_id: Id,
    channel: String,
    recipient: String,
    attempts: i32,
    next_attempt_at: Option<Ts>,
    last_error: Option<String>,
}

const WEBHOOK: &str = "webhook";
const MAIL: &str = "mail";

/// A number of events as its column holds it.
pub(crate) fn event_count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl From<&Alert> for AlertRow {
    fn from(alert: &Alert) -> Self {
        Self {
            id: alert.id.into(),
            kind: alert.kind.to_string(),
            cause: alert.cause.to_string(),
            severity: alert.severity.as_str().to_owned(),
            raised_at: Ts(alert.raised_at),
            last_at: Ts(alert.last_at),
            event_count: event_count(alert.count),
            part_of: alert.part_of.map(Into::into),
            details: Value::Object(alert.details.clone()),
        }
    }
}

impl TryFrom<AlertRow> for Alert {
    type Error = Fault;

    fn try_from(row: AlertRow) -> Result<Self, Fault> {
        let Value::Object(details) = row.details else {
            return Err(Fault::corrupt("the details of an alert are no object"));
        };
        Ok(Self {
            id: row.id.into(),
            kind: row.kind.parse().map_err(Fault::corrupt)?,
            cause: row.cause.parse().map_err(Fault::corrupt)?,
            severity: row.severity.parse().map_err(Fault::corrupt)?,
            raised_at: row.raised_at.into(),
            last_at: row.last_at.into(),
            count: u64::try_from(row.event_count).map_err(Fault::corrupt)?,
            part_of: row.part_of.map(Into::into),
            details,
        })
    }
}

impl NoticeRow {
    /// The rows of new notices.
    pub(crate) fn all(notices: &[AlertNotice]) -> Result<Vec<Self>, Fault> {
        notices.iter().map(Self::try_from).collect()
    }
}

impl TryFrom<&AlertNotice> for NoticeRow {
    type Error = Fault;

    fn try_from(notice: &AlertNotice) -> Result<Self, Fault> {
        let (channel, recipient) = match &notice.channel {
            AlertChannel::Webhook(name) => (WEBHOOK, name.as_str()),
            AlertChannel::Mail(address) => (MAIL, address.as_typed()),
        };
        Ok(Self {
            id: notice.id.into(),
            alert_id: notice.alert.into(),
            channel: channel.to_owned(),
            recipient: recipient.to_owned(),
            attempts: i32::try_from(notice.attempts).map_err(unwritable)?,
            next_attempt_at: notice.next_attempt_at.map(Ts),
            last_error: notice.last_error.clone(),
        })
    }
}

impl TryFrom<NoticeRow> for AlertNotice {
    type Error = Fault;

    fn try_from(row: NoticeRow) -> Result<Self, Fault> {
        let channel = match row.channel.as_str() {
            WEBHOOK => AlertChannel::Webhook(row.recipient),
            MAIL => AlertChannel::Mail(email(&row.recipient)?),
            other => return Err(Fault::corrupt(format!("unknown channel of a notice {other:?}"))),
        };
        Ok(Self {
            id: row.id.into(),
            alert: row.alert_id.into(),
            channel,
            attempts: u32::try_from(row.attempts).map_err(Fault::corrupt)?,
            next_attempt_at: instant(row.next_attempt_at),
            last_error: row.last_error,
        })
    }
}
