use async_trait::async_trait;

use crate::{
    DeviceFingerprint, Instant, Opening, OpeningRule, Rotate, Rotation, Session, SessionId, SessionTrace,
    StoreError, TerminationReason, Touch, UserId,
};

/// Keeps sessions.
#[async_trait]
pub trait SessionStore: Send + Sync {
    /// Opens a session within the rule.
    ///
    /// # Contract
    /// - MUST store the session as it was given.
    /// - MUST end the least recently used live session when the rule says so, and name it.
    /// - MUST answer `LimitReached` and store nothing when the rule forbids one more live session.
    /// - MUST count neither expired nor ended sessions.
    /// - MUST resume the live session of the same device when the rule asks for one per device.
    /// - MUST never leave more live sessions than the rule allows, however many open at the same time.
    async fn open(&self, session: Session, rule: OpeningRule, now: Instant) -> Result<Opening, StoreError>;

    /// The session with this id, whether live, expired or ended.
    ///
    /// # Contract
    /// - MUST return every field as it was stored.
    async fn find(&self, id: &SessionId) -> Result<Option<Session>, StoreError>;

    /// The live sessions of a user, the last used first.
    ///
    /// # Contract
    /// - MUST list live sessions only, the last used first.
    async fn list(&self, user: UserId, now: Instant) -> Result<Vec<Session>, StoreError>;

    /// Whether a session of the user that was opened at or before `until` is of this device.
    ///
    /// # Contract
    /// - MUST know the device of every session of the user that was opened by then, whether live, expired or ended.
    async fn knows_device(
        &self,
        user: UserId,
        device: &DeviceFingerprint,
        until: Instant,
    ) -> Result<bool, StoreError>;

    /// Records that sessions were used.
    ///
    /// # Contract
    /// - MUST record every touch of the batch.
    /// - MUST never move `last_accessed` or `expires_at` backwards.
    /// - MUST leave ended and unknown sessions as they are.
    async fn touch(&self, touches: &[Touch]) -> Result<(), StoreError>;

    /// Spends a refresh token, as [`Session::judge_refresh`] judges it.
    ///
    /// # Contract
    /// - MUST rotate once, however many present the current token at the same time, and answer all others
    ///   with the successor of that rotation.
    /// - MUST end the session when a spent token is presented, in the same step.
    /// - MUST let no rotation succeed on a session that has ended.
    /// - MUST replay only the immediate predecessor, within the grace window, to the same user agent.
    /// - MUST leave the session as it is when the token belongs to an earlier log-in.
    async fn rotate(&self, rotate: Rotate, now: Instant) -> Result<Rotation, StoreError>;

    /// Takes over what a judged request has shown of a session; false, and nothing changes, when the session holds
    /// another trace by now than the one it was judged by, or is not live.
    ///
    /// # Contract
    /// - MUST take the trace over when the session holds the one that it was judged by.
    /// - MUST take one of two traces that were judged at the same time, and refuse the other.
    /// - MUST leave everything else of the session as it is.
    /// - MUST leave ended and expired sessions as they are.
    async fn observe(
        &self,
        id: &SessionId,
        before: &SessionTrace,
        after: &SessionTrace,
        now: Instant,
    ) -> Result<bool, StoreError>;

    /// Ends a session; the session as it was when this call ended it, `None` when it was not live.
    ///
    /// # Contract
    /// - MUST end a live session once, and keep the first reason.
    async fn end(
        &self,
        id: &SessionId,
        reason: TerminationReason,
        now: Instant,
    ) -> Result<Option<Session>, StoreError>;

    /// Ends the live sessions of a user but `keep`; returns those it ended.
    ///
    /// # Contract
    /// - MUST end every live session of the user but the one to keep.
    async fn end_all_but(
        &self,
        user: UserId,
        keep: Option<&SessionId>,
        reason: TerminationReason,
        now: Instant,
    ) -> Result<Vec<SessionId>, StoreError>;

    /// The sessions that were ended at or after `since`, whoever ended them.
    ///
    /// # Contract
    /// - MUST name every session that was ended since, and no other.
    async fn ended_since(&self, since: Instant) -> Result<Vec<SessionId>, StoreError>;

    /// Forgets sessions that expired or ended before `before`; returns how many.
    ///
    /// # Contract
    /// - MUST forget sessions whose last token has long expired, and no others.
    async fn purge(&self, before: Instant) -> Result<u64, StoreError>;
}
