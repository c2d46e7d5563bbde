//! The fast path: a fast store that replicas share, in front of the durable one.
//!
//! The durable store is the truth. The fast one may lose any key at any time, be slow or away, and come
//! back empty or with an older memory. So **the fast store may say yes; only the durable store says no**:
//!
//! - A request passes by one look-up in the fast store when that has the session, live, and the token on
//!   none of its lists. Whatever else it says, the durable store is asked.
//! - So is the profile of the user, where it is asked for: what the fast store has is shown, and everything
//!   else is read from the durable one.
//! - Who reads the durable store on behalf of the fast one holds a *lease* since before the read, and the
//!   copy is put in only if the lease stands. Who changes a session or a user changes it in the durable store first
//!   and then makes the fast store forget it, which breaks the lease. So no copy is older than the last
//!   change that was told.
//! - A change that could not be told is *owed*, and a fast store that was away is not relied on before it
//!   is paid, and has forgotten every session that ended while a token of it may still live and every
//!   profile that has changed since a copy of it may have been put in ([`FastStoreKeeper`]).
//! - Nothing that a request has written durably fails because the fast store does. A request waits for the
//!   fast store once, for [`Breaker::DEFAULT_PATIENCE`] unless told otherwise; then nobody asks it until it
//!   is back.
//!
//! See docs/adr/0008-redis-may-say-yes.md.

mod accounts;
mod breaker;
mod copies;
mod failover;
mod gate;
mod identities;
mod revocations;
mod sessions;

use std::sync::Arc;
use std::time::Duration;

use archon_domain::ports::{
    Clock, Credentials, Entropy, Gate, Identities, LoginAttempts, Noticeboard, OauthStates, Outbox, Probe,
    RateLimiter, Revocations, SessionCache, SessionStore, UserRepo,
};
use archon_domain::{Instant, SessionId, Span};

pub(crate) use breaker::in_time;
pub use breaker::{Away, Breaker};
pub(crate) use copies::{Copies, Lately};

use crate::Notices;
use crate::workers::{FastStoreKeeper, NoticeWriter};
use accounts::{CachedCredentials, CachedUsers};
use failover::Failover;
use gate::CachedGate;
use identities::CachedIdentities;
use revocations::CachedRevocations;
use sessions::CachedSessions;

/// How far the clocks of replicas may be apart, and how long a change may take to be stored after its
/// instant was read: what ended is looked for so much earlier.
pub(crate) const MARGIN: Span = Span::seconds(10);

/// What the fast store does.
#[derive(Clone)]
pub struct FastPorts {
    /// Copies of sessions and profiles, and the list of revoked tokens that operators see.
    pub session_cache: Arc<dyn SessionCache>,
    /// Budgets that replicas share.
    pub limiter: Arc<dyn RateLimiter>,
    /// Failed log-ins that replicas count together.
    pub attempts: Arc<dyn LoginAttempts>,
    /// Log-ins with a provider that are under way.
    pub oauth_states: Arc<dyn OauthStates>,
    /// What operators watch.
    pub noticeboard: Arc<dyn Noticeboard>,
    /// Whether it answers; reconnects where that is needed.
    pub probe: Arc<dyn Probe>,
}

/// The truth: what the durable store does that has something to do with sessions.
#[derive(Clone)]
pub struct DurablePorts {
    /// Accounts.
    pub users: Arc<dyn UserRepo>,
    /// Password hashes and one-time tokens.
    pub credentials: Arc<dyn Credentials>,
    /// Who users are to providers.
    pub identities: Arc<dyn Identities>,
    /// Sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// Revoked tokens.
    pub revocations: Arc<dyn Revocations>,
    /// Mails, for operators to watch.
    pub outbox: Arc<dyn Outbox>,
}

/// What one process does for itself while the fast store is away.
#[derive(Clone)]
pub struct StandIns {
    /// Budgets.
    pub limiter: Arc<dyn RateLimiter>,
    /// Failed log-ins.
    pub attempts: Arc<dyn LoginAttempts>,
    /// Log-ins with a provider that are under way.
    pub oauth_states: Arc<dyn OauthStates>,
}

/// What the fast path is told besides its stores.
#[derive(Clone)]
pub struct FastPathOptions {
    /// How long a request waits for the fast store before nobody does; [`Breaker::DEFAULT_PATIENCE`] unless
    /// there is a reason.
    pub patience: Duration,
    /// How long an access token is accepted at the longest, its leeway included.
    pub access_token_life: Span,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random bits.
    pub entropy: Arc<dyn Entropy>,
}

/// The ports of a deployment with a fast store, to be used in the place of the durable ones.
///
/// ```text
/// let fast_path = FastPath::new(redis, sql, in_process, options);
/// fast_path.keeper.try_close(Duration::from_secs(2)).await;
/// tokio::spawn(fast_path.keeper.run(stopped.clone()));
/// tokio::spawn(fast_path.notice_writer.run(stopped));
/// ```
///
/// Until the keeper has closed the breaker for the first time, everything is served from the durable store.
pub struct FastPath {
    /// Accounts.
    pub users: Arc<dyn UserRepo>,
    /// Password hashes and one-time tokens.
    pub credentials: Arc<dyn Credentials>,
    /// Who users are to providers.
    pub identities: Arc<dyn Identities>,
    /// Sessions.
    pub sessions: Arc<dyn SessionStore>,
    /// Revoked tokens.
    pub revocations: Arc<dyn Revocations>,
    /// What every authenticated request asks.
    pub gate: Arc<dyn Gate>,
    /// Budgets.
    pub limiter: Arc<dyn RateLimiter>,
    /// Failed log-ins.
    pub attempts: Arc<dyn LoginAttempts>,
    /// Log-ins with a provider that are under way.
    pub oauth_states: Arc<dyn OauthStates>,
    /// Whether the fast store is relied on.
    pub breaker: Arc<Breaker>,
    /// Where operators are told what happens.
    pub notices: Notices,
    /// Brings the fast store up to date and closes the breaker; to be run.
    pub keeper: FastStoreKeeper,
    /// Puts notices up; to be run.
    pub notice_writer: NoticeWriter,
}

impl FastPath {
    /// Composes the ports.
    #[must_use]
    pub fn new(
        fast: FastPorts,
        durable: DurablePorts,
        stand_ins: StandIns,
        options: FastPathOptions,
    ) -> Self {
        let FastPathOptions { patience, access_token_life, clock, entropy } = options;
        let breaker = Arc::new(Breaker::new(patience));
        let copies = Arc::new(Copies::new(fast.session_cache, Arc::clone(&breaker)));
        let limiter: Arc<dyn RateLimiter> = Failover::new(fast.limiter, stand_ins.limiter, &breaker);
        let (notices, notice_writer) =
            Notices::watched(fast.noticeboard, durable.outbox, Arc::clone(&breaker), Arc::clone(&clock));
        Self {
            users: Arc::new(CachedUsers { durable: Arc::clone(&durable.users), copies: Arc::clone(&copies) }),
            credentials: Arc::new(CachedCredentials {
                durable: durable.credentials,
                sessions: Arc::clone(&durable.sessions),
                copies: Arc::clone(&copies),
            }),
            identities: Arc::new(CachedIdentities {
                durable: durable.identities,
                sessions: Arc::clone(&durable.sessions),
                copies: Arc::clone(&copies),
            }),
            sessions: Arc::new(CachedSessions {
                durable: Arc::clone(&durable.sessions),
                copies: Arc::clone(&copies),
                entropy: Arc::clone(&entropy),
            }),
            revocations: Arc::new(CachedRevocations {
                durable: Arc::clone(&durable.revocations),
                copies: Arc::clone(&copies),
                clock: Arc::clone(&clock),
            }),
            gate: Arc::new(CachedGate {
                copies: Arc::clone(&copies),
                users: Arc::clone(&durable.users),
                sessions: Arc::clone(&durable.sessions),
                revocations: durable.revocations,
                limiter: Arc::clone(&limiter),
                entropy: Arc::clone(&entropy),
                profile_life: access_token_life,
            }),
            limiter,
            attempts: Failover::new(fast.attempts, stand_ins.attempts, &breaker),
            oauth_states: Failover::new(fast.oauth_states, stand_ins.oauth_states, &breaker),
            keeper: FastStoreKeeper {
                copies,
                probe: fast.probe,
                users: durable.users,
                sessions: durable.sessions,
                window: access_token_life + MARGIN,
                clock,
                entropy,
            },
            breaker,
            notices,
            notice_writer,
        }
    }
}

/// `ended`, and whatever else ended in the last seconds: who repeats a call whose answer was lost is not told
/// again what it ended, but the fast store must be.
async fn with_ended_lately(
    sessions: &dyn SessionStore,
    mut ended: Vec<SessionId>,
    now: Instant,
) -> Vec<SessionId> {
    match sessions.ended_since(now - MARGIN).await {
        Ok(lately) => ended.extend(lately),
        // What this call has ended is known; the rest the keeper finds within a second.
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "not every ended session is known");
        }
    }
    ended
}
