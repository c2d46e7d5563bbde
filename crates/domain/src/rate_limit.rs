use std::fmt;

use crate::{ClientNetwork, EmailKey, Instant, Span, UserId};

/// What is limited together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// Log-ins with a password.
    Login,
    /// Registrations.
    Register,
    /// Token refreshes.
    Refresh,
    /// Requests for a password reset.
    PasswordReset,
    /// Requests for another verification mail.
    EmailResend,
    /// Log-ins with a provider.
    Oauth,
    /// Mails to a user that a stranger can cause.
    StrangerMail,
    /// Everything else.
    Default,
}

impl Bucket {
    /// Every bucket.
    pub const ALL: [Self; 8] = [
        Self::Login,
        Self::Register,
        Self::Refresh,
        Self::PasswordReset,
        Self::EmailResend,
        Self::Oauth,
        Self::StrangerMail,
        Self::Default,
    ];

    /// The bucket's name in configuration, headers and keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Register => "register",
            Self::Refresh => "refresh",
            Self::PasswordReset => "password_reset",
            Self::EmailResend => "email_resend",
            Self::Oauth => "oauth",
            Self::StrangerMail => "stranger_mail",
            Self::Default => "default",
        }
    }
}

/// Who shares one budget within a bucket.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RateKey {
    /// A client address, or an IPv6 /64.
    Network(ClientNetwork),
    /// A logged-in user.
    User(UserId),
    /// The address a mail would go to.
    Email(EmailKey),
}

impl fmt::Debug for RateKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => write!(formatter, "Network({network})"),
            Self::User(user) => write!(formatter, "User({user})"),
            Self::Email(_) => formatter.write_str("Email(***)"),
        }
    }
}

/// How many requests a key has in a sliding window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Requests per window; at least 1.
    pub limit: u32,
    /// The window's length; at least a second.
    pub window: Span,
}

/// What a limiter answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateDecision {
    /// Whether the request may go on; always true of a peek that would be allowed.
    pub allowed: bool,
    /// The quota it was judged by.
    pub quota: Quota,
    /// Requests left now.
    pub remaining: u32,
    /// When the whole budget is there again, if nothing more is asked.
    pub resets_at: Instant,
    /// When the next request will be allowed, if this one was not.
    pub retry_at: Option<Instant>,
}
