use std::collections::BTreeMap;

use archon_domain::ports::AlertSender;
use archon_domain::{Alert, AlertChannel, AlertNotice, DeliveryError, Instant};
use async_trait::async_trait;
use serde_json::json;

use crate::Webhook;

/// The configured receivers of alerts, by their names.
#[derive(Debug, Default)]
pub struct Webhooks(BTreeMap<String, Webhook>);

impl Webhooks {
    /// Receivers with the names that notices have for them.
    pub fn new(webhooks: impl IntoIterator<Item = (String, Webhook)>) -> Self {
        Self(webhooks.into_iter().collect())
    }
}

#[async_trait]
impl AlertSender for Webhooks {
    async fn send(&self, notice: &AlertNotice, alert: &Alert, now: Instant) -> Result<(), DeliveryError> {
        let gone = || DeliveryError::Permanent("no webhook of this name is configured any more".to_owned());
        let AlertChannel::Webhook(name) = &notice.channel else { return Err(gone()) };
        let webhook = self.0.get(name).ok_or_else(gone)?;
        let body = json!({
            "type": "alert.raised",
            "timestamp": alert.raised_at,
            "data": alert.document(),
        });
        webhook.post(&notice.id.to_string(), now.timestamp(), body.to_string().into_bytes()).await
    }
}
