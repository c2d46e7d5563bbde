use async_trait::async_trait;

use crate::{
    Alert, AlertCursor, AlertFilter, AlertId, AlertNotice, Instant, NoticeCounts, NoticeId, Raising, Span,
    StoreError,
};

/// Keeps alerts, and whom they are yet to be told to.
#[async_trait]
pub trait Alerts: Send + Sync {
    /// Raises an alert and queues its notices; or adds its events to the one of the same kind and cause that goes
    /// on, whose last event is at most `window` before this one's.
    ///
    /// # Contract
    /// - MUST store the alert as it was given, and its notices with it.
    /// - MUST add the events to the alert that goes on, take over the later `last_at`, and queue no notice.
    /// - MUST raise one alert only, however many raise the same at the same time.
    async fn raise(
        &self,
        alert: Alert,
        notices: Vec<AlertNotice>,
        window: Span,
    ) -> Result<Raising, StoreError>;

    /// The alert with this id.
    ///
    /// # Contract
    /// - MUST return every field of an alert as it was stored.
    async fn find_alert(&self, id: AlertId) -> Result<Option<Alert>, StoreError>;

    /// The alerts that a filter admits, the latest raised first, of one instant the highest id first: at most
    /// `limit`, of those that come behind `after`.
    ///
    /// # Contract
    /// - MUST find the alerts that the filter admits, the latest first, and no others.
    /// - MUST find every alert once, however small the pages, and however many share an instant.
    async fn search_alerts(
        &self,
        filter: &AlertFilter,
        after: Option<AlertCursor>,
        limit: u32,
    ) -> Result<Vec<Alert>, StoreError>;

    /// Takes up to `limit` due notices for telling, the longest due first; nobody else is given them until
    /// `lease_until`.
    ///
    /// # Contract
    /// - MUST give each due notice to one caller only, however many ask at the same time.
    /// - MUST give a notice again once its lease has passed without an outcome.
    /// - MUST count the attempt when it gives a notice.
    async fn claim_notices(
        &self,
        limit: u32,
        lease_until: Instant,
        now: Instant,
    ) -> Result<Vec<AlertNotice>, StoreError>;

    /// Reports that a notice was told, and forgets it.
    ///
    /// # Contract
    /// - MUST forget a notice that was told.
    async fn told(&self, id: NoticeId) -> Result<(), StoreError>;

    /// Reports that a notice was not told; `next_attempt_at` is `None` when it is given up.
    ///
    /// # Contract
    /// - MUST keep a notice that failed with its last error, and try it again when told to.
    /// - MUST not give a notice that was given up.
    async fn postpone_notice(
        &self,
        id: NoticeId,
        next_attempt_at: Option<Instant>,
        error: &str,
    ) -> Result<(), StoreError>;

    /// How the notices stand.
    ///
    /// # Contract
    /// - MUST count pending and failed notices apart.
    async fn notice_counts(&self) -> Result<NoticeCounts, StoreError>;

    /// The notices that were given up, the latest first, at most `limit`.
    ///
    /// # Contract
    /// - MUST list the notices that were given up, and no others.
    async fn failed_notices(&self, limit: u32) -> Result<Vec<AlertNotice>, StoreError>;

    /// Queues given-up notices again with all their tries, one or all; returns how many.
    ///
    /// # Contract
    /// - MUST queue given-up notices again with their attempts at zero.
    async fn retry_notices(&self, id: Option<NoticeId>, now: Instant) -> Result<u64, StoreError>;

    /// Forgets alerts whose last event was before `before`, and their notices; returns how many alerts.
    ///
    /// # Contract
    /// - MUST forget alerts that are long over with their notices, and no others.
    async fn purge_alerts(&self, before: Instant) -> Result<u64, StoreError>;
}
