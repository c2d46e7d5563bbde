use crate::{
    Instant, SealedToken, Session, SessionId, SessionStanding, Span, TerminationReason, TokenId, Touch,
    UserAgent,
};

/// Which refresh token of a session is the current one, and how it became so.
///
/// Refresh token rotation with reuse detection as RFC 9700 section 4.14.2 asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshState {
    /// The token that buys the next pair.
    pub current: TokenId,
    /// When the chain of tokens began: tokens issued before belong to an earlier log-in.
    pub chain_began: Instant,
    /// The last rotation, if there was one.
    pub last: Option<Succession>,
}

/// How the current refresh token came after its predecessor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// The token that was spent.
    pub predecessor: TokenId,
    /// When it was spent.
    pub rotated_at: Instant,
    /// Who spent it.
    pub user_agent: UserAgent,
    /// The current token, for a predecessor's holder who lost the answer.
    pub sealed_successor: SealedToken,
}

/// A refresh token that is presented, its signature checked.
#[derive(Debug, Clone)]
pub struct Presented {
    /// The session it names.
    pub session: SessionId,
    /// Its id.
    pub token: TokenId,
    /// When it was issued, in whole seconds.
    pub issued_at: Instant,
    /// Who presents it.
    pub user_agent: UserAgent,
}

/// A rotation as it is asked of the session store.
#[derive(Debug, Clone)]
pub struct Rotate {
    /// The token to spend.
    pub presented: Presented,
    /// The id of the token that takes its place.
    pub successor: TokenId,
    /// That token, sealed under the presented one.
    pub sealed_successor: SealedToken,
    /// The use of the session that the rotation is.
    pub touch: Touch,
    /// For how long after a rotation the predecessor still yields its successor.
    pub grace: Span,
}

/// What became of a rotation.
#[derive(Debug, Clone, PartialEq)]
pub enum Rotation {
    /// The presented token is spent and the successor is current. The session as it is now.
    Rotated(Session),
    /// The token was spent a moment ago by the same client; the answer is the successor of then.
    Replayed(Session, SealedToken),
    /// The token was spent before: this call has ended the session.
    Reused(Session),
    /// The token belongs to an earlier log-in on the same session; nothing was changed.
    Superseded,
    /// The session has expired.
    Expired,
    /// The session was ended before.
    Ended(TerminationReason),
    /// There is no such session.
    Unknown,
}

/// What a presented refresh token is to its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefreshVerdict {
    /// The current token: rotate.
    Current,
    /// The predecessor, within the grace window, from the same client, its successor unused.
    Replay(SealedToken),
    /// Spent: end the session.
    Spent,
    /// Of an earlier log-in on the same session.
    Superseded,
    /// The session has expired.
    Expired,
    /// The session was ended before.
    Ended(TerminationReason),
}

impl RefreshState {
    /// The state after a log-in.
    #[must_use]
    pub fn first(token: TokenId, now: Instant) -> Self {
        Self { current: token, chain_began: now, last: None }
    }

    /// The state after `rotate` has spent the current token.
    #[must_use]
    pub fn rotated(&self, rotate: &Rotate, now: Instant) -> Self {
        Self {
            current: rotate.successor,
            chain_began: self.chain_began,
            last: Some(Succession {
                predecessor: self.current,
                rotated_at: now,
                user_agent: rotate.presented.user_agent.clone(),
                sealed_successor: rotate.sealed_successor.clone(),
            }),
        }
    }
}

impl Session {
    /// Judges a presented refresh token at `now`.
    ///
    /// The grace window counts from the rotation and never slides: the successor being current means
    /// that it is unused.
    #[must_use]
    pub fn judge_refresh(&self, presented: &Presented, grace: Span, now: Instant) -> RefreshVerdict {
        match self.standing(now) {
            SessionStanding::Ended(reason) => return RefreshVerdict::Ended(reason),
            SessionStanding::Expired => return RefreshVerdict::Expired,
            SessionStanding::Live => {}
        }
        if presented.token == self.refresh.current {
            return RefreshVerdict::Current;
        }
        match &self.refresh.last {
            Some(last) if last.predecessor == presented.token => {
                let in_time = now - last.rotated_at <= grace;
                if in_time && last.user_agent == presented.user_agent {
                    RefreshVerdict::Replay(last.sealed_successor.clone())
                } else {
                    RefreshVerdict::Spent
                }
            }
            // `iat` is in whole seconds: a token of the second in which the chain began counts as spent.
            _ if presented.issued_at.timestamp() < self.refresh.chain_began.timestamp() => {
                RefreshVerdict::Superseded
            }
            _ => RefreshVerdict::Spent,
        }
    }
}
