//! The blocking half of the log: one file per day, which grows by whole lines.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use archon_domain::{Instant, SecurityEvent, UserId};
use chrono::NaiveDate;

use crate::line;
use crate::trouble::{Trouble, at};

/// How the names of files with events end; before that stands their day.
const SUFFIX: &str = ".jsonl";

/// The directory and the files in it.
#[derive(Debug, Clone)]
pub(crate) struct Directory(PathBuf);

/// A day's file, and where its last whole line ended before anything was appended.
struct Tail {
    path: PathBuf,
    file: File,
    end: u64,
}

impl Directory {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Makes the directory if need be, and mends what a killed process left in it.
    pub(crate) fn prepare(&self) -> Result<(), Trouble> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.0);
        made.map_err(at("cannot create", &self.0))?;
        let _lock = self.lock()?;
        self.days()?.into_iter().try_for_each(|day| self.tail(day).map(drop))
    }

    /// Appends events to the files of their days: all of them, or none when it fails.
    pub(crate) fn append(&self, events: &[SecurityEvent]) -> Result<(), Trouble> {
        let mut days: BTreeMap<NaiveDate, String> = BTreeMap::new();
        for event in events {
            *days.entry(event.at.date_naive()).or_default() += &line::write(event)?;
        }
        let _lock = self.lock()?;
        let mut tails = Vec::new();
        let appended = days.iter().try_for_each(|(day, lines)| {
            tails.push(self.tail(*day)?);
            tails.last_mut().map_or(Ok(()), |tail| tail.append(lines))
        });
        let is_new = tails.iter().any(|tail| tail.end == 0);
        let durable = appended.and_then(|()| if is_new { self.flush() } else { Ok(()) });
        if durable.is_err() {
            // Who is told that nothing was stored comes again with the same events.
            tails.iter().for_each(Tail::undo);
        }
        durable
    }

    /// The latest events of a user, newest first.
    pub(crate) fn of_user(&self, user: UserId, limit: usize) -> Result<Vec<SecurityEvent>, Trouble> {
        let mut found = Vec::new();
        for day in self.days()?.into_iter().rev() {
            let events = self.read(day)?.into_iter().map(|(_, event)| event);
            let mut events: Vec<_> = events.filter(|event| event.user == Some(user)).collect();
            events.sort_by_key(|event| Reverse((event.at, event.id)));
            found.extend(events);
            if found.len() >= limit {
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// Forgets events from before `before`; returns how many.
    pub(crate) fn purge(&self, before: Instant) -> Result<u64, Trouble> {
        let _lock = self.lock()?;
        let mut forgotten = 0;
        for day in self.days()?.into_iter().filter(|day| *day <= before.date_naive()) {
            let lines = self.read(day)?;
            let is_kept = |event: &SecurityEvent| event.at >= before;
            let old = lines.iter().filter(|(_, event)| !is_kept(event)).count();
            if old == lines.len() {
                self.remove(day)?;
            } else if old > 0 {
                let kept = lines.into_iter().filter(|(_, event)| is_kept(event));
                self.replace(day, &kept.map(|(line, _)| line + "\n").collect::<String>())?;
            }
            forgotten += old as u64;
        }
        Ok(forgotten)
    }

    /// Waits for the lock, which is let go of when the file is dropped.
    fn lock(&self) -> Result<File, Trouble> {
        let path = self.0.join(".lock");
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.map_err(at("cannot open", &path))?;
        file.lock().map_err(at("cannot lock", &path))?;
        Ok(file)
    }

    fn path_of(&self, day: NaiveDate) -> PathBuf {
        self.0.join(format!("{day}{SUFFIX}"))
    }

    /// The days that have a file, the earliest first.
    fn days(&self) -> Result<Vec<NaiveDate>, Trouble> {
        let mut days = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(at("cannot list", &self.0))? {
            let name = entry.map_err(at("cannot list", &self.0))?.file_name();
            let day = name.to_str().and_then(|name| name.strip_suffix(SUFFIX));
            days.extend(day.and_then(|day| day.parse::<NaiveDate>().ok()));
        }
        days.sort_unstable();
        Ok(days)
    }

    /// The whole lines of a day, each with its event. A line without an end is still being written, or never
    /// will be; only who holds the lock can tell.
    fn read(&self, day: NaiveDate) -> Result<Vec<(String, SecurityEvent)>, Trouble> {
        let path = self.path_of(day);
        let bytes = match fs::read(&path) {
            // It was purged since the directory was listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            bytes => bytes.map_err(at("cannot read", &path))?,
        };
        let lines = whole_lines(&bytes).split_inclusive(|byte| *byte == b'\n').enumerate();
        let read = lines.map(|(index, bytes)| {
            let unreadable = |reason| Trouble::Unreadable { path: path.clone(), line: index + 1, reason };
            let text = std::str::from_utf8(bytes).map_err(|error| unreadable(error.to_string()))?;
            let event = line::read(text).map_err(unreadable)?;
            Ok((text.trim_end().to_owned(), event))
        });
        read.collect()
    }

    /// The end of a day's file, whose lines are whole from there on.
    fn tail(&self, day: NaiveDate) -> Result<Tail, Trouble> {
        let path = self.path_of(day);
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).read(true).mode(0o600).open(&path);
        let file = file.map_err(at("cannot open", &path))?;
        let end = cut_torn_line(&path, &file).map_err(at("cannot mend", &path))?;
        Ok(Tail { path, file, end })
    }

    fn remove(&self, day: NaiveDate) -> Result<(), Trouble> {
        let path = self.path_of(day);
        fs::remove_file(&path).map_err(at("cannot remove", &path))?;
        self.flush()
    }

    /// Writes a day's file whole: under another name, flushed to disk, renamed, the directory flushed.
    fn replace(&self, day: NaiveDate, lines: &str) -> Result<(), Trouble> {
        let (path, temporary) = (self.path_of(day), self.0.join(".new"));
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(true).write(true).mode(0o600).open(&temporary);
        let mut file = file.map_err(at("cannot create", &temporary))?;
        file.write_all(lines.as_bytes()).map_err(at("cannot write", &temporary))?;
        file.sync_all().map_err(at("cannot flush", &temporary))?;
        fs::rename(&temporary, &path).map_err(at("cannot create", &path))?;
        self.flush()
    }

    /// Makes new names, renames and removals durable.
    fn flush(&self) -> Result<(), Trouble> {
        let directory = File::open(&self.0).map_err(at("cannot open", &self.0))?;
        directory.sync_all().map_err(at("cannot flush", &self.0))
    }
}

impl Tail {
    fn append(&mut self, lines: &str) -> Result<(), Trouble> {
        self.file.write_all(lines.as_bytes()).map_err(at("cannot write", &self.path))?;
        self.file.sync_data().map_err(at("cannot flush", &self.path))
    }

    /// Takes back what was appended.
    fn undo(&self) {
        if let Err(error) = self.file.set_len(self.end) {
            tracing::warn!(
                path = %self.path.display(),
                error = &error as &dyn std::error::Error,
                "events of a batch that failed may stand in the file twice"
            );
        }
    }
}

/// The bytes up to the end of the last whole line.
fn whole_lines(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    &bytes[..end]
}

/// Cuts off the beginning of a line that a killed process left: nobody was told that its event is stored.
/// Returns where the file ends now. Only for who holds the lock.
fn cut_torn_line(path: &Path, file: &File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let mut last = *b"\n";
    if length > 0 {
        file.read_exact_at(&mut last, length - 1)?;
    }
    if last == *b"\n" {
        return Ok(length);
    }
    let end = whole_lines(&fs::read(path)?).len() as u64;
    file.set_len(end)?;
    tracing::warn!(path = %path.display(), bytes = length - end, "cut off a line that was not written to its end");
    Ok(end)
}
