use std::fmt;

use crate::ports::Entropy;
use crate::{
    Bucket, Instant, Profile, Quota, RateDecision, RateKey, Session, TokenId, TokenRef, UserId, random_text,
};

/// An authenticated request at the gate: the token was checked, its session was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// The access token.
    pub token: TokenRef,
    /// Whose token.
    pub user: UserId,
    /// The budget that the request draws on if it may pass; `None` for a client that is not limited.
    pub charge: Option<Charge>,
    /// Whether the user's profile is asked for.
    pub profile: bool,
}

impl Passage {
    /// Whether `session` is the one that this passage asks for, and may be used at `now`.
    #[must_use]
    pub fn may_use(&self, session: &Session, now: Instant) -> bool {
        session.id == self.token.session && session.user == self.user && session.is_live(now)
    }
}

/// One request to be taken from a budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// Which budget.
    pub bucket: Bucket,
    /// Whose.
    pub key: RateKey,
    /// How large it is.
    pub quota: Quota,
}

/// What the gate knows of a passage.
#[derive(Debug, Clone, PartialEq)]
pub struct Passed {
    /// The token's session, whether live, expired or ended; `None` when there is no such session of the user.
    pub session: Option<Session>,
    /// Whether the token is on the blacklist.
    pub revoked: bool,
    /// What became of the charge; `None` when nothing was to be taken, or the session may not be used.
    pub decision: Option<RateDecision>,
    /// The user's profile; `None` when it was not asked for, the request may not pass, or the account is gone.
    pub profile: Option<Box<Profile>>,
}

/// A live session as the fast store keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct CachedSession {
    /// The session as the durable store has it, but for the latest touches.
    pub session: Session,
    /// Its tokens that are on the blacklist.
    pub revoked: Vec<TokenId>,
}

/// What the fast store knows of a passage.
///
/// It may say yes. Only the durable store says no.
#[derive(Debug, Clone, PartialEq)]
pub enum CacheAnswer {
    /// The session is live and the token is not revoked.
    Live {
        /// The session.
        session: Box<Session>,
        /// What became of the charge, if there was one.
        decision: Option<RateDecision>,
        /// The user's profile, if it was asked for and is there.
        profile: Option<Box<Profile>>,
    },
    /// The fast store cannot say; the durable store must be asked, and what it says may be settled under the lease.
    Unsure {
        /// Why the token is on the fast store's own blacklist, if it is: an operator may have put it there by hand.
        blacklisted: Option<String>,
    },
}

/// The right to put one session, or one profile, into the fast store: whoever changes it meanwhile breaks the
/// lease, so that what was read before a change is never put back after it.
#[derive(Clone, PartialEq, Eq)]
pub struct Lease(String);

impl Lease {
    /// Random bytes in a lease.
    pub const BYTES: usize = 16;

    /// A fresh lease.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(random_text::generate::<{ Self::BYTES }>(entropy))
    }

    /// The lease as the fast store keeps it: 22 URL-safe characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Lease({})", self.0)
    }
}
