//! What is recorded of a session that is suspicious.

use archon_domain::{
    Client, EventKind, Instant, Notice, Session, Severity, SuspicionReason, TerminationReason,
};
use serde_json::json;

use crate::Auth;
use crate::recorder::Happening;

impl Auth {
    /// Records that a session, as it was until then, has become suspicious.
    pub(super) async fn record_flag(&self, session: &Session, reason: SuspicionReason, client: &Client) {
        let flagged = suspicious(EventKind::SessionFlagged, session, reason, client)
            .detail("original_user_agent", session.trace.user_agent.as_str())
            .detail("new_user_agent", client.user_agent.as_str());
        self.recorder.record(flagged).await;
        tracing::warn!(session_id = %session.id, user_id = %session.user, %reason, "a session is suspicious");
    }

    /// Records that a session was ended because it is suspicious, and shows it to operators who watch.
    pub(super) async fn record_suspicious_end(
        &self,
        session: &Session,
        reason: SuspicionReason,
        client: &Client,
        now: Instant,
    ) {
        let severity = match reason {
            SuspicionReason::ImpossibleTravel => Severity::Critical,
            SuspicionReason::IpChanged
            | SuspicionReason::TooManyIpChanges
            | SuspicionReason::AlternatingAddresses
            | SuspicionReason::UserAgentChanged => Severity::Warning,
        };
        // All that the contract names stands in the details, also what the event says in columns of its own: so
        // it goes on together to whoever is sent the details alone.
        let ended = suspicious(EventKind::SessionTerminated, session, reason, client)
            .severity(severity)
            .detail("session_id", session.id.as_str())
            .detail("user_id", json!(session.user))
            .detail("timestamp", json!(now));
        self.recorder.record(ended).await;
        tracing::warn!(session_id = %session.id, user_id = %session.user, %reason, "a suspicious session was ended");
        self.ports.notices.post(Notice::SessionTerminated {
            session: session.id.clone(),
            user: session.user,
            reason: TerminationReason::Suspicious(reason),
            original_address: Some(session.address),
            new_address: Some(client.address),
            at: now,
        });
    }
}

/// What every such event says: the address of the log-in, the one that was seen last, and the new one.
fn suspicious(kind: EventKind, session: &Session, reason: SuspicionReason, client: &Client) -> Happening {
    Happening::new(kind)
        .user(session.user)
        .session(&session.id)
        .client(client)
        .detail("reason", reason.as_str())
        .detail("original_ip", session.address.to_string())
        .detail("last_ip", session.trace.address.to_string())
        .detail("new_ip", client.address.to_string())
}
