//! What the contract cannot know of a log in files: killed processes, several at once, damage.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use archon_contract::samples::{Samples, after, start};
use archon_domain::ports::EventLog as _;
use archon_domain::{Break, ChainLink, SecurityEvent, Span, StoreErrorKind, UserId, Verification};
use archon_example_storage_adapter::FileEventLog;
use futures::future::join_all;
use tempfile::TempDir;

/// A directory of a log, and what is written to it.
struct Place {
    folder: TempDir,
    samples: Samples,
    user: UserId,
}

impl Place {
    fn new() -> Self {
        let samples = Samples::default();
        let user = samples.user_id();
        Self { folder: tempfile::tempdir().unwrap(), samples, user }
    }

    /// Another handle, as another process would have it.
    fn open(&self) -> FileEventLog {
        FileEventLog::open(self.folder.path()).unwrap()
    }

    /// An event, so many days after that of [`start`], which is 2026-03-01.
    fn event(&self, days: i64) -> SecurityEvent {
        self.samples.event(self.user, start() + Span::days(days))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The names of the files that are to be seen.
    fn names(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| !name.starts_with('.')).collect()
    }

    /// Leaves bytes at the end of a file, as a process does that is killed while it writes.
    fn leave(&self, name: &str, bytes: &[u8]) {
        OpenOptions::new().append(true).open(self.file(name)).unwrap().write_all(bytes).unwrap();
    }

    async fn events(&self) -> Vec<SecurityEvent> {
        self.open().of_user(self.user, 1000).await.unwrap()
    }
}

#[tokio::test]
async fn events_are_there_after_a_restart_and_nobody_else_can_read_them() {
    let place = Place::new();
    let event = place.event(0);
    FileEventLog::open(place.file("deep/down")).unwrap().append(vec![event.clone()]).await.unwrap();
    let again = FileEventLog::open(place.file("deep/down")).unwrap();
    assert_eq!(again.of_user(place.user, 9).await.unwrap(), [event]);
    let mode = |name: &str| fs::metadata(place.file(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("deep/down"), mode("deep/down/2026-03-01.jsonl")), (0o700, 0o600));
}

#[tokio::test]
async fn a_torn_line_is_passed_over_and_cut_off_by_the_next_writer() {
    let place = Place::new();
    let events = [place.event(0), place.event(0)];
    let log = place.open();
    log.append(vec![events[0].clone()]).await.unwrap();
    let whole = fs::read(place.file("2026-03-01.jsonl")).unwrap();
    // Cut in the middle of a letter.
    place.leave("2026-03-01.jsonl", "{\"id\":\"01ü".as_bytes().split_last().unwrap().1);
    assert_eq!(log.of_user(place.user, 9).await.unwrap(), events[..1]);

    log.append(vec![events[1].clone()]).await.unwrap();
    assert_eq!(log.of_user(place.user, 9).await.unwrap().len(), 2);
    place.leave("2026-03-01.jsonl", b"{");
    assert_eq!(place.events().await.len(), 2);
    let text = fs::read(place.file("2026-03-01.jsonl")).unwrap();
    assert!(text.starts_with(&whole) && text.ends_with(b"}\n"), "opening mends as well");
}

#[tokio::test]
async fn a_file_that_begins_with_a_torn_line_begins_anew() {
    let place = Place::new();
    fs::write(place.file("2026-03-01.jsonl"), "{\"id\":").unwrap();
    let event = place.event(0);
    place.open().append(vec![event.clone()]).await.unwrap();
    assert_eq!(place.events().await, [event]);
}

#[tokio::test]
async fn a_whole_line_that_is_no_event_is_named_and_nothing_is_thrown_away() {
    let place = Place::new();
    let log = place.open();
    log.append(vec![place.event(0)]).await.unwrap();
    let whole = fs::read_to_string(place.file("2026-03-01.jsonl")).unwrap();
    for damage in [b"{}\n".as_slice(), b"\n", b"\xFF\n", whole.replace("critical", "grave").as_bytes()] {
        fs::write(place.file("2026-03-01.jsonl"), &whole).unwrap();
        place.leave("2026-03-01.jsonl", damage);
        let before = fs::read(place.file("2026-03-01.jsonl")).unwrap();
        let read = log.of_user(place.user, 9).await.unwrap_err();
        let purged = log.purge(after(86_400 * 9)).await.unwrap_err();
        for error in [read, purged] {
            assert_eq!(error.kind(), StoreErrorKind::Corrupt);
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert!(cause.starts_with("line 2 of ") && cause.contains("2026-03-01.jsonl"), "{cause}");
        }
        assert_eq!(fs::read(place.file("2026-03-01.jsonl")).unwrap(), before);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_and_a_purge_at_the_same_time_lose_nothing() {
    let place = Place::new();
    let old: Vec<_> = (0..40).map(|_| place.event(0)).collect();
    place.open().append(old).await.unwrap();
    let new: Vec<_> = (0..40).map(|_| place.samples.event(place.user, after(1))).collect();
    let writers = new.chunks(10).map(|events| {
        let (log, events) = (place.open(), events.to_vec());
        tokio::spawn(async move {
            for event in events {
                log.append(vec![event]).await.unwrap();
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    let mut forgotten = 0;
    for _ in 0..10 {
        forgotten += place.open().purge(after(1)).await.unwrap();
    }
    for writer in join_all(writers).await {
        writer.unwrap();
    }
    assert_eq!(forgotten, 40);
    let ids = |events: &[SecurityEvent]| events.iter().map(|event| event.id).collect::<BTreeSet<_>>();
    let stored = place.events().await;
    assert_eq!((stored.len(), ids(&stored)), (40, ids(&new)));
}

#[tokio::test]
async fn a_batch_of_several_days_is_stored_whole_or_not_at_all() {
    let place = Place::new();
    let first = place.event(0);
    let log = place.open();
    log.append(vec![first.clone()]).await.unwrap();
    fs::create_dir(place.file("2026-03-02.jsonl")).unwrap();
    let error = log.append(vec![place.event(0), place.event(1)]).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    fs::remove_dir(place.file("2026-03-02.jsonl")).unwrap();
    assert_eq!(place.events().await, [first]);
}

#[tokio::test]
async fn days_that_are_over_go_as_files_and_others_keep_their_lines() {
    let place = Place::new();
    let log = place.open();
    let mut events: Vec<_> = [0, 0, 1, 2, 2, 3].map(|days| place.event(days)).into();
    events[4].at += Span::hours(1);
    for event in &events {
        log.append(vec![event.clone()]).await.unwrap();
    }
    fs::write(place.file("README"), "not ours").unwrap();
    let third = fs::read_to_string(place.file("2026-03-03.jsonl")).unwrap();
    let kept = third.split_inclusive('\n').nth(1).unwrap();

    let before = events[4].at;
    assert_eq!(log.purge(before).await.unwrap(), 4);
    assert_eq!(log.purge(before).await.unwrap(), 0);
    assert_eq!(
        place.names().into_iter().collect::<Vec<_>>(),
        ["2026-03-03.jsonl", "2026-03-04.jsonl", "README"]
    );
    assert_eq!(fs::read_to_string(place.file("2026-03-03.jsonl")).unwrap(), kept);
    events.reverse();
    assert_eq!(place.events().await, events[..2]);
    assert_eq!(log.of_user(place.user, 1).await.unwrap(), events[..1]);
}

/// Whether the chain holds from its anchor to its head.
async fn is_whole(log: &FileEventLog) -> Result<ChainLink, Break> {
    let ends = log.chain_ends().await.unwrap();
    let mut verification = Verification::new(&ends, None)?;
    log.chain(0, 1000).await.unwrap().iter().try_for_each(|entry| verification.add(entry))?;
    verification.finish()
}

#[tokio::test]
async fn a_line_that_somebody_edits_or_takes_away_breaks_the_chain() {
    let place = Place::new();
    let log = place.open();
    let events: Vec<_> = (0..3).map(|_| place.event(0)).collect();
    log.append(events.clone()).await.unwrap();
    assert_eq!(is_whole(&log).await.unwrap().sequence, 3);
    let text = fs::read_to_string(place.file("2026-03-01.jsonl")).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let edited = lines[1].replace("curl", "wget");
    fs::write(place.file("2026-03-01.jsonl"), [lines[0], &edited, lines[2]].concat()).unwrap();
    let changed = Break::Changed { sequence: 2, id: events[1].id };
    assert_eq!(is_whole(&log).await, Err(changed));
    fs::write(place.file("2026-03-01.jsonl"), [lines[0], lines[2]].concat()).unwrap();
    assert_eq!(is_whole(&log).await, Err(Break::Missing { sequence: 2 }));
}

#[tokio::test]
async fn lines_that_a_killed_purge_left_are_passed_over() {
    let place = Place::new();
    let log = place.open();
    let events: Vec<_> = (0..3).map(|days| place.event(days)).collect();
    log.append(events.clone()).await.unwrap();
    let before = fs::read(place.file("2026-03-01.jsonl")).unwrap();
    assert_eq!(log.purge(events[1].at).await.unwrap(), 1);
    fs::write(place.file("2026-03-01.jsonl"), before).unwrap();
    assert_eq!(place.events().await.len(), 2);
    assert_eq!(is_whole(&log).await.unwrap().sequence, 3);
    assert_eq!(log.purge(events[2].at).await.unwrap(), 1);
    assert_eq!(place.events().await, events[2..]);
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_refused() {
    let place = Place::new();
    fs::write(place.file("taken"), "").unwrap();
    let error = FileEventLog::open(place.file("taken")).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("taken"));
}
