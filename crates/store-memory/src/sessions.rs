use archon_domain::ports::SessionStore;
use archon_domain::{
    DeviceFingerprint, Instant, Opening, OpeningRule, RefreshVerdict, Rotate, Rotation, Session, SessionId,
    SessionTrace, StoreError, TerminationReason, Touch, UserId,
};
use async_trait::async_trait;

use crate::MemoryStore;
use crate::state::{State, conflict};

#[async_trait]
impl SessionStore for MemoryStore {
    async fn open(&self, session: Session, rule: OpeningRule, now: Instant) -> Result<Opening, StoreError> {
        self.state().open_session(session, rule, now)
    }

    async fn find(&self, id: &SessionId) -> Result<Option<Session>, StoreError> {
        Ok(self.state().sessions.get(id).cloned())
    }

    async fn list(&self, user: UserId, now: Instant) -> Result<Vec<Session>, StoreError> {
        Ok(self.state().live_sessions(user, now).into_iter().cloned().collect())
    }

    async fn knows_device(
        &self,
        user: UserId,
        device: &DeviceFingerprint,
        until: Instant,
    ) -> Result<bool, StoreError> {
        let state = self.state();
        let mut sessions =
            state.sessions_of.get(&user).into_iter().flatten().filter_map(|id| state.sessions.get(id));
        Ok(sessions.any(|session| session.fingerprint == *device && session.created_at <= until))
    }

    async fn touch(&self, touches: &[Touch]) -> Result<(), StoreError> {
        let mut state = self.state();
        for touch in touches {
            let session = state.sessions.get_mut(&touch.session);
            if let Some(session) = session.filter(|session| session.ending.is_none()) {
                session.apply(touch);
            }
        }
        Ok(())
    }

    async fn rotate(&self, rotate: Rotate, now: Instant) -> Result<Rotation, StoreError> {
        let mut state = self.state();
        let session = state.sessions.get_mut(&rotate.presented.session);
        Ok(session.map_or(Rotation::Unknown, |session| spend(session, &rotate, now)))
    }

    async fn observe(
        &self,
        id: &SessionId,
        before: &SessionTrace,
        after: &SessionTrace,
        now: Instant,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let session = state.sessions.get_mut(id);
        let judged = session.filter(|session| session.is_live(now) && session.trace == *before);
        Ok(judged.map(|session| session.trace.clone_from(after)).is_some())
    }

    async fn end(
        &self,
        id: &SessionId,
        reason: TerminationReason,
        now: Instant,
    ) -> Result<Option<Session>, StoreError> {
        let mut state = self.state();
        let session = state.sessions.get_mut(id).filter(|session| session.is_live(now));
        Ok(session.map(|session| {
            session.end(now, reason);
            session.clone()
        }))
    }

    async fn end_all_but(
        &self,
        user: UserId,
        keep: Option<&SessionId>,
        reason: TerminationReason,
        now: Instant,
    ) -> Result<Vec<SessionId>, StoreError> {
        Ok(self.state().end_live_sessions(user, keep, reason, now))
    }

    async fn ended_since(&self, since: Instant) -> Result<Vec<SessionId>, StoreError> {
        let state = self.state();
        let ended =
            state.sessions.values().filter(|session| session.ending.is_some_and(|end| end.at >= since));
        Ok(ended.map(|session| session.id.clone()).collect())
    }

    async fn purge(&self, before: Instant) -> Result<u64, StoreError> {
        Ok(self.state().purge_sessions(before))
    }
}

/// Spends a refresh token on its session, as the session judges it.
fn spend(session: &mut Session, rotate: &Rotate, now: Instant) -> Rotation {
    match session.judge_refresh(&rotate.presented, rotate.grace, now) {
        RefreshVerdict::Current => {
            session.refresh = session.refresh.rotated(rotate, now);
            session.apply(&rotate.touch);
            Rotation::Rotated(session.clone())
        }
        RefreshVerdict::Replay(sealed) => Rotation::Replayed(session.clone(), sealed),
        RefreshVerdict::Spent => {
            session.end(now, TerminationReason::TokenReuse);
            Rotation::Reused(session.clone())
        }
        RefreshVerdict::Superseded => Rotation::Superseded,
        RefreshVerdict::Expired => Rotation::Expired,
        RefreshVerdict::Ended(reason) => Rotation::Ended(reason),
    }
}

/// When the session stopped being live, or will if nobody uses it.
fn over_at(session: &Session) -> Instant {
    let expiry = session.expires_at.min(session.absolute_expires_at);
    session.ending.map_or(expiry, |ending| ending.at)
}

impl State {
    fn open_session(
        &mut self,
        session: Session,
        rule: OpeningRule,
        now: Instant,
    ) -> Result<Opening, StoreError> {
        if !self.accounts.contains_key(&session.user) {
            return Err(conflict("open session", "there is no such account"));
        }
        if self.sessions.contains_key(&session.id) {
            return Err(conflict("open session", "a session with this id is stored already"));
        }
        if rule.one_per_device
            && let Some(resumed) = self.resume(&session, now)
        {
            return Ok(Opening::Resumed(Box::new(resumed)));
        }
        let Some(ended) = self.make_room(session.user, rule, now) else {
            return Ok(Opening::LimitReached);
        };
        self.sessions_of.entry(session.user).or_default().insert(session.id.clone());
        self.sessions.insert(session.id.clone(), session);
        Ok(Opening::Opened { ended })
    }

    /// Lets the device's live session, if it has one, go on as that of the new log-in.
    fn resume(&mut self, login: &Session, now: Instant) -> Option<Session> {
        let live = self.live_sessions(login.user, now);
        let same = live.into_iter().find(|session| session.fingerprint == login.fingerprint)?;
        let id = same.id.clone();
        let session = self.sessions.get_mut(&id)?;
        session.resume(login);
        Some(session.clone())
    }

    /// Ends the least recently used sessions until there is room for one more; `None` when the rule forbids.
    fn make_room(&mut self, user: UserId, rule: OpeningRule, now: Instant) -> Option<Vec<SessionId>> {
        let live = self.live_sessions(user, now);
        let kept = usize::try_from(rule.max_concurrent.max(1)).unwrap_or(usize::MAX) - 1;
        let surplus: Vec<_> = live.into_iter().skip(kept).map(|session| session.id.clone()).collect();
        if !surplus.is_empty() && !rule.end_oldest {
            return None;
        }
        for id in &surplus {
            self.end_session(id, TerminationReason::SessionLimit, now);
        }
        Some(surplus)
    }

    fn purge_sessions(&mut self, before: Instant) -> u64 {
        let count = self.sessions.len();
        self.sessions.retain(|_, session| over_at(session) >= before);
        let Self { sessions, sessions_of, .. } = self;
        sessions_of.retain(|_, ids| {
            ids.retain(|id| sessions.contains_key(id));
            !ids.is_empty()
        });
        (count - sessions.len()) as u64
    }
}
