use archon_domain::ports::Alerts;
use archon_domain::{
    Alert, AlertCursor, AlertFilter, AlertId, AlertNotice, Instant, NoticeCounts, NoticeId, Raising, Span,
    StoreError,
};
use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::tries::{claim, count_failed, postpone, retry, writable};
use super::{count, read_all, read_one};
use crate::SqlStore;
use crate::db::{insert_all, on_db, write_one, write_tx};
use crate::rows::{AlertRow, NoticeRow, event_count};
use crate::schema::{alert_notices, alerts};
use crate::types::{Id, Ts};

#[async_trait]
impl Alerts for SqlStore {
    async fn raise(
        &self,
        alert: Alert,
        notices: Vec<AlertNotice>,
        window: Span,
    ) -> Result<Raising, StoreError> {
        let (kind, cause) = (alert.kind.as_str(), alert.cause.to_string());
        let from = Ts(Alert::goes_on_from(alert.last_at, window));
        write_tx!(self, "raise alert", |c| {
            // Whoever raises the same waits here: before the first there is no row to lock.
            engine::lock_alert(c, kind, &cause).await?;
            let going_on = alerts::table
                .filter(alerts::kind.eq(kind))
                .filter(alerts::cause.eq(cause))
                .filter(alerts::last_at.ge(from))
                .order((alerts::last_at.desc(), alerts::id.desc()))
                .select(AlertRow::as_select())
                .first(c)
                .await
                .optional()?;
            if let Some(mut stored) = read_one::<_, Alert>(going_on)? {
                if stored.id == alert.id {
                    // It was stored, and the answer was lost.
                    return Ok(Raising::Raised);
                }
                stored.add(&alert);
                diesel::update(alerts::table.find(Id::from(stored.id)))
                    .set((
                        alerts::event_count.eq(event_count(stored.count)),
                        alerts::last_at.eq(Ts(stored.last_at)),
                    ))
                    .execute(c)
                    .await?;
                return Ok(Raising::Counted(Box::new(stored)));
            }
            insert_all!(c, alerts::table, [AlertRow::from(&alert)]);
            insert_all!(c, alert_notices::table, NoticeRow::all(&notices)?);
            Ok(Raising::Raised)
        })
    }

    async fn find_alert(&self, id: AlertId) -> Result<Option<Alert>, StoreError> {
        on_db!(self, "find alert", |c| {
            let alert = alerts::table.find(Id::from(id)).select(AlertRow::as_select());
            read_one(alert.first(c).await.optional()?)
        })
    }

    async fn search_alerts(
        &self,
        filter: &AlertFilter,
        after: Option<AlertCursor>,
        limit: u32,
    ) -> Result<Vec<Alert>, StoreError> {
        let AlertFilter { kinds, cause, from, until } = filter.clone();
        on_db!(self, "search alerts", |c| {
            let mut found = alerts::table
                .order((alerts::raised_at.desc(), alerts::id.desc()))
                .limit(i64::from(limit))
                .select(AlertRow::as_select())
                .into_boxed();
            if !kinds.is_empty() {
                let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
                found = found.filter(alerts::kind.eq_any(kinds));
            }
            if let Some(cause) = cause {
                found = found.filter(alerts::cause.eq(cause.to_string()));
            }
            if let Some(from) = from {
                found = found.filter(alerts::last_at.ge(Ts(from)));
            }
            if let Some(until) = until {
                found = found.filter(alerts::raised_at.lt(Ts(until)));
            }
            if let Some(AlertCursor { raised_at, id }) = after {
                let is_older = alerts::raised_at.lt(Ts(raised_at));
                // The instant alone is bounded by itself, which is what an index can use.
                found = found
                    .filter(alerts::raised_at.le(Ts(raised_at)))
                    .filter(is_older.or(alerts::id.lt(Id::from(id))));
            }
            read_all(found.load(c).await?)
        })
    }

    async fn claim_notices(
        &self,
        limit: u32,
        lease_until: Instant,
        now: Instant,
    ) -> Result<Vec<AlertNotice>, StoreError> {
        write_tx!(self, "claim notices of alerts", |c| {
            let due = engine::due_notices(c, Ts(now), i64::from(limit)).await?;
            claim!(c, alert_notices as NoticeRow, due, lease_until)
        })
    }

    async fn told(&self, id: NoticeId) -> Result<(), StoreError> {
        write_one!(self, "forget told notice", |c| {
            diesel::delete(alert_notices::table.find(Id::from(id))).execute(c).await?;
            Ok(())
        })
    }

    async fn postpone_notice(
        &self,
        id: NoticeId,
        next_attempt_at: Option<Instant>,
        error: &str,
    ) -> Result<(), StoreError> {
        let error = writable(error);
        write_one!(self, "postpone notice", |c| {
            Ok(postpone!(c, alert_notices, id, next_attempt_at, error)?)
        })
    }

    async fn notice_counts(&self) -> Result<NoticeCounts, StoreError> {
        on_db!(self, "count notices", |c| {
            let all = alert_notices::table.count().get_result::<i64>(c).await?;
            let failed = count_failed!(c, alert_notices);
            Ok(NoticeCounts { pending: u64::try_from(all).unwrap_or(0).saturating_sub(failed), failed })
        })
    }

    async fn failed_notices(&self, limit: u32) -> Result<Vec<AlertNotice>, StoreError> {
        on_db!(self, "list failed notices", |c| {
            let failed = alert_notices::table
                .filter(alert_notices::next_attempt_at.is_null())
                .order(alert_notices::id.desc())
                .limit(i64::from(limit))
                .select(NoticeRow::as_select());
            read_all(failed.load(c).await?)
        })
    }

    async fn retry_notices(&self, id: Option<NoticeId>, now: Instant) -> Result<u64, StoreError> {
        write_one!(self, "retry notices", |c| Ok(retry!(c, alert_notices, id, now)))
    }

    async fn purge_alerts(&self, before: Instant) -> Result<u64, StoreError> {
        write_one!(self, "purge alerts", |c| {
            let over = alerts::table.filter(alerts::last_at.lt(Ts(before)));
            Ok(count(diesel::delete(over).execute(c).await?))
        })
    }
}
