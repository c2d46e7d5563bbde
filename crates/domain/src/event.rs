use std::net::IpAddr;
use std::str::FromStr;

use serde_json::{Map, Value};

use crate::{EventId, Instant, SessionId, UserAgent, UserId};

/// Something that matters to the security of an account or of the service; never changed once stored.
#[derive(Debug, Clone, PartialEq)]
pub struct SecurityEvent {
    /// Identifies the event; ids rise with time.
    pub id: EventId,
    /// When it happened.
    pub at: Instant,
    /// What happened.
    pub kind: EventKind,
    /// How bad it is.
    pub severity: Severity,
    /// Whose account, where known.
    pub user: Option<UserId>,
    /// Which session, where there is one.
    pub session: Option<SessionId>,
    /// Whose request, where there was one.
    pub address: Option<IpAddr>,
    /// The request's user agent.
    pub user_agent: Option<UserAgent>,
    /// The request's id.
    pub request_id: Option<String>,
    /// What else there is to say; never a secret.
    pub details: Map<String, Value>,
}

/// How bad an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Ordinary life.
    Info,
    /// Worth a look when it comes in numbers.
    Warning,
    /// Somebody should look.
    Critical,
}

impl Severity {
    /// The word that storage and operators see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Info, Self::Warning, Self::Critical]
            .into_iter()
            .find(|severity| severity.as_str() == text)
            .ok_or_else(|| format!("unknown severity {text:?}"))
    }
}

macro_rules! event_kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $severity:ident;)*) => {
        /// What can happen.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum EventKind {
            $($(#[$doc])* $name,)*
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word that storage, filters and operators see.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }

            /// How bad it is, unless its details make it worse.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self {
                    $(Self::$name => Severity::$severity,)*
                }
            }
        }
    };
}

event_kinds! {
    /// An account was opened.
    Registered = "registered", Info;
    /// A log-in succeeded.
    LoginSucceeded = "login_succeeded", Info;
    /// A log-in failed.
    LoginFailed = "login_failed", Warning;
    /// Too many failed log-ins locked an address.
    AccountLocked = "account_locked", Warning;
    /// An administrator lifted the lock.
    AccountUnlocked = "account_unlocked", Info;
    /// A user logged out.
    Logout = "logout", Info;
    /// A refresh token was rotated.
    TokenRefreshed = "token_refreshed", Info;
    /// A spent refresh token was presented.
    TokenReuseDetected = "token_reuse_detected", Critical;
    /// A token that is forged or not of this service was presented.
    TokenRejected = "token_rejected", Warning;
    /// A session was ended before its time.
    SessionTerminated = "session_terminated", Info;
    /// A session is suspicious.
    SessionFlagged = "session_flagged", Warning;
    /// A password was changed by its user.
    PasswordChanged = "password_changed", Info;
    /// A password reset was asked for.
    PasswordResetRequested = "password_reset_requested", Info;
    /// A password was reset.
    PasswordResetCompleted = "password_reset_completed", Info;
    /// A user proved that the address is theirs.
    EmailVerified = "email_verified", Info;
    /// A log-in with a provider succeeded.
    OauthLogin = "oauth_login", Info;
    /// A log-in with a provider failed.
    OauthFailed = "oauth_failed", Warning;
    /// An identity at a provider was linked to an account.
    IdentityLinked = "identity_linked", Info;
    /// A provider was unlinked from an account.
    IdentityUnlinked = "identity_unlinked", Info;
    /// A client used up its budget.
    RateLimited = "rate_limited", Warning;
    /// A user changed their profile.
    ProfileChanged = "profile_changed", Info;
    /// A user deleted their account.
    AccountDeleted = "account_deleted", Info;
    /// An administrator acted; the details say what, on whom and why.
    AdminAction = "admin_action", Warning;
}

impl FromStr for EventKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().copied().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| format!("unknown event type {text:?}"))
    }
}
