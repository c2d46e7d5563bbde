use std::net::IpAddr;
use std::sync::Arc;

use archon_domain::ports::{Clock, Entropy, EventLog};
use archon_domain::{Client, EventId, EventKind, SecurityEvent, SessionId, UserAgent, UserId};
use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};

/// How many events may wait to be written; a full queue makes the writer of the next one wait.
const QUEUE: usize = 1024;

/// Takes security events off the hands of use cases and writes them in batches.
///
/// Nothing is dropped: when the queue is full, recording waits for a place.
#[derive(Clone)]
pub struct Recorder {
    queue: mpsc::Sender<Entry>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

/// The writing end of a [`Recorder`]; run it as a task, it ends when the last recorder is gone.
pub struct EventWriter {
    queue: mpsc::Receiver<Entry>,
    log: Arc<dyn EventLog>,
}

enum Entry {
    Event(Box<SecurityEvent>),
    Flush(oneshot::Sender<()>),
}

/// What happened, before it has an id and a time.
#[derive(Debug, Clone)]
pub(crate) struct Happening {
    kind: EventKind,
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
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self { queue: sender, clock, entropy }, EventWriter { queue: receiver, log })
    }

    pub(crate) async fn record(&self, happening: Happening) {
        let now = self.clock.now();
        let event = SecurityEvent {
            id: EventId::generate(now, &*self.entropy),
            at: now,
            kind: happening.kind,
            severity: happening.kind.severity(),
            user: happening.user,
            session: happening.session,
            address: happening.address,
            user_agent: happening.user_agent,
            request_id: happening.request_id,
            details: happening.details,
        };
        metrics::counter!("archon_security_events_total", "type" => happening.kind.as_str()).increment(1);
        if self.queue.send(Entry::Event(Box::new(event))).await.is_err() {
            tracing::error!(
                kind = happening.kind.as_str(),
                "a security event came after the writer had stopped"
            );
        }
    }

    /// Waits until every event recorded before has been written.
    pub async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        if self.queue.send(Entry::Flush(done)).await.is_ok() {
            let _ = wait.await;
        }
    }
}

impl EventWriter {
    /// Most events written at once.
    const BATCH: usize = 256;

    /// Writes events as they come, all that wait at a time, until the last recorder is dropped.
    pub async fn run(mut self) {
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
            self.write(events).await;
            for done in flushed {
                let _ = done.send(());
            }
        }
    }

    /// Writes a batch; while the store is away it is tried again, and the queue fills up behind it.
    async fn write(&self, events: Vec<SecurityEvent>) {
        if events.is_empty() {
            return;
        }
        for wait in [0, 100, 400, 1600, 6400] {
            tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
            match self.log.append(events.clone()).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "security events wait")
                }
            }
        }
        for event in events {
            tracing::error!(kind = event.kind.as_str(), id = %event.id, "a security event could not be stored");
        }
    }
}
