use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use archon_domain::ports::{AlertSender, Alerts};
use archon_domain::{AlertChannel, AlertNotice, DeliveryError, Instant, RetrySchedule, StoreError};
use async_trait::async_trait;
use tokio::sync::watch;

use super::courier::{Courier, Dispatch};
use crate::Auth;

/// How alerts are told, by the kind of channel.
#[derive(Clone)]
pub struct AlertSenders {
    /// To webhooks.
    pub webhooks: Arc<dyn AlertSender>,
    /// By mail.
    pub mail: Arc<dyn AlertSender>,
}

/// Tells operators of alerts.
///
/// A notice is forgotten only once the other side has taken it: a process that dies in between tells it once more,
/// under the same id. Workers of several processes share the notices.
pub struct AlertNoticeWorker(Courier<AlertNotices>);

/// The notices that are queued, and where they go.
struct AlertNotices {
    alerts: Arc<dyn Alerts>,
    senders: AlertSenders,
}

impl AlertNoticeWorker {
    /// A worker for the alerts of `auth`.
    #[must_use]
    pub fn new(auth: &Auth, senders: AlertSenders, schedule: RetrySchedule) -> Self {
        let ports = &auth.ports;
        Self(Courier {
            dispatch: AlertNotices { alerts: Arc::clone(&ports.alerts), senders },
            clock: Arc::clone(&ports.clock),
            entropy: Arc::clone(&ports.entropy),
            schedule,
            queued: auth.alert_raised(),
        })
    }

    /// Sends notices as they fall due, until told to stop; then sends what is due and returns, soon even when a
    /// receiver is silent. What is not sent then is sent after the next start.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        self.0.run(stop).await;
    }
}

#[async_trait]
impl Dispatch for AlertNotices {
    type Message = AlertNotice;

    const NAME: &'static str = "a notice of an alert";

    async fn claim(
        &self,
        limit: u32,
        lease_until: Instant,
        now: Instant,
    ) -> Result<Vec<AlertNotice>, StoreError> {
        self.alerts.claim_notices(limit, lease_until, now).await
    }

    async fn deliver(&self, notice: &AlertNotice, now: Instant) -> Result<(), DeliveryError> {
        let found = self.alerts.find_alert(notice.alert).await;
        let found = found.map_err(|error| DeliveryError::Temporary(error.to_string()))?;
        // An alert that was forgotten need not be told.
        let Some(alert) = found else { return Ok(()) };
        match &notice.channel {
            AlertChannel::Webhook(_) => self.senders.webhooks.send(notice, &alert, now).await,
            AlertChannel::Mail(_) => self.senders.mail.send(notice, &alert, now).await,
        }
    }

    async fn sent(&self, notice: &AlertNotice) -> Result<(), StoreError> {
        let channel = notice.channel.shown();
        tracing::info!(id = %notice.id, alert_id = %notice.alert, channel, "an alert was told");
        self.alerts.told(notice.id).await
    }

    async fn postpone(
        &self,
        notice: &AlertNotice,
        next: Option<Instant>,
        error: &str,
    ) -> Result<(), StoreError> {
        self.alerts.postpone_notice(notice.id, next, error).await
    }

    fn id(notice: &AlertNotice) -> impl Display + Send {
        notice.id
    }

    fn attempts(notice: &AlertNotice) -> u32 {
        notice.attempts
    }

    fn count(notice: &AlertNotice, outcome: &'static str, took: Duration) {
        let channel = notice.channel.kind();
        metrics::counter!("archon_alert_notices_total", "channel" => channel, "outcome" => outcome)
            .increment(1);
        metrics::histogram!("archon_alert_notice_seconds", "channel" => channel).record(took.as_secs_f64());
    }
}
