//! Every port, wrapped.

use std::fmt;

use archon_domain::ports::{
    Alerts, Blocklist, Credentials, EventLog, Identities, LoginAttempts, Noticeboard, OauthStates, Outbox,
    Probe, RateLimiter, Revocations, SessionCache, SessionStore, UserDirectory, UserRepo,
};
use archon_domain::{
    AccountDeletion, AccountOpening, Alert, AlertCursor, AlertFilter, AlertId, AlertNotice, Amended,
    Amendment, AttemptAdmission, AttemptCounter, AttemptStanding, BlockedAddress, Bucket, CacheAnswer,
    CachedProfile, CachedSession, ChainEnds, ChainEntry, ClientNetwork, DeviceFingerprint, EmailKey,
    EventCursor, EventFilter, EventKind, EventTally, IdentityLink, Instant, IssuedToken, Lease,
    LinkedIdentity, Linking, LockoutRule, MailId, NewAccount, Notice, NoticeCounts, NoticeId, OauthFlow,
    OneTimeToken, Opening, OpeningRule, OutboxCounts, Passage, PasswordChange, PasswordChangeOutcome,
    PasswordHash, ProfileVersion, QueuedMail, Quota, Raising, RateDecision, RateKey, Rotate, Rotation,
    SecurityEvent, Session, SessionId, SessionTrace, Span, StoreError, TerminationReason, TokenDigest,
    TokenId, TokenPurpose, TokenRef, Touch, Unlinking, User, UserCursor, UserFilter, UserId,
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
    fn amend(id: UserId, amendment: Amendment, now: Instant) -> Amended;
    fn record_login(id: UserId, network: ClientNetwork, now: Instant) -> ();
    fn changed_since(since: Instant) -> Vec<ProfileVersion>;
    fn knows_network(id: UserId, network: ClientNetwork, since: Instant) -> bool;
    fn known_networks(id: UserId) -> Vec<(ClientNetwork, Instant)>;
    fn forget_networks(before: Instant) -> u64;
    fn delete_account(id: UserId) -> AccountDeletion;
});

faulty!(UserDirectory {
    fn page(filter: &UserFilter, after: Option<&UserCursor>, limit: u32) -> Vec<User>;
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
    fn knows_device(user: UserId, device: &DeviceFingerprint, until: Instant) -> bool;
    fn touch(touches: &[Touch]) -> ();
    fn rotate(rotate: Rotate, now: Instant) -> Rotation;
    fn observe(id: &SessionId, before: &SessionTrace, after: &SessionTrace, now: Instant) -> bool;
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

faulty!(EventLog {
    fn append(events: Vec<SecurityEvent>) -> ();
    fn of_user(user: UserId, limit: u32) -> Vec<SecurityEvent>;
    fn search(filter: &EventFilter, after: Option<EventCursor>, limit: u32) -> Vec<SecurityEvent>;
    fn tally(kinds: &[EventKind], from: Instant, until: Instant, step: Span) -> Vec<EventTally>;
    fn chain(after: u64, limit: u32) -> Vec<ChainEntry>;
    fn chain_ends() -> ChainEnds;
    fn purge(before: Instant) -> u64;
});

faulty!(Alerts {
    fn raise(alert: Alert, notices: Vec<AlertNotice>, window: Span) -> Raising;
    fn find_alert(id: AlertId) -> Option<Alert>;
    fn search_alerts(filter: &AlertFilter, after: Option<AlertCursor>, limit: u32) -> Vec<Alert>;
    fn claim_notices(limit: u32, lease_until: Instant, now: Instant) -> Vec<AlertNotice>;
    fn told(id: NoticeId) -> ();
    fn postpone_notice(id: NoticeId, next_attempt_at: Option<Instant>, error: &str) -> ();
    fn notice_counts() -> NoticeCounts;
    fn failed_notices(limit: u32) -> Vec<AlertNotice>;
    fn retry_notices(id: Option<NoticeId>, now: Instant) -> u64;
    fn purge_alerts(before: Instant) -> u64;
});

faulty!(Blocklist {
    fn block(blocked: BlockedAddress, now: Instant) -> ();
    fn lift(network: ClientNetwork, now: Instant) -> bool;
    fn blocked(now: Instant, limit: u32) -> Vec<BlockedAddress>;
    fn blocks_changed_since(since: Instant) -> Vec<BlockedAddress>;
    fn purge_blocks(before: Instant) -> u64;
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
    fn standing(
        counter: &AttemptCounter,
        rule: &LockoutRule,
        void_before: Instant,
        now: Instant,
    ) -> AttemptStanding;
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
    /// The same stores, with faults in whatever is asked of them.
    #[must_use]
    pub fn with_faults(&self, faults: &Arc<Faults>) -> Self {
        Self {
            users: Faulty::wrap(&self.users, faults),
            directory: Faulty::wrap(&self.directory, faults),
            credentials: Faulty::wrap(&self.credentials, faults),
            identities: Faulty::wrap(&self.identities, faults),
            sessions: Faulty::wrap(&self.sessions, faults),
            revocations: Faulty::wrap(&self.revocations, faults),
            outbox: Faulty::wrap(&self.outbox, faults),
            events: Faulty::wrap(&self.events, faults),
            alerts: Faulty::wrap(&self.alerts, faults),
            blocklist: Faulty::wrap(&self.blocklist, faults),
        }
    }
}
