use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use archon_domain::ports::{Clock, Entropy, EventLog};
use archon_domain::{
    Client, EventId, EventKind, SecurityEvent, SessionId, Severity, StoreError, StoreErrorKind, UserAgent,
    UserId,
};
use futures::FutureExt as _;
use serde_json::{Map, Value};
use tokio::sync::mpsc::error::{SendTimeoutError, TrySendError};
use tokio::sync::{mpsc, oneshot, watch};

use crate::AlertFeed;
use crate::events::event_document;

/// How many events may wait to be written; a full queue makes the writer of the next one wait.
const QUEUE: usize = 1024;

/// How long recording waits for a place in the queue.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes security events off the hands of use cases and writes them in batches.
///
/// Nothing is dropped in silence: when the queue is full, recording waits for a place, and an event that finds
/// none goes to the service's own log with all that it says.
#[derive(Clone)]
pub struct Recorder {
    queue: mpsc::Sender<Entry>,
    /// Whether somebody has waited in vain since the queue last had a place.
    is_stuck: Arc<AtomicBool>,
    /// Tells the writer, by being dropped, that nobody records any more.
    _alive: Arc<watch::Sender<()>>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// The writing end of a [`Recorder`]; run it as a task, it ends soon after the last recorder is gone.
pub struct EventWriter {
    queue: mpsc::Receiver<Entry>,
    gone: watch::Receiver<()>,
    log: Arc<dyn EventLog>,
    /// Who is shown what was stored.
    feed: Option<AlertFeed>,
}

enum Entry {
    Event(Box<SecurityEvent>),
    Flush(oneshot::Sender<()>),
}

/// What happened, before it has an id and a time.
#[derive(Debug, Clone)]
pub(crate) struct Happening {
    kind: EventKind,
    severity: Severity,
    user: Option<UserId>,
    session: Option<SessionId>,
    address: Option<IpAddr>,
    user_agent: Option<UserAgent>,
    request_id: Option<String>,
    details: Map<String, Value>,
}

impl Happening {
    pub(crate) fn new(kind: EventKind) -> Self {
        Self {
            kind,
            severity: kind.severity(),
            user: None,
            session: None,
            address: None,
            user_agent: None,
            request_id: None,
            details: Map::new(),
        }
    }

    pub(crate) fn user(mut self, user: UserId) -> Self {
        self.user = Some(user);
        self
    }

    pub(crate) fn session(mut self, session: &SessionId) -> Self {
        self.session = Some(session.clone());
        self
    }

    pub(crate) fn client(mut self, client: &Client) -> Self {
        self.address = Some(client.address);
        self.user_agent = Some(client.user_agent.clone());
        self.request_id = Some(client.request_id.clone());
        self
    }

    /// Says that it is worse than others of its kind.
    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    pub(crate) fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}

impl Recorder {
    /// A recorder and its writing end.
    #[must_use]
    pub fn new(
        log: Arc<dyn EventLog>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> (Self, EventWriter) {
        let (sender, queue) = mpsc::channel(QUEUE);
        let (alive, gone) = watch::channel(());
        let is_stuck = Arc::default();
        let recorder = Self { queue: sender, is_stuck, _alive: Arc::new(alive), clock, entropy };
        (recorder, EventWriter { queue, gone, log, feed: None })
    }

    pub(crate) async fn record(&self, happening: Happening) {
        let now = self.clock.now();
        let event = SecurityEvent {
            id: EventId::generate(now, &*self.entropy),
            at: now,
            kind: happening.kind,
            severity: happening.severity,
            user: happening.user,
            session: happening.session,
            address: happening.address,
            user_agent: happening.user_agent,
            request_id: happening.request_id,
            details: happening.details,
        };
        metrics::counter!("archon_security_events_total", "type" => happening.kind.as_str()).increment(1);
        if let Err(Entry::Event(event)) = self.hand_over(Entry::Event(Box::new(event))).await {
            write_down(&event, "it found no place in the queue");
        }
    }

    /// Puts an entry into the queue; gives it back when there is no place for it. Once somebody has waited in vain
    /// nobody else does, until there is a place again: a store that is away must not hold up every request.
    async fn hand_over(&self, entry: Entry) -> Result<(), Entry> {
        let handed = if self.is_stuck.load(Ordering::Relaxed) {
            self.queue.try_send(entry).map_err(|error| match error {
                TrySendError::Full(entry) | TrySendError::Closed(entry) => entry,
            })
        } else {
            self.queue.send_timeout(entry, PATIENCE).await.map_err(|error| match error {
                SendTimeoutError::Timeout(entry) | SendTimeoutError::Closed(entry) => entry,
            })
        };
        self.is_stuck.store(handed.is_err(), Ordering::Relaxed);
        handed
    }

    /// Waits until every event recorded before has been written, for at most five seconds.
    pub async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        let flushed = async {
            if self.queue.send(Entry::Flush(done)).await.is_ok() {
                let _ = wait.await;
            }
        };
        if tokio::time::timeout(PATIENCE, flushed).await.is_err() {
            tracing::warn!("security events are not written yet");
        }
    }
}

impl EventWriter {
    /// Most events written at once.
    const BATCH: usize = 256;

    /// How long a store that is away is left alone between two tries: at first, and at most.
    const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

    /// How long the writer goes on trying once the last recorder is gone.
    pub const LAST_WORDS: Duration = Duration::from_secs(5);

    /// Shows events, once they are stored, to whoever raises alerts.
    #[must_use]
    pub fn shown_to(mut self, feed: AlertFeed) -> Self {
        self.feed = Some(feed);
        self
    }

    /// Writes events as they come, all that wait at a time, until the last recorder is dropped. What cannot be
    /// stored by then goes to the service's own log.
    pub async fn run(mut self) {
        let mut gone = self.gone.clone();
        let patience = async move {
            while gone.changed().await.is_ok() {}
            tokio::time::sleep(Self::LAST_WORDS).await;
        };
        let patience = patience.boxed().shared();
        let mut waiting = Vec::with_capacity(Self::BATCH);
        while self.queue.recv_many(&mut waiting, Self::BATCH).await > 0 {
            let mut events = Vec::with_capacity(waiting.len());
            let mut flushed = Vec::new();
            for entry in waiting.drain(..) {
                match entry {
                    Entry::Event(event) => events.push(*event),
                    Entry::Flush(done) => flushed.push(done),
                }
            }
            tokio::select! {
                biased;
                () = self.store(&events) => {}
                () = patience.clone() => {
                    events.iter().for_each(|event| write_down(event, "the service has stopped"));
                }
            }
            for done in flushed {
                let _ = done.send(());
            }
        }
    }

    /// Stores a batch, however long that takes. Where the store refuses it, each event is tried by itself, so that
    /// one which cannot be stored takes no other with it.
    async fn store(&self, events: &[SecurityEvent]) {
        if events.is_empty() || self.append(events).await.is_ok() {
            return;
        }
        for event in events {
            if let Err(error) = self.append(std::slice::from_ref(event)).await {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, id = %event.id, "the store refuses a security event");
                write_down(event, "the store refuses it");
            }
        }
    }

    /// Appends events; while the store is away this goes on trying. Appending again stores nothing twice.
    async fn append(&self, events: &[SecurityEvent]) -> Result<(), StoreError> {
        let (mut pause, longest) = Self::PAUSES;
        loop {
            match self.log.append(events.to_vec()).await {
                Err(error)
                    if matches!(error.kind(), StoreErrorKind::Unavailable | StoreErrorKind::Conflict) =>
                {
                    tracing::warn!(error = &error as &dyn std::error::Error, "security events wait");
                }
                Ok(()) => {
                    self.feed.iter().for_each(|feed| feed.show(events));
                    return Ok(());
                }
                refused => return refused,
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }
}

/// The last resort of an event: a line in the service's own log, with all that it says.
fn write_down(event: &SecurityEvent, why: &str) {
    metrics::counter!("archon_security_events_unstored_total").increment(1);
    tracing::error!(event = %event_document(event), why, "a security event is in no store but in this line");
}

#[cfg(test)]
#[path = "recorder_tests.rs"]
mod tests;
