use archon_domain::{Alert, AlertNotice, BlockedAddress, NoticeCounts};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// An alert, as webhooks are sent it too.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
pub(crate) struct AlertBody {
    id: Uuid,
    #[schema(example = "failed_logins")]
    r#type: &'static str,
    #[schema(example = "warning")]
    severity: &'static str,
    /// The client that is the cause, if one is: an IPv4 address, or an IPv6 /64.
    #[schema(example = "198.51.100.7")]
    ip_address: Option<String>,
    /// The account that is attacked, if one is.
    user_id: Option<Uuid>,
    /// When the threshold was passed.
    raised_at: DateTime<Utc>,
    /// When the latest event that counts happened.
    last_at: DateTime<Utc>,
    /// How many events count so far.
    #[schema(minimum = 1, example = 12)]
    count: u64,
    /// The greater attack that it belongs to; it was then told to nobody by itself.
    part_of: Option<Uuid>,
    #[schema(value_type = Object)]
    details: Map<String, Value>,
}

impl From<Alert> for AlertBody {
    fn from(alert: Alert) -> Self {
        Self {
            id: alert.id.as_uuid(),
            r#type: alert.kind.as_str(),
            severity: alert.severity.as_str(),
            ip_address: alert.cause.address().map(|network| network.to_string()),
            user_id: alert.cause.user().map(|user| user.as_uuid()),
            raised_at: alert.raised_at,
            last_at: alert.last_at,
            count: alert.count,
            part_of: alert.part_of.map(|alert| alert.as_uuid()),
            details: alert.details,
        }
    }
}

/// Some alerts, the latest raised first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alerts)]
pub(crate) struct AlertPageBody {
    pub(crate) alerts: Vec<AlertBody>,
    /// What to ask for the next page with; null on the last one.
    pub(crate) next_cursor: Option<String>,
}

/// A notice of an alert that was given up.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FailedAlertNotice)]
struct NoticeBody {
    id: Uuid,
    alert_id: Uuid,
    /// `webhook` or `mail`.
    #[schema(example = "webhook")]
    channel: &'static str,
    /// The name of the webhook, or the masked mail address.
    #[schema(example = "webhook pager")]
    receiver: String,
    /// How often it was tried.
    #[schema(minimum = 0, example = 8)]
    attempts: u32,
    /// What the last try ended with.
    last_error: Option<String>,
}

/// The notices that were given up, the latest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FailedAlertNotices)]
pub(crate) struct FailedNoticesBody {
    notices: Vec<NoticeBody>,
    /// How many were given up, those that are not listed included.
    #[schema(minimum = 0)]
    total: u64,
}

impl FailedNoticesBody {
    pub(crate) fn new(notices: Vec<AlertNotice>, counts: NoticeCounts) -> Self {
        let body = |notice: AlertNotice| NoticeBody {
            id: notice.id.as_uuid(),
            alert_id: notice.alert.as_uuid(),
            channel: notice.channel.kind(),
            receiver: notice.channel.shown(),
            attempts: notice.attempts,
            last_error: notice.last_error,
        };
        Self { notices: notices.into_iter().map(body).collect(), total: counts.failed }
    }
}

/// A client address that may not log in, nor open accounts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BlockedAddress)]
pub(crate) struct BlockedAddressBody {
    /// An IPv4 address, or an IPv6 /64.
    #[schema(example = "198.51.100.7")]
    ip_address: String,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
    /// The alert that has caused it, if one has.
    alert_id: Option<Uuid>,
    #[schema(example = "alert failed_logins")]
    reason: String,
}

impl From<BlockedAddress> for BlockedAddressBody {
    fn from(blocked: BlockedAddress) -> Self {
        Self {
            ip_address: blocked.network.to_string(),
            since: blocked.since,
            until: blocked.until,
            alert_id: blocked.alert.map(|alert| alert.as_uuid()),
            reason: blocked.reason,
        }
    }
}

/// The blocked client addresses, the latest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BlockedAddresses)]
pub(crate) struct BlockedAddressesBody {
    pub(crate) blocked_addresses: Vec<BlockedAddressBody>,
}

#[cfg(test)]
mod tests {
    use archon_domain::{AlertCause, AlertKind, Instant, Severity};

    use super::*;

    #[test]
    fn administrators_see_what_webhooks_are_sent() {
        let address = "2001:db8::7".parse().unwrap();
        let user = Uuid::from_u128(7).into();
        for cause in [AlertCause::of_address(address), AlertCause::User(user), AlertCause::Service] {
            let alert = Alert {
                id: Uuid::from_u128(1).into(),
                kind: AlertKind::FailedLogins,
                cause,
                severity: Severity::Warning,
                raised_at: Instant::UNIX_EPOCH,
                last_at: Instant::UNIX_EPOCH,
                count: 12,
                part_of: Some(Uuid::from_u128(2).into()),
                details: Map::from_iter([("user_count".to_owned(), 3.into())]),
            };
            let sent = alert.document();
            assert_eq!(serde_json::to_value(AlertBody::from(alert)).unwrap(), sent);
        }
    }
}
