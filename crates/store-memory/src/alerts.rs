use std::cmp::Reverse;
use std::collections::BTreeMap;

use archon_domain::ports::Alerts;
use archon_domain::{
    Alert, AlertCursor, AlertFilter, AlertId, AlertNotice, Instant, NoticeCounts, NoticeId, Raising, Span,
    StoreError,
};
use async_trait::async_trait;

use crate::MemoryStore;
use crate::state::conflict;
use crate::tries::{self, at_most};

/// Alerts, and whom they are yet to be told to.
#[derive(Default)]
pub(crate) struct StoredAlerts {
    alerts: BTreeMap<AlertId, Alert>,
    notices: BTreeMap<NoticeId, AlertNotice>,
}

impl StoredAlerts {
    fn raise(
        &mut self,
        alert: Alert,
        notices: Vec<AlertNotice>,
        window: Span,
    ) -> Result<Raising, StoreError> {
        let from = Alert::goes_on_from(alert.last_at, window);
        let same = |other: &&mut Alert| (other.kind, other.cause) == (alert.kind, alert.cause);
        let going_on = self.alerts.values_mut().filter(same).filter(|other| other.last_at >= from);
        match going_on.max_by_key(|other| (other.last_at, other.id)) {
            // It was stored, and the answer was lost.
            Some(stored) if stored.id == alert.id => Ok(Raising::Raised),
            Some(stored) => {
                stored.add(&alert);
                Ok(Raising::Counted(Box::new(stored.clone())))
            }
            None => self.store(alert, notices),
        }
    }

    fn store(&mut self, alert: Alert, notices: Vec<AlertNotice>) -> Result<Raising, StoreError> {
        let is_known = |notice: &AlertNotice| self.notices.contains_key(&notice.id);
        if self.alerts.contains_key(&alert.id) || notices.iter().any(is_known) {
            return Err(conflict("raise alert", "an alert or a notice with this id is stored already"));
        }
        self.alerts.insert(alert.id, alert);
        self.notices.extend(notices.into_iter().map(|notice| (notice.id, notice)));
        Ok(Raising::Raised)
    }

    fn purge(&mut self, before: Instant) -> usize {
        let count = self.alerts.len();
        self.alerts.retain(|_, alert| alert.last_at >= before);
        self.notices.retain(|_, notice| self.alerts.contains_key(&notice.alert));
        count - self.alerts.len()
    }
}

#[async_trait]
impl Alerts for MemoryStore {
    async fn raise(
        &self,
        alert: Alert,
        notices: Vec<AlertNotice>,
        window: Span,
    ) -> Result<Raising, StoreError> {
        self.state().alerts.raise(alert, notices, window)
    }

    async fn find_alert(&self, id: AlertId) -> Result<Option<Alert>, StoreError> {
        Ok(self.state().alerts.alerts.get(&id).cloned())
    }

    async fn search_alerts(
        &self,
        filter: &AlertFilter,
        after: Option<AlertCursor>,
        limit: u32,
    ) -> Result<Vec<Alert>, StoreError> {
        let state = self.state();
        let is_behind = |alert: &Alert| after.is_none_or(|after| AlertCursor::from(alert) < after);
        let alerts = state.alerts.alerts.values();
        let mut found: Vec<_> = alerts.filter(|alert| filter.admits(alert) && is_behind(alert)).collect();
        found.sort_by_key(|alert| Reverse(AlertCursor::from(*alert)));
        Ok(found.into_iter().take(at_most(limit)).cloned().collect())
    }

    async fn claim_notices(
        &self,
        limit: u32,
        lease_until: Instant,
        now: Instant,
    ) -> Result<Vec<AlertNotice>, StoreError> {
        Ok(tries::claim(&mut self.state().alerts.notices, limit, lease_until, now))
    }

    async fn told(&self, id: NoticeId) -> Result<(), StoreError> {
        self.state().alerts.notices.remove(&id);
        Ok(())
    }

    async fn postpone_notice(
        &self,
        id: NoticeId,
        next_attempt_at: Option<Instant>,
        error: &str,
    ) -> Result<(), StoreError> {
        tries::postpone(&mut self.state().alerts.notices, &id, next_attempt_at, error);
        Ok(())
    }

    async fn notice_counts(&self) -> Result<NoticeCounts, StoreError> {
        let state = self.state();
        let notices = &state.alerts.notices;
        let failed = notices.values().filter(|notice| notice.next_attempt_at.is_none()).count();
        Ok(NoticeCounts { pending: (notices.len() - failed) as u64, failed: failed as u64 })
    }

    async fn failed_notices(&self, limit: u32) -> Result<Vec<AlertNotice>, StoreError> {
        let state = self.state();
        let failed = state.alerts.notices.values().rev().filter(|notice| notice.next_attempt_at.is_none());
        Ok(failed.take(at_most(limit)).cloned().collect())
    }

    async fn retry_notices(&self, id: Option<NoticeId>, now: Instant) -> Result<u64, StoreError> {
        Ok(tries::retry(&mut self.state().alerts.notices, id.as_ref(), now))
    }

    async fn purge_alerts(&self, before: Instant) -> Result<u64, StoreError> {
        Ok(self.state().alerts.purge(before) as u64)
    }
}
