use archon_domain::StoreError;
use archon_domain::archive::{Record, RecordKey, TableDigest};

use super::pairs::{PAGE, Pair, Pairs};
use super::{Part, Progress, Side};

/// How a part compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What the source holds.
    pub source: Content,
    /// What the target holds.
    pub target: Content,
    /// How many keys the two differ in.
    pub differing: u64,
    /// The first of them.
    pub differences: Vec<Difference>,
}

/// What a store holds of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// How many records.
    pub rows: u64,
    /// Their SHA-256 in hexadecimal digits; equal where the records are.
    pub digest: String,
}

/// A key in which two stores differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The key.
    pub key: RecordKey,
    /// How.
    pub kind: DifferenceKind,
}

/// How two stores differ in a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DifferenceKind {
    /// Only the source has it.
    OnlyInSource,
    /// Only the target has it.
    OnlyInTarget,
    /// Both have it, with other values in these fields.
    Fields(Vec<&'static str>),
}

/// How many differences of a part are named.
const NAMED: usize = 10;

#[derive(Default)]
struct Counter {
    rows: u64,
    digest: TableDigest,
}

impl Counter {
    fn add(&mut self, record: &Record) {
        self.rows += 1;
        self.digest.add(record);
    }

    fn content(self) -> Content {
        Content { rows: self.rows, digest: self.digest.finish() }
    }
}

impl Verified {
    /// Whether both hold the same.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.differing == 0 && self.source == self.target
    }
}

/// Compares what two stores hold of a part.
///
/// # Errors
/// When a store cannot be read.
pub async fn verify(
    source: &Side,
    target: &Side,
    part: Part,
    progress: Progress<'_>,
) -> Result<Verified, StoreError> {
    let mut pairs = Pairs::of(source, target, part).await?;
    let (mut ours, mut theirs) = (Counter::default(), Counter::default());
    let (mut differing, mut differences) = (0, Vec::new());
    let mut told = 0;
    while let Some(pair) = pairs.next().await? {
        if let Some(difference) = take(&pair, &mut ours, &mut theirs) {
            differing += 1;
            if differences.len() < NAMED {
                differences.push(difference);
            }
        }
        if ours.rows - told >= u64::from(PAGE) {
            progress(ours.rows - told);
            told = ours.rows;
        }
    }
    progress(ours.rows - told);
    Ok(Verified { source: ours.content(), target: theirs.content(), differing, differences })
}

/// Takes a pair into both contents; how the two differ.
fn take(pair: &Pair, ours: &mut Counter, theirs: &mut Counter) -> Option<Difference> {
    let (key, kind) = match pair {
        Pair::Source(record) => {
            ours.add(record);
            (record.key(), DifferenceKind::OnlyInSource)
        }
        Pair::Target(record) => {
            theirs.add(record);
            (record.key(), DifferenceKind::OnlyInTarget)
        }
        Pair::Both(mine, other) => {
            ours.add(mine);
            theirs.add(other);
            if mine == other {
                return None;
            }
            (mine.key(), DifferenceKind::Fields(mine.differing_fields(other)))
        }
    };
    Some(Difference { key, kind })
}
