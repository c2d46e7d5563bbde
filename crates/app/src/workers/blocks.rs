use std::sync::Arc;
use std::time::Duration;

use archon_domain::ports::Clock;
use archon_domain::{Instant, Span, StoreError};
use tokio::sync::watch;

use crate::fast_path::MARGIN;
use crate::{Auth, BlockList};

/// Follows what other replicas block and lift.
pub struct BlockFollower {
    blocks: Arc<BlockList>,
    clock: Arc<dyn Clock>,
}

impl BlockFollower {
    /// How often it looks.
    pub const EVERY: Duration = Duration::from_secs(1);

    /// How often every block is read, in case a look has missed one.
    const READ_ALL: Span = Span::seconds(60);

    /// A worker for the blocks of `auth`.
    #[must_use]
    pub fn new(auth: &Auth) -> Self {
        Self { blocks: Arc::clone(&auth.blocks), clock: Arc::clone(&auth.ports.clock) }
    }

    /// Looks now and then until told to stop.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let (mut looked, mut read_all) = (None, None);
        loop {
            let now = self.clock.now();
            let all = read_all.is_none_or(|at| now - at >= Self::READ_ALL);
            match self.look(looked.filter(|_| !all)).await {
                Ok(()) => {
                    looked = Some(now);
                    read_all = if all { looked } else { read_all };
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "blocked addresses are not followed"
                    );
                }
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(Self::EVERY) => {}
            }
        }
    }

    /// Reads what has changed since the last look, or everything.
    async fn look(&self, looked: Option<Instant>) -> Result<(), StoreError> {
        match looked {
            Some(at) => self.blocks.follow(at - MARGIN).await,
            None => self.blocks.load().await,
        }
    }
}
