use super::search::{BLOCK, SortedFile, entry};
use crate::FileFault;

/// How many blocks are looked at, from the beginning to the end in equal steps.
const SAMPLES: u64 = 256;

/// What was looked at so far.
#[derive(Default)]
struct Checked {
    /// The beginning of the line after the last one that was looked at.
    until: u64,
    /// The hash of that last one.
    hash: Vec<u8>,
}

impl SortedFile {
    /// Whether the samples, the first and the last line among them, are hashes in ascending order.
    pub(super) fn check(&self) -> Result<(), FileFault> {
        if self.length == 0 {
            return Err(FileFault::Empty);
        }
        let last = self.length.saturating_sub(BLOCK);
        let mut checked = Checked::default();
        for sample in 0..SAMPLES {
            let from = last / (SAMPLES - 1) * sample;
            self.check_block(from, &mut checked)?;
        }
        self.check_block(last, &mut checked)
    }

    /// The lines that begin in the block, but for those that were looked at already.
    fn check_block(&self, from: u64, checked: &mut Checked) -> Result<(), FileFault> {
        let from = from.max(checked.until);
        let until = self.length.min(from + BLOCK);
        let block = self.read(from, until)?;
        let (mut at, mut lines) = (from, block.split_inclusive(|byte| *byte == b'\n'));
        if from > checked.until {
            // The rest of a line that begins before.
            at += lines.next().map_or(0, |rest| rest.len() as u64);
        }
        for line in lines {
            let is_cut_off = !line.ends_with(b"\n") && until < self.length;
            if is_cut_off && checked.until > from {
                return Ok(());
            }
            let hash = entry(line, at)?.digits();
            if hash < checked.hash {
                return Err(FileFault::NotSorted { at });
            }
            at += line.len() as u64;
            *checked = Checked { until: at, hash };
        }
        // No line has begun in all of the block.
        if checked.until < from { Err(FileFault::NoHash { at: from }) } else { Ok(()) }
    }
}
