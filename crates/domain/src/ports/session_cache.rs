use async_trait::async_trait;

use crate::{
    CacheAnswer, CachedProfile, CachedSession, Instant, Lease, Passage, ProfileVersion, SessionId,
    StoreError, TokenRef, Touch, UserId,
};

/// The fast copy of live sessions, of their users' profiles and of the blacklist, shared by every replica.
///
/// It may lose anything at any moment. An adapter never repeats a call by itself after it lost its connection:
/// what answers then may be another server, or the same with an older memory. It says `Unavailable`, and who
/// asks brings the copy up to date before it is believed again.
#[async_trait]
pub trait SessionCache: Send + Sync {
    /// Looks a passage up, and charges it if the answer is `Live`; when the answer is `Unsure`, `lease` is
    /// from now on the lease of the session, and when it is `Live` without the profile that was asked for, the
    /// lease of the profile, unless another stands. One round trip.
    ///
    /// # Contract
    /// - MUST answer `Live` only for a session that was settled, belongs to the passage's user, has not
    ///   expired, and was not forgotten or leased since.
    /// - MUST answer `Unsure` for a token that is on the blacklist or among the session's revoked tokens, and
    ///   give the blacklist's reason.
    /// - MUST answer with a profile only when it is asked for, and only with one that was settled, has not
    ///   expired, and was not forgotten since.
    /// - MUST leave a lease that stands to its holder, for a few seconds at the most: many who ask at the same
    ///   time would else keep each other from settling for ever.
    /// - MUST take one request from the budget when it answers `Live`, and nothing otherwise.
    async fn pass(&self, passage: &Passage, lease: &Lease, now: Instant) -> Result<CacheAnswer, StoreError>;

    /// Gives `lease` the right to settle the session, in place of whatever is there.
    ///
    /// # Contract
    /// - MUST break any other lease of the session.
    async fn lease(&self, session: &SessionId, lease: &Lease) -> Result<(), StoreError>;

    /// Puts a session in under its lease, or nothing; the lease is over then.
    ///
    /// # Contract
    /// - MUST put the session in only under an unbroken lease, and otherwise change nothing.
    async fn settle(
        &self,
        session: &SessionId,
        lease: &Lease,
        entry: Option<&CachedSession>,
        now: Instant,
    ) -> Result<(), StoreError>;

    /// Forgets sessions because they have changed.
    ///
    /// # Contract
    /// - MUST forget every session it is told and break its lease.
    async fn forget(&self, sessions: &[SessionId]) -> Result<(), StoreError>;

    /// Puts a user's profile in under its lease, or nothing; the lease is over then.
    ///
    /// # Contract
    /// - MUST put the profile in only under an unbroken lease, and otherwise change nothing.
    async fn settle_profile(
        &self,
        user: UserId,
        lease: &Lease,
        entry: Option<&CachedProfile>,
        now: Instant,
    ) -> Result<(), StoreError>;

    /// Forgets the profiles of users because they have changed.
    ///
    /// # Contract
    /// - MUST forget every profile it is told and break its lease.
    async fn forget_profiles(&self, users: &[UserId]) -> Result<(), StoreError>;

    /// Forgets profiles that are not what they should be by now.
    ///
    /// # Contract
    /// - MUST forget a profile of another version, break its lease, and leave a profile of the very version.
    async fn forget_outdated(&self, current: &[ProfileVersion]) -> Result<(), StoreError>;

    /// Records that sessions were used, of those that are there.
    ///
    /// # Contract
    /// - MUST never move a session's times backwards, and put no session in.
    async fn touch(&self, touches: &[Touch]) -> Result<(), StoreError>;

    /// Puts a token on the blacklist until it expires by itself.
    ///
    /// # Contract
    /// - MUST keep a token on the blacklist until its expiry.
    async fn blacklist(&self, token: &TokenRef, reason: &str, now: Instant) -> Result<(), StoreError>;

    /// Why a token is on the blacklist, if it is.
    async fn blacklisted(&self, token: &TokenRef) -> Result<Option<String>, StoreError>;
}
