use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use archon_domain::ports::Probe;
use archon_domain::{
    ClientNetwork, EmailKey, Instant, IssuedToken, KeyId, LinkedIdentity, MailId, PasswordHash, QueuedMail,
    Session, SessionId, SigningKey, StoreError, StoreErrorKind, TerminationReason, TokenDigest, TokenId,
    TokenPurpose, User, UserId,
};
use async_trait::async_trait;

use crate::alerts::StoredAlerts;
use crate::blocklist::StoredBlock;
use crate::events::Events;

/// Keeps everything that a database would keep, and loses it with the process.
///
/// One lock guards the whole state, so that each method of each port is atomic.
#[derive(Default)]
pub struct MemoryStore(Mutex<State>);

/// What the store holds.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) accounts: HashMap<UserId, Account>,
    pub(crate) by_email: BTreeMap<EmailKey, UserId>,
    /// Accounts by when they were opened.
    pub(crate) by_age: BTreeSet<(Instant, UserId)>,
    /// Who is whom to a provider.
    pub(crate) identities: BTreeMap<IdentityKey, LinkedIdentity>,
    pub(crate) sessions: HashMap<SessionId, Session>,
    /// Which sessions are whose, so that nothing walks through everybody's.
    pub(crate) sessions_of: HashMap<UserId, BTreeSet<SessionId>>,
    pub(crate) tokens: HashMap<TokenDigest, IssuedToken>,
    pub(crate) revocations: HashMap<TokenId, Revocation>,
    pub(crate) outbox: BTreeMap<MailId, QueuedMail>,
    pub(crate) events: Events,
    pub(crate) alerts: StoredAlerts,
    pub(crate) blocks: BTreeMap<ClientNetwork, StoredBlock>,
    pub(crate) keys: BTreeMap<KeyId, SigningKey>,
}

/// A provider, and what it calls the user.
pub(crate) type IdentityKey = (String, String);

/// By what an identity is found.
pub(crate) fn key_of(identity: &LinkedIdentity) -> IdentityKey {
    (identity.provider.clone(), identity.subject.clone())
}

/// That a token was revoked.
pub(crate) struct Revocation {
    pub(crate) session: Option<SessionId>,
    pub(crate) expires_at: Instant,
    pub(crate) reason: String,
}

/// An account with what only its owner's methods see.
pub(crate) struct Account {
    pub(crate) user: User,
    /// Newest first; the first is the user's present password, if there is one.
    pub(crate) history: Vec<PasswordHash>,
    /// When the user last logged in from where.
    pub(crate) networks: HashMap<ClientNetwork, Instant>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The state, for the length of one method.
    ///
    /// A panic elsewhere poisons the lock but leaves whole values behind, so the store goes on.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

#[async_trait]
impl Probe for MemoryStore {
    async fn probe(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// What a database answers when a row with this key is there already or the row it refers to is not.
pub(crate) fn conflict(context: &'static str, cause: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Conflict, context).with_source(cause)
}

impl State {
    /// Refuses mails of which one is queued already or is nobody's, before anything else is changed; the account
    /// that is just being `opened` is somebody.
    pub(crate) fn check_mails(
        &self,
        mails: &[QueuedMail],
        opened: Option<UserId>,
        context: &'static str,
    ) -> Result<(), StoreError> {
        let known = |user| opened == Some(user) || self.accounts.contains_key(&user);
        if !mails.iter().all(|queued| known(queued.mail.user)) {
            return Err(conflict(context, "there is no such account"));
        }
        let mut seen = BTreeSet::new();
        let fresh = |queued: &QueuedMail| !self.outbox.contains_key(&queued.mail.id);
        if mails.iter().all(|queued| fresh(queued) && seen.insert(queued.mail.id)) {
            return Ok(());
        }
        Err(conflict(context, "a mail with this id is queued already"))
    }

    /// Refuses a token whose digest is known, before anything else is changed.
    pub(crate) fn check_token(&self, token: &IssuedToken, context: &'static str) -> Result<(), StoreError> {
        if self.tokens.contains_key(&token.digest) {
            return Err(conflict(context, "a token with this digest is stored already"));
        }
        Ok(())
    }

    /// Queues mails that [`check_mails`](Self::check_mails) has let pass.
    pub(crate) fn queue(&mut self, mails: Vec<QueuedMail>) {
        self.outbox.extend(mails.into_iter().map(|queued| (queued.mail.id, queued)));
    }

    /// Voids a user's tokens of one purpose.
    pub(crate) fn void_tokens(&mut self, user: UserId, purpose: TokenPurpose) {
        self.tokens.retain(|_, token| token.user != user || token.purpose != purpose);
    }

    /// The live sessions of a user, the last used first.
    pub(crate) fn live_sessions(&self, user: UserId, now: Instant) -> Vec<&Session> {
        let ids = self.sessions_of.get(&user).into_iter().flatten();
        let mut live: Vec<_> =
            ids.filter_map(|id| self.sessions.get(id)).filter(|session| session.is_live(now)).collect();
        live.sort_by_key(|session| {
            std::cmp::Reverse((session.last_accessed, session.created_at, &session.id))
        });
        live
    }

    /// Ends the live sessions of a user but `keep`; returns those it ended.
    pub(crate) fn end_live_sessions(
        &mut self,
        user: UserId,
        keep: Option<&SessionId>,
        reason: TerminationReason,
        now: Instant,
    ) -> Vec<SessionId> {
        let live = self.live_sessions(user, now).into_iter().map(|session| session.id.clone());
        let ended: Vec<_> = live.filter(|id| Some(id) != keep).collect();
        for id in &ended {
            self.end_session(id, reason, now);
        }
        ended
    }

    /// Ends one session.
    pub(crate) fn end_session(&mut self, id: &SessionId, reason: TerminationReason, now: Instant) {
        if let Some(session) = self.sessions.get_mut(id) {
            session.end(now, reason);
        }
    }
}
