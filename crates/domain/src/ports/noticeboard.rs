use async_trait::async_trait;

use crate::{Instant, Notice, StoreError};

/// Where operators watch what happens. Nothing reads it back, and nothing waits for it.
#[async_trait]
pub trait Noticeboard: Send + Sync {
    /// Puts notices up, in order.
    async fn post(&self, notices: Vec<Notice>, now: Instant) -> Result<(), StoreError>;
}
