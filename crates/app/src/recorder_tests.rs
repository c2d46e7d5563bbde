use std::sync::Mutex;

use archon_contract::samples::{SeededEntropy, start};
use archon_domain::ports::EventLog;
use archon_domain::{ChainEnds, ChainEntry, EventCursor, EventFilter, EventTally, Instant, Span};
use archon_store_memory::MemoryStore;
use async_trait::async_trait;

use super::*;

#[derive(Debug)]
struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Instant {
        start()
    }
}

/// A log that does as it is told before it does its work.
struct Log {
    store: MemoryStore,
    mood: Mutex<Mood>,
}

#[derive(Clone, Copy)]
enum Mood {
    Well,
    Away,
    /// The work is done, and the answer is lost.
    Mute,
    /// Events of this kind are refused.
    Refuses(EventKind),
}

impl Log {
    fn new(mood: Mood) -> Arc<Self> {
        Arc::new(Self { store: MemoryStore::new(), mood: Mutex::new(mood) })
    }

    fn is(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    async fn kinds(&self) -> Vec<EventKind> {
        let events = self.store.search(&EventFilter::default(), None, 10_000).await.unwrap();
        events.into_iter().map(|event| event.kind).collect()
    }
}

#[async_trait]
impl EventLog for Log {
    async fn append(&self, events: Vec<SecurityEvent>) -> Result<(), StoreError> {
        let mood = *self.mood.lock().unwrap();
        match mood {
            Mood::Well => self.store.append(events).await,
            Mood::Away => Err(StoreError::new(StoreErrorKind::Unavailable, "append")),
            Mood::Mute => {
                self.store.append(events).await?;
                Err(StoreError::new(StoreErrorKind::Unavailable, "append"))
            }
            Mood::Refuses(kind) if events.iter().any(|event| event.kind == kind) => {
                Err(StoreError::new(StoreErrorKind::Internal, "append"))
            }
            Mood::Refuses(_) => self.store.append(events).await,
        }
    }

    async fn of_user(&self, user: UserId, limit: u32) -> Result<Vec<SecurityEvent>, StoreError> {
        self.store.of_user(user, limit).await
    }

    async fn search(
        &self,
        filter: &EventFilter,
        after: Option<EventCursor>,
        limit: u32,
    ) -> Result<Vec<SecurityEvent>, StoreError> {
        self.store.search(filter, after, limit).await
    }

    async fn tally(
        &self,
        kinds: &[EventKind],
        from: Instant,
        until: Instant,
        step: Span,
    ) -> Result<Vec<EventTally>, StoreError> {
        self.store.tally(kinds, from, until, step).await
    }

    async fn chain(&self, after: u64, limit: u32) -> Result<Vec<ChainEntry>, StoreError> {
        self.store.chain(after, limit).await
    }

    async fn chain_ends(&self) -> Result<ChainEnds, StoreError> {
        self.store.chain_ends().await
    }

    async fn purge(&self, before: Instant) -> Result<u64, StoreError> {
        self.store.purge(before).await
    }
}

fn recorder(log: &Arc<Log>) -> (Recorder, EventWriter) {
    Recorder::new(Arc::clone(log) as _, Arc::new(StoppedClock), Arc::new(SeededEntropy::new(1)))
}

async fn record(recorder: &Recorder, kind: EventKind) {
    recorder.record(Happening::new(kind)).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_while_the_store_is_away_for_an_hour() {
    for mood in [Mood::Away, Mood::Mute] {
        let log = Log::new(mood);
        let (recorder, writer) = recorder(&log);
        let writer = tokio::spawn(writer.run());
        for _ in 0..500 {
            record(&recorder, EventKind::LoginFailed).await;
        }
        tokio::time::sleep(Duration::from_secs(3600)).await;
        log.is(Mood::Well);
        drop(recorder);
        writer.await.unwrap();
        assert_eq!(log.kinds().await.len(), 500);
        assert_eq!(log.store.chain_ends().await.unwrap().head.sequence, 500);
    }
}

#[tokio::test(start_paused = true)]
async fn recording_waits_five_seconds_once_and_then_not_at_all() {
    let log = Log::new(Mood::Away);
    // Nobody writes, as when the store does not answer at all.
    let (recorder, _writer) = recorder(&log);
    for _ in 0..QUEUE {
        record(&recorder, EventKind::LoginFailed).await;
    }
    let waited = async || {
        let began = tokio::time::Instant::now();
        record(&recorder, EventKind::LoginFailed).await;
        began.elapsed()
    };
    assert!(waited().await >= PATIENCE);
    assert_eq!(waited().await, Duration::ZERO, "the next request is not held up");
    let began = tokio::time::Instant::now();
    recorder.flush().await;
    assert!(began.elapsed() < PATIENCE * 2, "nor is who waits for the events");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_the_store_refuses_takes_no_other_with_it() {
    let log = Log::new(Mood::Refuses(EventKind::Logout));
    let (recorder, writer) = recorder(&log);
    for kind in [EventKind::Registered, EventKind::Logout, EventKind::LoginFailed] {
        record(&recorder, kind).await;
    }
    let writer = tokio::spawn(writer.run());
    recorder.flush().await;
    drop(recorder);
    writer.await.unwrap();
    let kinds = log.kinds().await;
    assert!(kinds.len() == 2 && !kinds.contains(&EventKind::Logout), "{kinds:?}");
}

#[tokio::test(start_paused = true)]
async fn the_writer_ends_five_seconds_after_the_last_recorder() {
    let log = Log::new(Mood::Away);
    let (recorder, writer) = recorder(&log);
    for _ in 0..3 * EventWriter::BATCH {
        record(&recorder, EventKind::LoginFailed).await;
    }
    let began = tokio::time::Instant::now();
    drop(recorder);
    writer.run().await;
    assert!((Duration::from_secs(5)..Duration::from_secs(6)).contains(&began.elapsed()));
}
