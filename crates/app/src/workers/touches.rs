use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::Auth;

/// Writes the uses of sessions in batches. A killed process loses those since its last batch.
pub struct TouchWriter(Arc<Auth>);

impl TouchWriter {
    /// How often a batch is written.
    pub const EVERY: Duration = Duration::from_secs(2);

    /// A worker for the sessions of `auth`.
    #[must_use]
    pub fn new(auth: Arc<Auth>) -> Self {
        Self(auth)
    }

    /// Writes now and then until told to stop, and once more then.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            let is_last = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => true,
                () = tokio::time::sleep(Self::EVERY) => false,
            };
            self.0.write_touches().await;
            if is_last {
                return;
            }
        }
    }
}
