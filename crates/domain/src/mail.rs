use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Email, Instant, MailId, PersonName, Span, UserId};

/// What a mail has to say; each is a pair of templates, text and HTML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum MailMessage {
    /// Asks the user to prove that the address is theirs.
    VerifyEmail {
        /// Where the proof is given; holds the one-time token.
        link: String,
        /// When the link stops working.
        expires_at: Instant,
    },
    /// Greets a user whose account was opened.
    Welcome,
    /// Tells that the password was changed.
    PasswordChanged {
        /// When.
        at: Instant,
        /// From which device and address, as far as known.
        device: String,
    },
    /// Lets a user who forgot the password set a new one.
    PasswordReset {
        /// Where the new password is set; holds the one-time token.
        link: String,
        /// When the link stops working.
        expires_at: Instant,
    },
    /// Tells that somebody logged in from a device that was not seen before.
    NewDevice {
        /// When.
        at: Instant,
        /// Which device, and from which address.
        device: String,
    },
    /// Tells that failed log-ins have locked the account.
    AccountLocked {
        /// When the last of them was.
        at: Instant,
        /// When the lock ends by itself.
        until: Instant,
        /// From which device and address the last of them came, as far as known.
        device: String,
    },
    /// Tells the owner of an address that somebody tried to open a second account with it.
    AlreadyRegistered {
        /// When.
        at: Instant,
        /// From which device and address, as far as known.
        device: String,
    },
}

impl MailMessage {
    /// Every [`kind`](Self::kind).
    pub const KINDS: [&'static str; 7] = [
        "verify_email",
        "welcome",
        "password_reset",
        "password_changed",
        "new_device",
        "account_locked",
        "already_registered",
    ];

    /// The template's name and the word that storage keeps.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::VerifyEmail { .. } => "verify_email",
            Self::Welcome => "welcome",
            Self::PasswordChanged { .. } => "password_changed",
            Self::PasswordReset { .. } => "password_reset",
            Self::NewDevice { .. } => "new_device",
            Self::AccountLocked { .. } => "account_locked",
            Self::AlreadyRegistered { .. } => "already_registered",
        }
    }
}

impl MailMessage {
    /// The link with a one-time token that the reader is to follow, if the mail has one.
    #[must_use]
    pub fn link(&self) -> Option<&str> {
        match self {
            Self::VerifyEmail { link, .. } | Self::PasswordReset { link, .. } => Some(link),
            Self::Welcome
            | Self::PasswordChanged { .. }
            | Self::NewDevice { .. }
            | Self::AccountLocked { .. }
            | Self::AlreadyRegistered { .. } => None,
        }
    }
}

/// A mail to one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Identifies the mail; part of its Message-ID, so that a mail sent twice is one to its reader.
    pub id: MailId,
    /// Whose mail.
    pub user: UserId,
    /// Where to.
    pub to: Email,
    /// How to address the reader.
    pub name: PersonName,
    /// The reader's language (BCP 47), where known.
    pub locale: Option<String>,
    /// What it says.
    pub message: MailMessage,
}

/// A mail in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedMail {
    /// The mail.
    pub mail: Mail,
    /// When it was queued.
    pub queued_at: Instant,
    /// How often sending it was tried.
    pub attempts: u32,
    /// When it is tried next; `None` once it has failed for good.
    pub next_attempt_at: Option<Instant>,
    /// What the last try ended with.
    pub last_error: Option<String>,
}

impl QueuedMail {
    /// A mail that is to be sent as soon as possible.
    #[must_use]
    pub fn new(mail: Mail, now: Instant) -> Self {
        Self { mail, queued_at: now, attempts: 0, next_attempt_at: Some(now), last_error: None }
    }
}

/// How the outbox stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxCounts {
    /// Mails still to be sent.
    pub pending: u64,
    /// Mails given up, kept for an operator.
    pub failed: u64,
    /// When the oldest pending mail was queued.
    pub oldest_pending: Option<Instant>,
}

/// When a mail that could not be sent is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetrySchedule {
    /// Tries in all; at least 1.
    pub max_attempts: u32,
    /// The wait after the first try; doubles with each further one.
    pub first_wait: Span,
}

impl RetrySchedule {
    /// The next try of a mail that was tried `attempts` times; `None` when it was tried often enough.
    ///
    /// `jitter` spreads the retries of many mails: a number from 0 to 1 that lengthens the wait by up
    /// to a fifth.
    #[must_use]
    pub fn next_attempt(&self, attempts: u32, jitter: f64, now: Instant) -> Option<Instant> {
        if attempts >= self.max_attempts {
            return None;
        }
        let doublings = attempts.saturating_sub(1).min(20);
        let wait = self.first_wait * 2_i32.pow(doublings);
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
        let spread = (wait.num_milliseconds() as f64 * 0.2 * jitter.clamp(0.0, 1.0)) as i64;
        Some(now + wait + Span::milliseconds(spread))
    }
}

/// Why a mail was not delivered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DeliveryError {
    /// The server was away or said "later"; try again.
    #[error("temporary: {0}")]
    Temporary(String),
    /// The server will never take this mail.
    #[error("permanent: {0}")]
    Permanent(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_eight_tries_span_about_six_hours() {
        let schedule = RetrySchedule { max_attempts: 8, first_wait: Span::seconds(170) };
        let start = chrono::DateTime::from_timestamp(0, 0).unwrap();
        let mut now = start;
        for attempts in 1..8 {
            now = schedule.next_attempt(attempts, 0.0, now).unwrap();
        }
        assert_eq!(schedule.next_attempt(8, 0.0, now), None);
        let hours = (now - start).num_minutes();
        assert!((355..=370).contains(&hours), "{hours} minutes");
        let late = schedule.next_attempt(1, 1.0, start).unwrap();
        assert_eq!(late - start, Span::seconds(204));
    }

    /// What outboxes hold, word for word: lines are added here and never changed, since rows that wait
    /// must be readable after an upgrade.
    const STORED: [&str; 7] = [
        r#"{"kind":"verify_email","link":"https://e.example/v?token=t","expires_at":"2027-05-05T10:20:30Z"}"#,
        r#"{"kind":"welcome"}"#,
        r#"{"kind":"password_reset","link":"https://e.example/r?token=t","expires_at":"2027-05-04T11:20:30Z"}"#,
        r#"{"kind":"password_changed","at":"2027-05-04T10:20:30Z","device":"Firefox on Linux (192.0.2.1)"}"#,
        r#"{"kind":"new_device","at":"2027-05-04T10:20:30Z","device":"Firefox on Linux (192.0.2.1)"}"#,
        r#"{"kind":"account_locked","at":"2027-05-04T10:20:30Z","until":"2027-05-04T10:50:30Z","device":""}"#,
        r#"{"kind":"already_registered","at":"2027-05-04T10:20:30Z","device":"curl (2001:db8::1)"}"#,
    ];

    #[test]
    fn stored_messages_of_every_kind_stay_readable() {
        for (stored, kind) in STORED.into_iter().zip(MailMessage::KINDS) {
            let message: MailMessage = serde_json::from_str(stored).unwrap();
            assert_eq!(message.kind(), kind);
            let (again, before): (serde_json::Value, serde_json::Value) =
                (serde_json::to_value(&message).unwrap(), serde_json::from_str(stored).unwrap());
            assert_eq!(again, before, "the form that is written is the form that was");
        }
    }
}
