use std::cmp::Reverse;

use archon_domain::{Client, EventKind, Notice, Session, SessionId, TerminationReason, UserId};
use thiserror::Error;

use crate::recorder::Happening;
use crate::{Auth, Caller, Fault};

/// A session as its user sees it.
#[derive(Debug, Clone)]
pub struct ListedSession {
    /// The session.
    pub session: Session,
    /// Whether it is the one the request came with.
    pub current: bool,
}

/// Why a session was not ended.
#[derive(Debug, Error)]
pub enum EndSessionError {
    /// The user has no live session of that id.
    #[error("the user has no such session")]
    NotFound,
    /// The service could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Auth {
    /// The caller's live sessions, the last used first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn list_sessions(&self, caller: &Caller) -> Result<Vec<ListedSession>, Fault> {
        let sessions = self.ports.sessions.list(caller.user, self.now()).await?;
        let listed = sessions.into_iter().map(|mut session| {
            self.touches.bring_up_to_date(&mut session);
            let current = session.id == caller.session.id;
            ListedSession { session, current }
        });
        let mut listed: Vec<_> = listed.collect();
        listed.sort_by_key(|listed| Reverse(listed.session.last_accessed));
        Ok(listed)
    }

    /// Ends one of the caller's sessions.
    ///
    /// # Errors
    /// `NotFound` also for somebody else's session.
    pub async fn end_session(&self, caller: &Caller, id: &SessionId) -> Result<(), EndSessionError> {
        let found = self.ports.sessions.find(id).await.map_err(Fault::from)?;
        if found.is_none_or(|session| session.user != caller.user) {
            return Err(EndSessionError::NotFound);
        }
        let reason = TerminationReason::EndedByUser;
        match self.ports.sessions.end(id, reason, self.now()).await.map_err(Fault::from)? {
            Some(session) => {
                self.record_terminations(&[session.id], caller.user, reason, Some(&caller.client)).await;
                Ok(())
            }
            None => Err(EndSessionError::NotFound),
        }
    }

    /// Ends all of the caller's sessions but the one the request came with; returns how many.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn end_other_sessions(&self, caller: &Caller) -> Result<usize, Fault> {
        let reason = TerminationReason::EndedByUser;
        let keep = Some(&caller.session.id);
        let ended = self.ports.sessions.end_all_but(caller.user, keep, reason, self.now()).await?;
        self.record_terminations(&ended, caller.user, reason, Some(&caller.client)).await;
        Ok(ended.len())
    }

    /// Records that sessions were ended.
    pub(crate) async fn record_terminations(
        &self,
        ended: &[SessionId],
        user: UserId,
        reason: TerminationReason,
        client: Option<&Client>,
    ) {
        for session in ended {
            let mut happening = Happening::new(EventKind::SessionTerminated).user(user).session(session);
            if let Some(client) = client {
                happening = happening.client(client);
            }
            self.recorder.record(happening.detail("reason", reason.as_str())).await;
            self.show_termination(session, user, reason, client).await;
        }
    }

    /// Shows operators that a session was ended.
    async fn show_termination(
        &self,
        session: &SessionId,
        user: UserId,
        reason: TerminationReason,
        client: Option<&Client>,
    ) {
        if !self.ports.notices.are_watched() {
            return;
        }
        // Where it cannot be looked up, the address of the log-in is left out: the end stands all the same.
        let ended = self.ports.sessions.find(session).await.unwrap_or_default();
        self.ports.notices.post(Notice::SessionTerminated {
            session: session.clone(),
            user,
            reason,
            original_address: ended.map(|session| session.address),
            new_address: client.map(|client| client.address),
            at: self.now(),
        });
    }
}
