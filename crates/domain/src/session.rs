use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::{
    Client, DeviceFingerprint, Instant, Place, RefreshState, SessionId, SessionTrace, Span, SuspicionReason,
    TokenId, UserAgent, UserId,
};

/// One log-in on one device, until it expires or is ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// Identifies the session; part of every token of it.
    pub id: SessionId,
    /// Whose session.
    pub user: UserId,
    /// When the user logged in.
    pub created_at: Instant,
    /// When the session was last used; the durable store learns of it in batches, within seconds.
    pub last_accessed: Instant,
    /// When it ends if it is not used before.
    pub expires_at: Instant,
    /// When it ends however much it is used.
    pub absolute_expires_at: Instant,
    /// Whether the user asked to be remembered on this device.
    pub remembered: bool,
    /// The address of the log-in.
    pub address: IpAddr,
    /// The user agent of the log-in.
    pub user_agent: UserAgent,
    /// Tells the device from the user's others.
    pub fingerprint: DeviceFingerprint,
    /// Which refresh token is the current one.
    pub refresh: RefreshState,
    /// What is remembered of its requests, to judge the next one by.
    pub trace: SessionTrace,
    /// When and why it was ended, if it was.
    pub ending: Option<SessionEnding>,
}

/// That a session was ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionEnding {
    /// When.
    pub at: Instant,
    /// Why.
    pub reason: TerminationReason,
}

/// Why a session was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TerminationReason {
    /// The user logged out.
    Logout,
    /// The user ended it from another session.
    EndedByUser,
    /// A newer log-in needed the place.
    SessionLimit,
    /// A spent refresh token was presented.
    TokenReuse,
    /// The password was changed or reset.
    PasswordChanged,
    /// An administrator ended it, or shut the account.
    EndedByAdministrator,
    /// Its requests came from where its user cannot be, or not any more.
    Suspicious(SuspicionReason),
}

/// Where a session stands at some instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionStanding {
    /// It may be used.
    Live,
    /// It was not used for too long, or it has reached its absolute end.
    Expired,
    /// It was ended.
    Ended(TerminationReason),
}

/// How long sessions live and how many a user may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPolicy {
    /// How long a session lives without use.
    pub idle_timeout: Span,
    /// Whether use extends the life of a session.
    pub sliding: bool,
    /// How long a session of a remembered device lives without use.
    pub remember_me: Span,
    /// How long a session lives however much it is used.
    pub absolute_lifetime: Span,
    /// How many sessions a user may have, and what happens beyond.
    pub opening: OpeningRule,
}

/// What happens when a user opens one more session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpeningRule {
    /// Most live sessions of one user; at least 1.
    pub max_concurrent: u32,
    /// At the limit: end the least recently used session (true) or refuse the log-in (false).
    pub end_oldest: bool,
    /// A log-in from a device that has a live session goes on with that session.
    pub one_per_device: bool,
}

/// What became of a session that was to be opened.
#[derive(Debug, Clone, PartialEq)]
pub enum Opening {
    /// It is stored; these had to end for it.
    Opened {
        /// Sessions ended to make room.
        ended: Vec<SessionId>,
    },
    /// The device's live session goes on under its own id, with the new refresh token.
    Resumed(Box<Session>),
    /// The user has as many sessions as allowed; nothing was stored.
    LimitReached,
}

/// That a session was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touch {
    /// Which session.
    pub session: SessionId,
    /// When.
    pub last_accessed: Instant,
    /// When it now ends if it is not used again.
    pub expires_at: Instant,
}

impl SessionPolicy {
    /// When a session that is used at `now` ends if it is not used again.
    fn expiry_after_use(&self, now: Instant, absolute_expires_at: Instant, remembered: bool) -> Instant {
        let idle = if remembered { self.remember_me } else { self.idle_timeout };
        (now + idle).min(absolute_expires_at)
    }
}

/// What a log-in knows of the session it opens.
#[derive(Debug, Clone)]
pub struct NewSession<'a> {
    /// A fresh id.
    pub id: SessionId,
    /// Who has logged in.
    pub user: UserId,
    /// From where and with what.
    pub client: &'a Client,
    /// Whether the user asked to be remembered on this device.
    pub remembered: bool,
    /// Where that is, if a database knows.
    pub place: Option<&'a Place>,
    /// The id of the first refresh token.
    pub refresh_token: TokenId,
}

impl Session {
    /// The session of a log-in at `now`.
    #[must_use]
    pub fn begin(new: NewSession<'_>, policy: &SessionPolicy, now: Instant) -> Self {
        let absolute_expires_at = now + policy.absolute_lifetime;
        Self {
            id: new.id,
            user: new.user,
            created_at: now,
            last_accessed: now,
            expires_at: policy.expiry_after_use(now, absolute_expires_at, new.remembered),
            absolute_expires_at,
            remembered: new.remembered,
            address: new.client.address,
            fingerprint: new.client.user_agent.fingerprint(),
            user_agent: new.client.user_agent.clone(),
            refresh: RefreshState::first(new.refresh_token, now),
            trace: SessionTrace::begin(new.client.address, &new.client.user_agent, new.place, now),
            ending: None,
        }
    }

    /// Where the session stands at `now`.
    #[must_use]
    pub fn standing(&self, now: Instant) -> SessionStanding {
        match self.ending {
            Some(ending) => SessionStanding::Ended(ending.reason),
            None if now >= self.expires_at || now >= self.absolute_expires_at => SessionStanding::Expired,
            None => SessionStanding::Live,
        }
    }

    /// Whether the session may be used at `now`.
    #[must_use]
    pub fn is_live(&self, now: Instant) -> bool {
        self.standing(now) == SessionStanding::Live
    }

    /// What to record when the session is used at `now`.
    #[must_use]
    pub fn touched(&self, now: Instant, policy: &SessionPolicy) -> Touch {
        let expires_at = if policy.sliding {
            policy.expiry_after_use(now, self.absolute_expires_at, self.remembered).max(self.expires_at)
        } else {
            self.expires_at
        };
        Touch { session: self.id.clone(), last_accessed: now, expires_at }
    }

    /// Takes a touch over, never backwards.
    pub fn apply(&mut self, touch: &Touch) {
        self.last_accessed = self.last_accessed.max(touch.last_accessed);
        self.expires_at = self.expires_at.max(touch.expires_at);
    }

    /// Goes on as the session of a new log-in from the same device: other refresh tokens are superseded.
    pub fn resume(&mut self, login: &Self) {
        self.refresh = login.refresh.clone();
        self.last_accessed = login.last_accessed;
        self.expires_at = login.expires_at.min(self.absolute_expires_at);
        self.remembered = login.remembered;
        self.address = login.address;
        self.trace = login.trace.clone();
    }

    /// Ends the session, unless it has ended before.
    pub fn end(&mut self, at: Instant, reason: TerminationReason) {
        self.ending.get_or_insert(SessionEnding { at, reason });
    }
}

impl TerminationReason {
    /// The word that storage, events and operators see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::EndedByUser => "ended_by_user",
            Self::SessionLimit => "session_limit",
            Self::TokenReuse => "token_reuse",
            Self::PasswordChanged => "password_changed",
            Self::EndedByAdministrator => "ended_by_administrator",
            Self::Suspicious(reason) => reason.as_str(),
        }
    }
}

impl fmt::Display for TerminationReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for TerminationReason {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let ordinary = [
            Self::Logout,
            Self::EndedByUser,
            Self::SessionLimit,
            Self::TokenReuse,
            Self::PasswordChanged,
            Self::EndedByAdministrator,
        ];
        let suspicious = SuspicionReason::ALL.map(Self::Suspicious);
        let mut reasons = ordinary.into_iter().chain(suspicious);
        reasons
            .find(|reason| reason.as_str() == text)
            .ok_or_else(|| format!("unknown termination reason {text:?}"))
    }
}
