//! Every port, wrapped.

use std::fmt;

use archon_domain::ports::{
    Credentials, Identities, LoginAttempts, Noticeboard, OauthStates, Outbox, Probe, RateLimiter,
    Revocations, SessionCache, SessionStore, UserRepo,
};
use archon_domain::{
    AccountOpening, Amendment, AttemptAdmission, AttemptCounter, AttemptStanding, Bucket, CacheAnswer,
    CachedProfile, CachedSession, ClientNetwork, EmailKey, IdentityLink, Instant, IssuedToken, Lease,
    LinkedIdentity, Linking, LockoutRule, MailId, NewAccount, Notice, OauthFlow, OneTimeToken, Opening,
    OpeningRule, OutboxCounts, Passage, PasswordChange, PasswordChangeOutcome, PasswordHash, ProfileVersion,
    QueuedMail, Quota, RateDecision, RateKey, Rotate, Rotation, Session, SessionId, StoreError,
    TerminationReason, TokenDigest, TokenId, TokenPurpose, TokenRef, Touch, Unlinking, User, UserId,
};
use async_trait::async_trait;

use super::{Faults, Faulty};
use crate::Stores;
use std::sync::Arc;

/// Implements a port for its wrapped self: every method is a call as the plan says.
macro_rules! faulty {
    ($port:ident { $(fn $method:ident($($argument:ident: $type:ty),* $(,)?) -> $answer:ty;)* }) => {
        #[async_trait]
        impl $port for Faulty<dyn $port> {
            $(async fn $method(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                self.faults.call(self.port.$method($($argument),*)).await
            })*
        }
    };
}

faulty!(UserRepo {
    fn open_account(account: NewAccount) -> AccountOpening;
    fn find(id: UserId) -> Option<User>;
    fn find_by_email(email: &EmailKey) -> Option<User>;
    fn amend(id: UserId, amendment: Amendment, now: Instant) -> Option<User>;
    fn record_login(id: UserId, network: ClientNetwork, now: Instant) -> ();
    fn changed_since(since: Instant) -> Vec<ProfileVersion>;
    fn knows_network(id: UserId, network: ClientNetwork, since: Instant) -> bool;
    fn known_networks(id: UserId) -> Vec<(ClientNetwork, Instant)>;
    fn forget_networks(before: Instant) -> u64;
    fn delete_account(id: UserId) -> Option<Vec<SessionId>>;
});

faulty!(Credentials {
    fn upgrade_hash(user: UserId, from: &PasswordHash, to: &PasswordHash) -> bool;
    fn password_history(user: UserId, depth: usize) -> Vec<PasswordHash>;
    fn change_password(change: PasswordChange, now: Instant) -> PasswordChangeOutcome;
    fn issue_token(token: IssuedToken, mails: Vec<QueuedMail>) -> ();
    fn token_owner(digest: &TokenDigest, purpose: TokenPurpose, now: Instant) -> Option<UserId>;
    fn verify_email(digest: &TokenDigest, now: Instant) -> Option<User>;
    fn purge_tokens(before: Instant) -> u64;
});

faulty!(Identities {
    fn find(provider: &str, subject: &str) -> Option<LinkedIdentity>;
    fn list(user: UserId) -> Vec<LinkedIdentity>;
    fn link(link: IdentityLink, now: Instant) -> Linking;
    fn unlink(user: UserId, provider: &str) -> Unlinking;
});

faulty!(SessionStore {
    fn open(session: Session, rule: OpeningRule, now: Instant) -> Opening;
    fn find(id: &SessionId) -> Option<Session>;
    fn list(user: UserId, now: Instant) -> Vec<Session>;
    fn touch(touches: &[Touch]) -> ();
    fn rotate(rotate: Rotate, now: Instant) -> Rotation;
    fn end(id: &SessionId, reason: TerminationReason, now: Instant) -> Option<Session>;
    fn end_all_but(
        user: UserId,
        keep: Option<&SessionId>,
        reason: TerminationReason,
        now: Instant,
    ) -> Vec<SessionId>;
    fn ended_since(since: Instant) -> Vec<SessionId>;
    fn purge(before: Instant) -> u64;
});

faulty!(Revocations {
    fn revoke(token: &TokenRef, reason: &str) -> ();
    fn is_revoked(token: &TokenRef, now: Instant) -> bool;
    fn of_session(session: &SessionId, now: Instant) -> Vec<TokenId>;
    fn purge(before: Instant) -> u64;
});

faulty!(Outbox {
    fn queue(mail: QueuedMail) -> ();
    fn claim(limit: u32, lease_until: Instant, now: Instant) -> Vec<QueuedMail>;
    fn sent(id: MailId) -> ();
    fn postpone(id: MailId, next_attempt_at: Option<Instant>, error: &str) -> ();
    fn counts() -> OutboxCounts;
    fn pending(limit: u32) -> Vec<QueuedMail>;
    fn failed(limit: u32) -> Vec<QueuedMail>;
    fn retry(id: Option<MailId>, now: Instant) -> u64;
});

faulty!(SessionCache {
    fn pass(passage: &Passage, lease: &Lease, now: Instant) -> CacheAnswer;
    fn lease(session: &SessionId, lease: &Lease) -> ();
    fn settle(session: &SessionId, lease: &Lease, entry: Option<&CachedSession>, now: Instant) -> ();
    fn forget(sessions: &[SessionId]) -> ();
    fn settle_profile(user: UserId, lease: &Lease, entry: Option<&CachedProfile>, now: Instant) -> ();
    fn forget_profiles(users: &[UserId]) -> ();
    fn forget_outdated(current: &[ProfileVersion]) -> ();
    fn touch(touches: &[Touch]) -> ();
    fn blacklist(token: &TokenRef, reason: &str, now: Instant) -> ();
    fn blacklisted(token: &TokenRef) -> Option<String>;
});

faulty!(RateLimiter {
    fn take(bucket: Bucket, key: &RateKey, quota: Quota, now: Instant) -> RateDecision;
    fn peek(bucket: Bucket, key: &RateKey, quota: Quota, now: Instant) -> RateDecision;
});

faulty!(LoginAttempts {
    fn begin(
        counter: &AttemptCounter,
        rule: &LockoutRule,
        void_before: Instant,
        now: Instant,
    ) -> AttemptAdmission;
    fn fail(counter: &AttemptCounter, rule: &LockoutRule, now: Instant) -> AttemptStanding;
    fn succeed(counter: &AttemptCounter, now: Instant) -> ();
    fn withdraw(counter: &AttemptCounter, now: Instant) -> ();
    fn clear(email: &EmailKey) -> ();
});

faulty!(OauthStates {
    fn begin(state: &OneTimeToken, flow: OauthFlow, now: Instant) -> ();
    fn consume(state: &OneTimeToken, now: Instant) -> Option<OauthFlow>;
});

faulty!(Noticeboard {
    fn post(notices: Vec<Notice>, now: Instant) -> ();
});

faulty!(Probe {
    fn probe() -> ();
});

impl<P: ?Sized> fmt::Debug for Faulty<P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Faulty").finish_non_exhaustive()
    }
}

impl Stores {
    /// The same stores, with faults in whatever requests ask of them: accounts, credentials, identities,
    /// sessions, revocations and mails.
    #[must_use]
    pub fn with_faults(&self, faults: &Arc<Faults>) -> Self {
        Self {
            users: Faulty::wrap(&self.users, faults),
            credentials: Faulty::wrap(&self.credentials, faults),
            identities: Faulty::wrap(&self.identities, faults),
            sessions: Faulty::wrap(&self.sessions, faults),
            revocations: Faulty::wrap(&self.revocations, faults),
            outbox: Faulty::wrap(&self.outbox, faults),
            events: Arc::clone(&self.events),
        }
    }
}
