use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use archon_domain::{EventCursor, SecurityEvent, StoreError, StoreErrorKind};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use super::desk::{Desk, Open, Suspicion};
use super::rules::causes;
use crate::Auth;

/// How many batches of events may wait to be judged.
const QUEUE: usize = 64;

/// How long a store that is away is left alone between two tries: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How many events are read at once where the watcher could not keep up.
const PAGE: u32 = 1000;

/// How many of them are read at the most.
const AT_MOST: usize = 10_000;

/// Shows events that were stored to an [`AlertWatcher`], without ever waiting for it.
#[derive(Clone)]
pub struct AlertFeed {
    sender: mpsc::Sender<Vec<SecurityEvent>>,
    is_behind: Arc<AtomicBool>,
}

/// Judges security events once they are stored, and raises alerts; run it as a task, it ends soon after the
/// last feed is gone.
///
/// It holds up nobody: when it cannot keep up, what it was not shown it reads from the log. So it does at the
/// start, since the process before may have been killed between an event and its alert.
pub struct AlertWatcher {
    receiver: mpsc::Receiver<Vec<SecurityEvent>>,
    is_behind: Arc<AtomicBool>,
    desk: Desk,
}

impl AlertFeed {
    /// Shows events; those that count for no alert are passed over.
    pub(crate) fn show(&self, stored: &[SecurityEvent]) {
        let countable: Vec<_> = stored.iter().filter(|event| !causes(event).is_empty()).cloned().collect();
        if countable.is_empty() {
            return;
        }
        if let Err(TrySendError::Full(_)) = self.sender.try_send(countable) {
            self.is_behind.store(true, Ordering::Relaxed);
        }
    }
}

impl AlertWatcher {
    /// Most batches that are judged together.
    const BATCHES: usize = 16;

    /// A watcher over the stores of `auth`, and what shows it events.
    #[must_use]
    pub fn new(auth: &Auth) -> (AlertFeed, Self) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let is_behind = Arc::new(AtomicBool::new(true));
        let ports = &auth.ports;
        let desk = Desk {
            events: Arc::clone(&ports.events),
            alerts: Arc::clone(&ports.alerts),
            blocks: Arc::clone(&auth.blocks),
            clock: Arc::clone(&ports.clock),
            entropy: Arc::clone(&ports.entropy),
            policy: auth.policy.alerts.clone(),
            raised: auth.alert_raised(),
        };
        (AlertFeed { sender, is_behind: Arc::clone(&is_behind) }, Self { receiver, is_behind, desk })
    }

    /// Judges events as they are shown, until the last feed is dropped.
    pub async fn run(mut self) {
        let mut waiting = Vec::with_capacity(Self::BATCHES);
        loop {
            if self.is_behind.swap(false, Ordering::Relaxed) {
                self.catch_up().await;
            }
            if self.receiver.recv_many(&mut waiting, Self::BATCHES).await == 0 {
                return;
            }
            let events: Vec<SecurityEvent> = waiting.drain(..).flatten().collect();
            self.judge(&events, Source::Feed).await;
        }
    }

    /// Judges what the log holds of the longest window.
    async fn catch_up(&self) {
        if !self.desk.has_rules() {
            return;
        }
        let mut patience = Patience::new();
        loop {
            match self.latest().await {
                Ok(events) => return self.judge(&events, Source::Log).await,
                Err(error) if patience.lasts(&error).await => {}
                Err(_) => return,
            }
        }
    }

    async fn latest(&self) -> Result<Vec<SecurityEvent>, StoreError> {
        let filter = self.desk.countable();
        let mut events: Vec<SecurityEvent> = Vec::new();
        loop {
            let after = events.last().map(EventCursor::from);
            let page = self.desk.events.search(&filter, after, PAGE).await?;
            let is_last = page.len() < PAGE as usize;
            events.extend(page);
            if is_last || events.len() >= AT_MOST {
                return Ok(events);
            }
        }
    }

    /// Judges what events may mean, one thing after the other: an alert can be a part of the one before.
    async fn judge(&self, events: &[SecurityEvent], source: Source) {
        let suspicions = self.desk.suspicions(events);
        if suspicions.is_empty() {
            return;
        }
        let Some(mut open) = self.open().await else { return };
        for suspicion in &suspicions {
            if source == Source::Feed || open.alert_of(suspicion).is_none() {
                self.judge_one(suspicion, &mut open).await;
            }
        }
    }

    async fn open(&self) -> Option<Open> {
        let mut patience = Patience::new();
        loop {
            match self.desk.open().await {
                Ok(open) => return Some(open),
                Err(error) if patience.lasts(&error).await => {}
                Err(_) => return None,
            }
        }
    }

    async fn judge_one(&self, suspicion: &Suspicion<'_>, open: &mut Open) {
        let mut patience = Patience::new();
        loop {
            match self.desk.judge(suspicion, open).await {
                Ok(raised) => return raised.into_iter().for_each(|alert| open.add(alert)),
                Err(error) if patience.lasts(&error).await => {}
                Err(_) => return,
            }
        }
    }
}

/// Where events come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// They were just stored.
    Feed,
    /// They were read again: alerts that go on have had most of them, and get none.
    Log,
}

/// How long a store that is away is waited for, more each time.
struct Patience {
    pause: Duration,
}

impl Patience {
    const fn new() -> Self {
        Self { pause: PAUSES.0 }
    }

    /// Waits, if the same call may succeed later; else false.
    async fn lasts(&mut self, error: &StoreError) -> bool {
        tracing::warn!(error = error as &dyn std::error::Error, "security events are not judged yet");
        let may_pass = matches!(error.kind(), StoreErrorKind::Unavailable | StoreErrorKind::Conflict);
        if may_pass {
            tokio::time::sleep(self.pause).await;
            self.pause = (self.pause * 2).min(PAUSES.1);
        }
        may_pass
    }
}
