use async_trait::async_trait;

use crate::{DeliveryError, Mail, StoreError};

/// Sends mails.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Renders and sends one mail; returns when the server has taken it.
    async fn deliver(&self, mail: &Mail) -> Result<(), DeliveryError>;

    /// Asks whether mails could be sent now.
    async fn probe(&self) -> Result<(), StoreError>;
}
