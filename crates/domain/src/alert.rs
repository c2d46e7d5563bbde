use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde_json::{Map, Value, json};

use crate::{AlertId, ClientNetwork, Email, EventKind, Instant, NoticeId, Severity, Span, UserId};

/// That security events of one kind came in numbers: told to operators once, and counted while it goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// Identifies the alert; ids rise with time.
    pub id: AlertId,
    /// What is going on.
    pub kind: AlertKind,
    /// By whom, or against whom.
    pub cause: AlertCause,
    /// How bad it is.
    pub severity: Severity,
    /// When the threshold was passed.
    pub raised_at: Instant,
    /// When the latest event that counts happened.
    pub last_at: Instant,
    /// How many events count so far.
    pub count: u64,
    /// The greater attack that it belongs to; such an alert is shown, and told to nobody by itself.
    pub part_of: Option<AlertId>,
    /// What else there is to say, such as whose addresses take part; never a secret.
    pub details: Map<String, Value>,
}

/// What can be going on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertKind {
    /// One address fails to log in again and again.
    FailedLogins,
    /// Many addresses fail to log in, each to stay below its own limits.
    PasswordSpraying,
    /// Several addresses fail to log in to one account.
    AccountAttack,
    /// Forged or spent tokens are presented.
    TokenAttacks,
    /// Sessions show up where their users cannot be.
    SessionAnomalies,
    /// Log-ins with providers are forged or fail.
    OauthAbuse,
}

/// By whom, or against whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertCause {
    /// One client.
    Address(ClientNetwork),
    /// One account.
    User(UserId),
    /// The service as a whole.
    Service,
}

/// When events become an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertRule {
    /// What is going on then.
    pub kind: AlertKind,
    /// How many events it takes; at least 1.
    pub threshold: u32,
    /// Within which time; at least a second.
    pub window: Span,
    /// For how long the addresses that take part are blocked; `None` for not at all.
    pub blocks_for: Option<Span>,
}

/// What became of an alert that was to be raised.
#[derive(Debug, Clone, PartialEq)]
pub enum Raising {
    /// It is stored with its notices.
    Raised,
    /// One of the same kind and cause goes on; the events were added to it. As it is now.
    Counted(Box<Alert>),
}

/// That an alert is to be told to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertNotice {
    /// Identifies the notice, so that one told twice is one to its reader.
    pub id: NoticeId,
    /// What is told.
    pub alert: AlertId,
    /// To whom.
    pub channel: AlertChannel,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next; `None` once it has failed for good.
    pub next_attempt_at: Option<Instant>,
    /// What the last try ended with.
    pub last_error: Option<String>,
}

/// Whom an alert is told to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertChannel {
    /// A configured webhook, by its name.
    Webhook(String),
    /// A mail address of the operators.
    Mail(Email),
}

/// How many notices wait, and how many were given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoticeCounts {
    /// They are yet to be told.
    pub pending: u64,
    /// They were given up.
    pub failed: u64,
}

/// Which alerts are looked for: those that meet every condition that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// One of these kinds; any kind where there is none.
    pub kinds: Vec<AlertKind>,
    /// Of this cause.
    pub cause: Option<AlertCause>,
    /// Last seen at or after this instant.
    pub from: Option<Instant>,
    /// Raised before this instant.
    pub until: Option<Instant>,
}

/// Where a page of alerts ended; the next one begins behind it. Alerts are ordered by when they were raised, and
/// those of one instant by their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AlertCursor {
    /// When the last alert of the page was raised.
    pub raised_at: Instant,
    /// Its id.
    pub id: AlertId,
}

impl Alert {
    /// When the last event of an alert must have been, or later, for one that is now raised at `last_at` to be the
    /// same.
    #[must_use]
    pub fn goes_on_from(last_at: Instant, window: Span) -> Instant {
        last_at.checked_sub_signed(window).unwrap_or(Instant::MIN_UTC)
    }

    /// Adds the events of another alert of the same kind and cause.
    pub fn add(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.last_at = self.last_at.max(other.last_at);
    }
}

impl AlertKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::FailedLogins,
        Self::PasswordSpraying,
        Self::AccountAttack,
        Self::TokenAttacks,
        Self::SessionAnomalies,
        Self::OauthAbuse,
    ];

    /// The word that configuration, storage and operators see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FailedLogins => "failed_logins",
            Self::PasswordSpraying => "password_spraying",
            Self::AccountAttack => "account_attack",
            Self::TokenAttacks => "token_attacks",
            Self::SessionAnomalies => "session_anomalies",
            Self::OauthAbuse => "oauth_abuse",
        }
    }

    /// The events that can count.
    #[must_use]
    pub const fn events(self) -> &'static [EventKind] {
        match self {
            Self::FailedLogins | Self::PasswordSpraying | Self::AccountAttack => &[EventKind::LoginFailed],
            Self::TokenAttacks => &[EventKind::TokenRejected, EventKind::TokenReuseDetected],
            Self::SessionAnomalies => &[EventKind::SessionFlagged, EventKind::SessionTerminated],
            Self::OauthAbuse => &[EventKind::OauthFailed],
        }
    }
}

impl fmt::Display for AlertKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for AlertKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| format!("unknown alert type {text:?}"))
    }
}

impl AlertCause {
    const ADDRESS: &str = "address ";
    const USER: &str = "user ";
    const SERVICE: &str = "service";

    /// The client that is the cause, if one is.
    #[must_use]
    pub fn address(self) -> Option<ClientNetwork> {
        if let Self::Address(network) = self { Some(network) } else { None }
    }

    /// The account that is the cause, if one is.
    #[must_use]
    pub fn user(self) -> Option<UserId> {
        if let Self::User(user) = self { Some(user) } else { None }
    }

    /// The cause that a client address is.
    #[must_use]
    pub fn of_address(address: IpAddr) -> Self {
        Self::Address(ClientNetwork::of(address))
    }
}

impl fmt::Display for AlertCause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(network) => write!(formatter, "{}{network}", Self::ADDRESS),
            Self::User(user) => write!(formatter, "{}{user}", Self::USER),
            Self::Service => formatter.write_str(Self::SERVICE),
        }
    }
}

impl FromStr for AlertCause {
    type Err = String;

    /// Reads what [`Display`](fmt::Display) writes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || format!("unknown cause of an alert {text:?}");
        if text == Self::SERVICE {
            Ok(Self::Service)
        } else if let Some(network) = text.strip_prefix(Self::ADDRESS) {
            network.parse().map(Self::Address).map_err(|_| unknown())
        } else if let Some(user) = text.strip_prefix(Self::USER) {
            user.parse().map(Self::User).map_err(|_| unknown())
        } else {
            Err(unknown())
        }
    }
}

impl Alert {
    /// The alert with all that it says, under the names of the API; what webhooks are sent.
    #[must_use]
    pub fn document(&self) -> Value {
        json!({
            "id": self.id,
            "type": self.kind.as_str(),
            "severity": self.severity.as_str(),
            "ip_address": self.cause.address().map(|network| network.to_string()),
            "user_id": self.cause.user(),
            "raised_at": self.raised_at,
            "last_at": self.last_at,
            "count": self.count,
            "part_of": self.part_of,
            "details": self.details,
        })
    }
}

impl AlertChannel {
    /// What kind of channel it is, in a word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Webhook(_) => "webhook",
            Self::Mail(_) => "mail",
        }
    }

    /// Which it is, for logs: the name of a webhook, or a masked mail address.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Webhook(name) => format!("webhook {name}"),
            Self::Mail(address) => format!("mail {}", address.masked()),
        }
    }
}

impl AlertFilter {
    /// Whether the alert meets every condition.
    #[must_use]
    pub fn admits(&self, alert: &Alert) -> bool {
        (self.kinds.is_empty() || self.kinds.contains(&alert.kind))
            && self.cause.is_none_or(|cause| alert.cause == cause)
            && self.from.is_none_or(|from| alert.last_at >= from)
            && self.until.is_none_or(|until| alert.raised_at < until)
    }
}

impl From<&Alert> for AlertCursor {
    fn from(alert: &Alert) -> Self {
        Self { raised_at: alert.raised_at, id: alert.id }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_word() {
        for kind in AlertKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert!("other".parse::<AlertKind>().is_err());
    }

    #[test]
    fn a_cause_reads_what_it_writes() {
        let user = uuid::Uuid::from_u128(7).into();
        let v6 = AlertCause::of_address("2001:db8::7".parse().unwrap());
        let v4 = AlertCause::of_address("192.0.2.7".parse().unwrap());
        for cause in [v6, v4, AlertCause::User(user), AlertCause::Service] {
            assert_eq!(cause.to_string().parse(), Ok(cause));
        }
        for text in ["", "address", "address x", "user 1", "services"] {
            assert!(text.parse::<AlertCause>().is_err(), "{text}");
        }
    }
}
