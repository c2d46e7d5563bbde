use std::cmp::Reverse;

use archon_domain::{Session, SessionId, TerminationReason, UserId};

use super::{AdministerError, Mandate};
use crate::{Auth, Fault};

/// Why the sessions end that an administrator ends.
const ENDED: TerminationReason = TerminationReason::EndedByAdministrator;

impl Auth {
    /// A user's live sessions, the last used first.
    ///
    /// # Errors
    /// See [`AdministerError`].
    pub async fn sessions_of(&self, id: UserId) -> Result<Vec<Session>, AdministerError> {
        self.user(id).await?;
        let mut sessions = self.ports.sessions.list(id, self.now()).await.map_err(Fault::from)?;
        sessions.iter_mut().for_each(|session| self.touches.bring_up_to_date(session));
        sessions.sort_by_key(|session| Reverse(session.last_accessed));
        Ok(sessions)
    }

    /// Ends all of a user's sessions, on every replica; returns how many.
    ///
    /// # Errors
    /// See [`AdministerError`].
    pub async fn end_sessions_of(&self, mandate: &Mandate, id: UserId) -> Result<usize, AdministerError> {
        self.user(id).await?;
        self.recorder.record(mandate.action_on(id, "end_sessions")).await;
        Ok(self.end_every_session(id).await?)
    }

    /// Ends one of a user's sessions, on every replica.
    ///
    /// # Errors
    /// See [`AdministerError`]; `UnknownSession` also for somebody else's session.
    pub async fn end_session_of(
        &self,
        mandate: &Mandate,
        id: UserId,
        session: &SessionId,
    ) -> Result<(), AdministerError> {
        self.user(id).await?;
        let found = self.ports.sessions.find(session).await.map_err(Fault::from)?;
        if found.is_none_or(|found| found.user != id) {
            return Err(AdministerError::UnknownSession);
        }
        let ended = self.ports.sessions.end(session, ENDED, self.now()).await.map_err(Fault::from)?;
        let ended = ended.ok_or(AdministerError::UnknownSession)?;
        self.recorder.record(mandate.action("end_session", session).user(id)).await;
        self.record_terminations(&[ended.id], id, ENDED, None).await;
        Ok(())
    }

    /// Ends all of a user's sessions, on every replica; returns how many.
    pub(super) async fn end_every_session(&self, id: UserId) -> Result<usize, Fault> {
        let ended = self.ports.sessions.end_all_but(id, None, ENDED, self.now()).await?;
        self.record_terminations(&ended, id, ENDED, None).await;
        Ok(ended.len())
    }
}
