use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use archon_domain::ports::SessionStore;
use archon_domain::{Session, SessionId, StoreError, Touch};

use crate::Auth;

impl Auth {
    /// Writes the uses of sessions that wait, as far as the store takes them now: for the worker that does so
    /// every few seconds, and for a log-in, which may end the least recently used one.
    pub(crate) async fn write_touches(&self) {
        if let Err(error) = self.touches.write(&*self.ports.sessions).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the uses of sessions wait to be recorded"
            );
        }
    }
}

/// The uses of sessions that are not written yet: one touch per session, however often it was used.
#[derive(Debug, Default)]
pub(crate) struct Touches {
    waiting: Mutex<Waiting>,
    /// Held while a batch is written: one at a time.
    writing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Waiting {
    /// What the next batch will write.
    next: HashMap<SessionId, Touch>,
    /// What is being written: still true, and not yet what the store shows.
    under_way: HashMap<SessionId, Touch>,
}

impl Touches {
    /// Records the use of a session, and shows the session as used.
    pub(crate) fn note(&self, session: &mut Session, touch: Touch) {
        session.apply(&touch);
        self.waiting().next.insert(touch.session.clone(), touch);
    }

    /// Shows a session as last used here, if the store does not know yet.
    pub(crate) fn bring_up_to_date(&self, session: &mut Session) {
        let waiting = self.waiting();
        for touches in [&waiting.under_way, &waiting.next] {
            if let Some(touch) = touches.get(&session.id) {
                session.apply(touch);
            }
        }
    }

    /// Writes what waits. What could not be written waits on.
    pub(crate) async fn write(&self, sessions: &dyn SessionStore) -> Result<(), StoreError> {
        let _writing = self.writing.lock().await;
        let batch: Vec<Touch> = {
            let mut waiting = self.waiting();
            waiting.under_way = std::mem::take(&mut waiting.next);
            waiting.under_way.values().cloned().collect()
        };
        if batch.is_empty() {
            return Ok(());
        }
        let outcome = sessions.touch(&batch).await;
        let mut waiting = self.waiting();
        let written = std::mem::take(&mut waiting.under_way);
        if outcome.is_err() {
            for (id, touch) in written {
                waiting.next.entry(id).or_insert(touch);
            }
        }
        outcome
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
