use std::fmt;

use crate::{ClientNetwork, EmailKey, Instant, Span};

/// How many failed log-ins lock an address, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockoutRule {
    /// Failures that lock; at least 1.
    pub max_failures: u32,
    /// How long the lock holds, and how long a failure is remembered.
    pub lock_for: Span,
    /// After this long an attempt whose outcome was never reported counts as failed.
    pub attempt_timeout: Span,
}

/// Whose failures are counted together.
///
/// A stranger must not lock a user out, so a network from which the user has logged in before is
/// judged by a counter of its own, fed only by its own failures.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttemptCounter {
    /// Everybody who is not known to the account.
    Account(EmailKey),
    /// One network that the account knows.
    Known(EmailKey, ClientNetwork),
}

impl AttemptCounter {
    /// The address the counter belongs to.
    #[must_use]
    pub fn email(&self) -> &EmailKey {
        match self {
            Self::Account(email) | Self::Known(email, _) => email,
        }
    }
}

impl fmt::Debug for AttemptCounter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(_) => formatter.write_str("Account(***)"),
            Self::Known(_, network) => write!(formatter, "Known(***, {network})"),
        }
    }
}

/// Whether a log-in may go on to the hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptAdmission {
    /// It may; the attempt is counted and its outcome must be reported.
    Admitted,
    /// As many attempts as could still fail are under way; ask again in a moment.
    Busy,
    /// The counter is locked until this instant.
    Locked(Instant),
}

/// What a counter shows after an outcome was reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptStanding {
    /// Failures that count now.
    pub failures: u32,
    /// Until when the counter is locked, if it is.
    pub locked_until: Option<Instant>,
    /// Whether it was this failure that locked it.
    pub just_locked: bool,
}
