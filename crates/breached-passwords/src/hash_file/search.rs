use std::cmp::Ordering;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::FileFault;
use crate::digest::Digest;
use crate::entry::Entry;

/// The most bytes that are read at a time: a page of most systems.
pub(super) const BLOCK: u64 = 4096;

/// Enough for the rest of a line and the whole of the next, wherever it begins.
const PROBE: u64 = 2 * Entry::longest(Digest::DIGITS) as u64;

/// An open file whose lines are sorted by their hash.
pub(super) struct SortedFile {
    file: File,
    /// In bytes, when it was opened; what is added later is not looked at.
    pub(super) length: u64,
}

impl SortedFile {
    pub(super) fn open(path: &Path) -> Result<Self, FileFault> {
        // Before it is opened: a pipe would wait for its writer.
        if !fs::metadata(path)?.is_file() {
            return Err(FileFault::NotAFile);
        }
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { file, length })
    }

    /// Whether the file names the hash.
    pub(super) fn contains(&self, digest: &Digest) -> Result<bool, FileFault> {
        // Both are beginnings of lines, or the end of the file, and the hash is nowhere else.
        let (mut low, mut high) = (0, self.length);
        while high - low > BLOCK {
            let middle = low + (high - low) / 2;
            let probe = self.read(middle, middle + PROBE)?;
            let (offset, line) = first_whole_line(&probe).ok_or(FileFault::NoHash { at: middle })?;
            let at = middle + offset;
            match entry(line, at)?.compare(digest.whole()) {
                Ordering::Less => low = at,
                Ordering::Equal | Ordering::Greater => high = at + line.len() as u64,
            }
        }
        let mut at = low;
        for line in self.read(low, high)?.split_inclusive(|byte| *byte == b'\n') {
            if entry(line, at)?.names(digest.whole()) {
                return Ok(true);
            }
            at += line.len() as u64;
        }
        Ok(false)
    }

    /// The bytes from one place to another.
    pub(super) fn read(&self, from: u64, until: u64) -> Result<Vec<u8>, FileFault> {
        let length = usize::try_from(until - from).map_err(io::Error::other)?;
        let mut bytes = vec![0; length];
        match self.file.read_exact_at(&mut bytes, from) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(FileFault::Shorter),
            Err(error) => Err(error.into()),
        }
    }
}

/// The line that begins at a place of the file.
pub(super) fn entry(line: &[u8], at: u64) -> Result<Entry<'_>, FileFault> {
    Entry::read(line, Digest::DIGITS).ok_or(FileFault::NoHash { at })
}

/// The first line that begins and ends in the bytes, and where.
fn first_whole_line(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
    let rest_of_another = lines.next()?;
    let line = lines.next().filter(|line| line.ends_with(b"\n"))?;
    Some((rest_of_another.len() as u64, line))
}
