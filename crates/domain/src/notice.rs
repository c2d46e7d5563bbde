use std::net::IpAddr;

use crate::{
    BlockedAddress, Instant, IssuedToken, MailId, OneTimeToken, SessionId, TerminationReason, TokenPurpose,
    UserId,
};

/// What happens that operators can watch in the fast store. Nothing reads it back: its loss loses nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A one-time token was issued.
    TokenIssued {
        /// The token itself; the adapter decides whether to show it or its digest.
        token: OneTimeToken,
        /// Whose it is, what for, and how long it works.
        issued: IssuedToken,
    },
    /// A one-time token was spent.
    TokenSpent {
        /// The token.
        token: OneTimeToken,
        /// What it was for.
        purpose: TokenPurpose,
    },
    /// A session was ended before its time.
    SessionTerminated {
        /// Which.
        session: SessionId,
        /// Whose.
        user: UserId,
        /// Why.
        reason: TerminationReason,
        /// The address of the log-in, where it is known.
        original_address: Option<IpAddr>,
        /// The address of whoever ended it, where it is known.
        new_address: Option<IpAddr>,
        /// When.
        at: Instant,
    },
    /// A client address was blocked, or its block was lifted.
    AddressBlocked(BlockedAddress),
    /// The mails that wait and those that were given up, as they are now.
    Mails {
        /// Mails that wait, the longest due first.
        pending: Vec<MailId>,
        /// Mails that were given up, the latest first.
        failed: Vec<MailId>,
    },
}
