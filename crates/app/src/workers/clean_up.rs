use std::sync::Arc;
use std::time::Duration;

use archon_domain::ports::{
    Alerts, Blocklist, Clock, Credentials, EventLog, Revocations, SessionStore, UserRepo,
};
use archon_domain::{Instant, Span, StoreError};
use tokio::sync::watch;

use crate::Auth;

/// How long what is over is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Security events; alerts and blocked addresses as well, from their ends on.
    pub events: Span,
    /// Networks that an account has logged in from.
    pub known_networks: Span,
    /// Ended and expired sessions: at least as long as any token of theirs could live, so that a spent
    /// token is recognised as such.
    pub sessions: Span,
}

/// Forgets what is over: sessions, revocations and one-time tokens whose time has passed, old events, alerts and
/// blocks, networks that nobody logs in from any more.
pub struct CleanUp {
    users: Arc<dyn UserRepo>,
    sessions: Arc<dyn SessionStore>,
    revocations: Arc<dyn Revocations>,
    credentials: Arc<dyn Credentials>,
    events: Arc<dyn EventLog>,
    alerts: Arc<dyn Alerts>,
    blocklist: Arc<dyn Blocklist>,
    clock: Arc<dyn Clock>,
    retention: Retention,
}

impl CleanUp {
    /// How often it looks.
    const EVERY: Duration = Duration::from_secs(600);

    /// A worker for the stores of `auth`.
    #[must_use]
    pub fn new(auth: &Auth, retention: Retention) -> Self {
        let ports = &auth.ports;
        Self {
            users: Arc::clone(&ports.users),
            sessions: Arc::clone(&ports.sessions),
            revocations: Arc::clone(&ports.revocations),
            credentials: Arc::clone(&ports.credentials),
            events: Arc::clone(&ports.events),
            alerts: Arc::clone(&ports.alerts),
            blocklist: Arc::clone(&ports.blocklist),
            clock: Arc::clone(&ports.clock),
            retention,
        }
    }

    /// Cleans up now and then until told to stop.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut noted = None;
        loop {
            if let Err(error) = self.clean().await {
                tracing::warn!(error = &error as &dyn std::error::Error, "clean-up is put off");
            }
            noted = self.note_head(noted).await;
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(Self::EVERY) => {}
            }
        }
    }

    /// Shows where the chain of security events ends, and says it in the log once a day, where a chain that was
    /// rewritten whole cannot reach: `archon-auth events verify --expect` holds it against the log. When it was
    /// last said.
    async fn note_head(&self, noted: Option<Instant>) -> Option<Instant> {
        let head = match self.events.chain_ends().await {
            Ok(ends) => ends.head,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the chain of events is not shown");
                return noted;
            }
        };
        #[expect(clippy::cast_precision_loss, reason = "gauges are floating-point numbers")]
        metrics::gauge!("archon_security_events_sequence").set(head.sequence as f64);
        let now = self.clock.now();
        if noted.is_some_and(|noted| now - noted < Span::days(1)) {
            return noted;
        }
        tracing::info!(%head, "the chain of security events");
        Some(now)
    }

    /// Forgets what is over now; returns how many entries.
    ///
    /// # Errors
    /// When a store is away; what was forgotten before stays forgotten.
    pub async fn clean(&self) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let sessions = self.sessions.purge(now - self.retention.sessions).await?;
        let revocations = self.revocations.purge(now).await?;
        let tokens = self.credentials.purge_tokens(now).await?;
        let events = self.events.purge(now - self.retention.events).await?;
        let alerts = self.alerts.purge_alerts(now - self.retention.events).await?;
        let blocks = self.blocklist.purge_blocks(now - self.retention.events).await?;
        let networks = self.users.forget_networks(now - self.retention.known_networks).await?;
        tracing::debug!(sessions, revocations, tokens, events, alerts, blocks, networks, "cleaned up");
        Ok(sessions + revocations + tokens + events + alerts + blocks + networks)
    }
}
