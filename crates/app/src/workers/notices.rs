use std::sync::Arc;
use std::time::Duration;

use archon_domain::ports::{Clock, Noticeboard, Outbox};
use archon_domain::{Notice, OutboxCounts, StoreError};
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

use crate::fast_path::{Breaker, in_time};
use crate::notices::Losses;

/// Puts notices up in batches while the fast store is relied on, and drops them while it is not.
///
/// A noticeboard that fails is no reason to rely on the fast store no more: it is only a window.
pub struct NoticeWriter {
    pub(crate) queue: mpsc::Receiver<Notice>,
    pub(crate) board: Arc<dyn Noticeboard>,
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) breaker: Arc<Breaker>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) losses: Losses,
}

/// The outbox as it was last shown.
struct Shown {
    counts: OutboxCounts,
    looks_ago: u32,
}

impl NoticeWriter {
    /// Most notices put up at once.
    const BATCH: usize = 128;

    /// How often the outbox is looked at.
    const LOOK: Duration = Duration::from_secs(1);

    /// After so many looks the mails are shown again, although they have not changed: the fast store may have
    /// lost them.
    const SHOW_AGAIN: u32 = 30;

    /// Most mails shown of each kind.
    const MAILS: u32 = 1000;

    /// Puts notices up until told to stop.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut waiting = Vec::with_capacity(Self::BATCH);
        let mut shown = None;
        let mut looks = tokio::time::interval(Self::LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = told_to_stop(&mut stop) => return,
                count = self.queue.recv_many(&mut waiting, Self::BATCH) => {
                    if count == 0 {
                        return;
                    }
                    self.put_up(std::mem::take(&mut waiting)).await;
                }
                _ = looks.tick() => match self.look(shown.take()).await {
                    Ok(now_shown) => shown = now_shown,
                    Err(error) => {
                        tracing::debug!(error = &error as &dyn std::error::Error, "mails are not shown");
                    }
                },
            }
        }
    }

    async fn put_up(&self, notices: Vec<Notice>) -> bool {
        let count = notices.len();
        let posted = self.breaker.is_closed() && {
            let posting = self.board.post(notices, self.clock.now());
            let posted = in_time("post notices", posting).await;
            if let Err(error) = &posted {
                tracing::debug!(error = error as &dyn std::error::Error, "notices are dropped");
            }
            posted.is_ok()
        };
        if posted {
            self.losses.are_over()
        } else {
            self.losses.count(count)
        }
        posted
    }

    /// Shows the mails if they have changed since they were `shown`; what is shown now.
    async fn look(&self, shown: Option<Shown>) -> Result<Option<Shown>, StoreError> {
        if !self.breaker.is_closed() {
            return Ok(None);
        }
        let counts = self.outbox.counts().await?;
        if let Some(shown) = shown
            && shown.counts == counts
            && shown.looks_ago < Self::SHOW_AGAIN
        {
            return Ok(Some(Shown { looks_ago: shown.looks_ago + 1, ..shown }));
        }
        let (pending, failed) =
            futures::try_join!(self.outbox.pending(Self::MAILS), self.outbox.failed(Self::MAILS))?;
        let [pending, failed] =
            [pending, failed].map(|mails| mails.iter().map(|queued| queued.mail.id).collect());
        let posted = self.put_up(vec![Notice::Mails { pending, failed }]).await;
        Ok(posted.then_some(Shown { counts, looks_ago: 0 }))
    }
}

/// Waits for the word to stop. What the channel lends is let go of here: it must not be held while a batch is
/// put up.
async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
