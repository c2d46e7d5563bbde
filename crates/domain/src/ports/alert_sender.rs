use async_trait::async_trait;

use crate::{Alert, AlertNotice, DeliveryError, Instant};

/// Tells operators of an alert, by one kind of channel.
#[async_trait]
pub trait AlertSender: Send + Sync {
    /// Tells of an alert as it is at `now`, within a bounded time.
    ///
    /// # Errors
    /// Whether another try may succeed, and in which words the other side refused.
    async fn send(&self, notice: &AlertNotice, alert: &Alert, now: Instant) -> Result<(), DeliveryError>;
}
