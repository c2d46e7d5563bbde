//! The blocking half of the log: one file per day, which grows by whole lines.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use archon_domain::archive::Record;
use archon_domain::{ChainEnds, ChainLink, EventCursor, EventFilter, EventId, Instant, SecurityEvent};
use chrono::NaiveDate;

use crate::line;
use crate::trouble::{Trouble, at};

/// How the names of files with events end; before that stands their day.
const SUFFIX: &str = ".jsonl";

/// Where the last event that was forgotten is noted.
const ANCHOR: &str = ".anchor";

/// The directory and the files in it.
#[derive(Debug, Clone)]
pub(crate) struct Directory(PathBuf);

/// A line of a file, and what it says.
pub(crate) struct Stored {
    line: String,
    pub(crate) event: SecurityEvent,
    pub(crate) link: ChainLink,
}

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

    /// Appends events to the chain: all of them, or none when it fails. Those that are there already are passed over.
    pub(crate) fn append(&self, events: Vec<SecurityEvent>) -> Result<(), Trouble> {
        let _lock = self.lock()?;
        let days = self.days()?;
        let lately = self.read_all(&days[days.len().saturating_sub(2)..])?;
        let mut present: HashSet<EventId> = lately.iter().map(|stored| stored.event.id).collect();
        let mut head = lately.last().map_or_else(|| self.anchor(), |latest| Ok(latest.link))?;
        let (mut lines, mut day) = (String::new(), days.last().copied());
        for event in events.into_iter().filter(|event| present.insert(event.id)) {
            if lines.is_empty() {
                // Never behind the last file: the order of the lines is the order of the chain.
                day = day.max(Some(event.at.date_naive()));
            }
            head = head.next(&Record::from(&event));
            lines += &line::write(&event, head)?;
        }
        match day.filter(|_| !lines.is_empty()) {
            Some(day) => self.append_lines(day, &lines),
            None => Ok(()),
        }
    }

    fn append_lines(&self, day: NaiveDate, lines: &str) -> Result<(), Trouble> {
        let mut tail = self.tail(day)?;
        let is_new = tail.end == 0;
        let durable = tail.append(lines).and_then(|()| if is_new { self.flush() } else { Ok(()) });
        if durable.is_err() {
            // Who is told that nothing was stored comes again with the same events.
            tail.undo();
        }
        durable
    }

    /// The chain in its order, behind what was forgotten.
    pub(crate) fn chain(&self) -> Result<Vec<Stored>, Trouble> {
        let anchor = self.anchor()?.sequence;
        let mut chain = self.read_all(&self.days()?)?;
        chain.retain(|stored| stored.link.sequence > anchor);
        Ok(chain)
    }

    /// The latest events that a filter admits, newest first, of those behind `after`.
    pub(crate) fn search(
        &self,
        filter: &EventFilter,
        after: Option<EventCursor>,
        limit: usize,
    ) -> Result<Vec<SecurityEvent>, Trouble> {
        let is_behind = |event: &SecurityEvent| after.is_none_or(|after| EventCursor::from(event) < after);
        let events = self.chain()?.into_iter().map(|stored| stored.event);
        let mut found: Vec<_> = events.filter(|event| filter.admits(event) && is_behind(event)).collect();
        found.sort_by_key(|event| Reverse(EventCursor::from(event)));
        found.truncate(limit);
        Ok(found)
    }

    /// Where the chain is held. Its head is its last line, so that a log whose end was cut off shows it only to
    /// who has noted a head elsewhere.
    pub(crate) fn ends(&self) -> Result<ChainEnds, Trouble> {
        let anchor = self.anchor()?;
        let head = self.chain()?.last().map_or(anchor, |latest| latest.link);
        Ok(ChainEnds { anchor, head, outside: 0 })
    }

    /// Forgets events from before `before` in front of the first that is younger; returns how many.
    pub(crate) fn purge(&self, before: Instant) -> Result<u64, Trouble> {
        let _lock = self.lock()?;
        let anchor = self.anchor()?;
        let is_over = |stored: &&Stored| stored.link.sequence <= anchor.sequence || stored.event.at < before;
        let (mut last, mut over, mut cut) = (anchor, Vec::new(), None);
        for day in self.days()? {
            let mut stored = self.read(day)?;
            let kept = stored.split_off(stored.iter().take_while(is_over).count());
            last = stored.last().map_or(last, |stored| stored.link);
            if !kept.is_empty() {
                cut = Some((day, kept)).filter(|_| !stored.is_empty());
                break;
            }
            over.push(day);
        }
        // First of all, so that a kill leaves lines that nobody reads, and no gap.
        self.write(ANCHOR, &last.to_string())?;
        over.into_iter().try_for_each(|day| self.remove(day))?;
        if let Some((day, kept)) = cut {
            let lines: String = kept.into_iter().map(|stored| stored.line + "\n").collect();
            self.write(&format!("{day}{SUFFIX}"), &lines)?;
        }
        Ok(last.sequence - anchor.sequence)
    }

    /// The last event that was forgotten.
    fn anchor(&self) -> Result<ChainLink, Trouble> {
        let path = self.0.join(ANCHOR);
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(ChainLink::before_the_first()),
            text => {
                let text = text.map_err(at("cannot read", &path))?;
                let unreadable =
                    |reason: &str| Trouble::Unreadable { path, line: 1, reason: reason.to_owned() };
                text.parse().map_err(unreadable)
            }
        }
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

    /// The whole lines of a day. A line without an end is still being written, or never will be; only who holds
    /// the lock can tell.
    fn read(&self, day: NaiveDate) -> Result<Vec<Stored>, Trouble> {
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
            let (event, link) = line::read(text).map_err(unreadable)?;
            Ok(Stored { line: text.trim_end().to_owned(), event, link })
        });
        read.collect()
    }

    /// The lines of several days.
    fn read_all(&self, days: &[NaiveDate]) -> Result<Vec<Stored>, Trouble> {
        let read: Result<Vec<_>, _> = days.iter().map(|day| self.read(*day)).collect();
        Ok(read?.into_iter().flatten().collect())
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

    /// Writes a file whole: under another name, flushed to disk, renamed, the directory flushed.
    fn write(&self, name: &str, text: &str) -> Result<(), Trouble> {
        let (path, temporary) = (self.0.join(name), self.0.join(".new"));
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(true).write(true).mode(0o600).open(&temporary);
        let mut file = file.map_err(at("cannot create", &temporary))?;
        file.write_all(text.as_bytes()).map_err(at("cannot write", &temporary))?;
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
                "the lines of a batch that failed may stand in the file"
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
