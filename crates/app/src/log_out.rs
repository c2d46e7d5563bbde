use archon_domain::{EventKind, Notice, TerminationReason, TokenRef};
use thiserror::Error;

use crate::recorder::Happening;
use crate::{Auth, Caller, Fault};

/// Why a log-out did not happen.
#[derive(Debug, Error)]
pub enum LogOutError {
    /// The service could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Auth {
    /// Ends the caller's session at once and for all its tokens.
    ///
    /// # Errors
    /// When the store is away; the session then stands.
    pub async fn log_out(&self, caller: &Caller) -> Result<(), LogOutError> {
        let now = self.now();
        let reason = TerminationReason::Logout;
        let ended = self.ports.sessions.end(&caller.session.id, reason, now).await.map_err(Fault::from)?;
        // The session's end refuses its tokens already; the blacklist tells those who look only there.
        let word = reason.as_str();
        let revocations = &self.ports.revocations;
        revocations.revoke(&caller.token, word).await.map_err(Fault::from)?;
        if let Some(session) = ended {
            let refresh = TokenRef {
                id: session.refresh.current,
                session: session.id.clone(),
                expires_at: session.absolute_expires_at.min(now + self.policy.tokens.refresh_for),
            };
            revocations.revoke(&refresh, word).await.map_err(Fault::from)?;
            let logout = Happening::new(EventKind::Logout).user(caller.user).session(&session.id);
            self.recorder.record(logout.client(&caller.client)).await;
            self.ports.notices.post(Notice::SessionTerminated {
                session: session.id,
                user: session.user,
                reason,
                original_address: Some(session.address),
                new_address: Some(caller.client.address),
                at: now,
            });
        }
        Ok(())
    }
}
