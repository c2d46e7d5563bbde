use archon_domain::ports::SessionStore;
use archon_domain::{
    DeviceFingerprint, Instant, Opening, OpeningRule, RefreshVerdict, Rotate, Rotation, Session, SessionId,
    SessionTrace, StoreError, TerminationReason, Touch, UserId,
};
use async_trait::async_trait;
use diesel::dsl::case_when;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{count, read_all, read_one};
use crate::SqlStore;
use crate::db::{on_db, write_one, write_tx};
use crate::rows::SessionRow;
use crate::schema::{sessions, users};
use crate::types::{Id, Ts};

/// The live sessions of a user.
#[diesel::dsl::auto_type]
pub(super) fn live_of(user: Id, now: Ts) -> _ {
    sessions::table
        .filter(sessions::user_id.eq(user))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now))
        .filter(sessions::absolute_expires_at.gt(now))
}

/// Locks the row of a session until the transaction ends, and reads it.
macro_rules! lock_session {
    ($connection:ident, $id:expr) => {{
        let locked = diesel::update(sessions::table.find($id))
            .set(sessions::remembered.eq(sessions::remembered))
            .returning(SessionRow::as_returning())
            .get_result($connection)
            .await
            .optional()?;
        read_one::<SessionRow, Session>(locked)?
    }};
}

/// Writes a session back whose row is locked.
macro_rules! save_session {
    ($connection:ident, $session:expr) => {
        diesel::update(sessions::table.find($session.id.as_str().to_owned()))
            .set(SessionRow::from(&$session))
            .execute($connection)
            .await?
    };
}

/// Ends the live sessions of a user but one, and names them; the user's row is locked.
macro_rules! end_live {
    ($connection:ident, $user:expr, $keep:expr, $reason:expr, $now:expr) => {{
        let keep = $keep.as_ref().map_or("", |id: &archon_domain::SessionId| id.as_str()).to_owned();
        let now = $crate::types::Ts($now);
        let ended = diesel::update(
            $crate::repo::sessions::live_of($crate::types::Id::from($user), now)
                .filter($crate::schema::sessions::id.ne(keep)),
        )
        .set((
            $crate::schema::sessions::ended_at.eq(now),
            $crate::schema::sessions::ended_reason.eq($reason.as_str()),
        ))
        .returning($crate::schema::sessions::id)
        .get_results::<String>($connection)
        .await?;
        $crate::repo::sessions::ids(ended)?
    }};
}
pub(super) use end_live;

#[async_trait]
impl SessionStore for SqlStore {
    async fn open(&self, session: Session, rule: OpeningRule, now: Instant) -> Result<Opening, StoreError> {
        write_tx!(self, "open session", |c| {
            let user = Id::from(session.user);
            // One log-in of a user at a time: the limit is on several rows.
            diesel::update(users::table.find(user))
                .set(users::updated_at.eq(users::updated_at))
                .execute(c)
                .await?;
            let live = live_of(user, Ts(now))
                .order((sessions::last_accessed, sessions::id))
                .select(SessionRow::as_select())
                .load(c)
                .await?;
            let live: Vec<Session> = read_all(live)?;
            // One session may change or end without its user's row: each is judged anew once it is locked.
            if rule.one_per_device {
                let same_device = live.iter().rfind(|other| other.fingerprint == session.fingerprint);
                if let Some(same) = same_device
                    && let Some(mut other) = lock_session!(c, same.id.as_str().to_owned())
                    && other.is_live(now)
                {
                    other.resume(&session);
                    save_session!(c, other);
                    return Ok(Opening::Resumed(Box::new(other)));
                }
            }
            let places = usize::try_from(rule.max_concurrent).unwrap_or(usize::MAX).saturating_sub(1);
            let surplus = live.len().saturating_sub(places);
            if surplus > 0 && !rule.end_oldest {
                return Ok(Opening::LimitReached);
            }
            let mut ended = Vec::with_capacity(surplus);
            for oldest in live.into_iter().take(surplus) {
                let limit = TerminationReason::SessionLimit.as_str();
                let still_live = sessions::table.find(oldest.id.as_str().to_owned());
                let still_live = still_live.filter(sessions::ended_at.is_null());
                let ending = (sessions::ended_at.eq(Ts(now)), sessions::ended_reason.eq(limit));
                if diesel::update(still_live).set(ending).execute(c).await? > 0 {
                    ended.push(oldest.id);
                }
            }
            diesel::insert_into(sessions::table).values(SessionRow::from(&session)).execute(c).await?;
            Ok(Opening::Opened { ended })
        })
    }

    async fn find(&self, id: &SessionId) -> Result<Option<Session>, StoreError> {
        let id = id.as_str().to_owned();
        on_db!(self, "find session", |c| {
            let query = sessions::table.find(id).select(SessionRow::as_select());
            read_one(query.first(c).await.optional()?)
        })
    }

    async fn list(&self, user: UserId, now: Instant) -> Result<Vec<Session>, StoreError> {
        on_db!(self, "list sessions", |c| {
            let query = live_of(Id::from(user), Ts(now))
                .order((sessions::last_accessed.desc(), sessions::id))
                .select(SessionRow::as_select());
            read_all(query.load(c).await?)
        })
    }

    async fn knows_device(
        &self,
        user: UserId,
        device: &DeviceFingerprint,
        until: Instant,
    ) -> Result<bool, StoreError> {
        let device = device.as_str().to_owned();
        on_db!(self, "look up known device", |c| {
            let known = sessions::table
                .filter(sessions::user_id.eq(Id::from(user)))
                .filter(sessions::fingerprint.eq(device))
                .filter(sessions::created_at.le(Ts(until)))
                .select(sessions::id);
            Ok(known.first::<String>(c).await.optional()?.is_some())
        })
    }

    async fn touch(&self, touches: &[Touch]) -> Result<(), StoreError> {
        let mut touches = touches.to_vec();
        // One order for every replica, so that two batches never wait for each other in a circle.
        touches.sort_by(|a, b| a.session.cmp(&b.session));
        write_tx!(self, "touch sessions", |c| {
            for touch in touches {
                let id = touch.session.as_str().to_owned();
                let (used, expires) = (Ts(touch.last_accessed), Ts(touch.expires_at));
                // `Session::apply` in one statement: each instant on its own only ever moves forward.
                let behind = sessions::last_accessed.lt(used).or(sessions::expires_at.lt(expires));
                diesel::update(sessions::table.find(id).filter(sessions::ended_at.is_null()).filter(behind))
                    .set((
                        sessions::last_accessed.eq(case_when(
                            sessions::last_accessed.lt(used),
                            used.into_sql::<crate::types::sql::Ts>(),
                        )
                        .otherwise(sessions::last_accessed)),
                        sessions::expires_at.eq(case_when(
                            sessions::expires_at.lt(expires),
                            expires.into_sql::<crate::types::sql::Ts>(),
                        )
                        .otherwise(sessions::expires_at)),
                    ))
                    .execute(c)
                    .await?;
            }
            Ok(())
        })
    }

    async fn rotate(&self, rotate: Rotate, now: Instant) -> Result<Rotation, StoreError> {
        write_tx!(self, "rotate refresh token", |c| {
            let id = rotate.presented.session.as_str().to_owned();
            let Some(mut session) = lock_session!(c, id) else {
                return Ok(Rotation::Unknown);
            };
            Ok(match session.judge_refresh(&rotate.presented, rotate.grace, now) {
                RefreshVerdict::Current => {
                    session.refresh = session.refresh.rotated(&rotate, now);
                    session.apply(&rotate.touch);
                    save_session!(c, session);
                    Rotation::Rotated(session)
                }
                RefreshVerdict::Replay(sealed) => Rotation::Replayed(session, sealed),
                RefreshVerdict::Spent => {
                    session.end(now, TerminationReason::TokenReuse);
                    save_session!(c, session);
                    Rotation::Reused(session)
                }
                RefreshVerdict::Superseded => Rotation::Superseded,
                RefreshVerdict::Expired => Rotation::Expired,
                RefreshVerdict::Ended(reason) => Rotation::Ended(reason),
            })
        })
    }

    async fn observe(
        &self,
        id: &SessionId,
        before: &SessionTrace,
        after: &SessionTrace,
        now: Instant,
    ) -> Result<bool, StoreError> {
        let (id, before, after) = (id.as_str().to_owned(), before.clone(), after.to_json());
        write_tx!(self, "observe session", |c| {
            let session = lock_session!(c, id);
            // Compared as traces: the same one may have been written in other letters, or not at all.
            let Some(session) = session.filter(|it| it.is_live(now) && it.trace == before) else {
                return Ok(false);
            };
            diesel::update(sessions::table.find(session.id.as_str().to_owned()))
                .set(sessions::trace.eq(after))
                .execute(c)
                .await?;
            Ok(true)
        })
    }

    async fn end(
        &self,
        id: &SessionId,
        reason: TerminationReason,
        now: Instant,
    ) -> Result<Option<Session>, StoreError> {
        let id = id.as_str().to_owned();
        write_tx!(self, "end session", |c| {
            let session = lock_session!(c, id);
            let Some(mut session) = session.filter(|session| session.is_live(now)) else {
                return Ok(None);
            };
            session.end(now, reason);
            save_session!(c, session);
            Ok(Some(session))
        })
    }

    async fn end_all_but(
        &self,
        user: UserId,
        keep: Option<&SessionId>,
        reason: TerminationReason,
        now: Instant,
    ) -> Result<Vec<SessionId>, StoreError> {
        let keep = keep.cloned();
        write_tx!(self, "end sessions", |c| {
            diesel::update(users::table.find(Id::from(user)))
                .set(users::updated_at.eq(users::updated_at))
                .execute(c)
                .await?;
            Ok(end_live!(c, user, keep, reason, now))
        })
    }

    async fn ended_since(&self, since: Instant) -> Result<Vec<SessionId>, StoreError> {
        on_db!(self, "list ended sessions", |c| {
            let ended = sessions::table.filter(sessions::ended_at.ge(Ts(since))).select(sessions::id);
            ids(ended.load::<String>(c).await?)
        })
    }

    async fn purge(&self, before: Instant) -> Result<u64, StoreError> {
        let before = Ts(before);
        write_one!(self, "purge sessions", |c| {
            let past = sessions::table
                .filter(sessions::expires_at.lt(before))
                .or_filter(sessions::absolute_expires_at.lt(before))
                .or_filter(sessions::ended_at.lt(before));
            Ok(count(diesel::delete(past).execute(c).await?))
        })
    }
}

/// Session ids as stored.
pub(super) fn ids(stored: Vec<String>) -> Result<Vec<SessionId>, crate::error::Fault> {
    stored.iter().map(|id| crate::rows::session_id(id)).collect()
}
