use std::collections::HashSet;

use archon_domain::archive::{Record, RecordKey, Refusal, RefusalReason, Table};
use archon_domain::{StoreError, UserId};

use super::pairs::{PAGE, Pair, Pairs};
use super::{Part, Progress, Side};

/// Brings what a target holds to what a source holds, part by part; takes nothing away.
pub struct Copier {
    source: Side,
    target: Side,
    /// Users of the source whom the target did not take.
    missing: HashSet<UserId>,
    /// Whether the target has a chain of events of its own: events of the source are copied without their places.
    other_chain: bool,
}

/// What became of a part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// Records of the source.
    pub rows: u64,
    /// Those that the target did not have.
    pub added: u64,
    /// Those that the target held otherwise.
    pub changed: u64,
    /// Those that the target had already.
    pub unchanged: u64,
    /// Records that only the target has; they stay.
    pub only_in_target: u64,
    /// Records that were left out since the target does not have their user.
    pub left_out: u64,
    /// Security events that were copied without their places in the chain, since other events have these.
    pub unchained: u64,
    /// Users that were left out, and why.
    pub conflicts: Vec<Conflict>,
}

/// A user of the source whose address another user has in the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conflict {
    /// The source's user.
    pub source: UserId,
    /// The target's.
    pub target: UserId,
}

/// Records on their way, and which of them take the place of others.
#[derive(Default)]
struct Batch {
    records: Vec<Record>,
    replacing: HashSet<RecordKey>,
}

impl Copied {
    /// Whether everything of the source is in the target.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.left_out == 0 && self.conflicts.is_empty()
    }
}

impl Copier {
    /// A copier that has copied nothing yet.
    #[must_use]
    pub fn new(source: Side, target: Side) -> Self {
        Self { source, target, missing: HashSet::new(), other_chain: false }
    }

    /// Copies one part. The parts must come in the order of [`Part::all`], since some refer to others.
    ///
    /// # Errors
    /// When a store fails; what was copied by then stays, and another try goes on from there.
    pub async fn copy(&mut self, part: Part, progress: Progress<'_>) -> Result<Copied, StoreError> {
        let (source, target) = (self.source.clone(), self.target.clone());
        let mut pairs = Pairs::of(&source, &target, part).await?;
        let mut copied = Copied::default();
        let mut batch = Batch::default();
        let mut told = 0;
        while let Some(pair) = pairs.next().await? {
            self.take(part, pair, &mut batch, &mut copied);
            if batch.records.len() >= PAGE as usize {
                self.store(part, std::mem::take(&mut batch), &mut copied).await?;
            }
            if copied.rows - told >= u64::from(PAGE) {
                progress(copied.rows - told);
                told = copied.rows;
            }
        }
        self.store(part, batch, &mut copied).await?;
        progress(copied.rows - told);
        Ok(copied)
    }

    /// Counts a pair, and puts what is to be stored into the batch.
    fn take(&mut self, part: Part, pair: Pair, batch: &mut Batch, copied: &mut Copied) {
        match pair {
            Pair::Target(_) => copied.only_in_target += 1,
            Pair::Both(ours, theirs) if self.is_there(part, &ours, &theirs) => {
                copied.rows += 1;
                copied.unchanged += 1;
            }
            Pair::Both(ours, _) => {
                copied.rows += 1;
                batch.replacing.insert(ours.key());
                batch.records.push(ours);
            }
            Pair::Source(ours) => {
                copied.rows += 1;
                if ours.owner().is_some_and(|owner| self.missing.contains(&owner)) {
                    copied.left_out += 1;
                } else {
                    batch.records.push(ours);
                }
            }
        }
    }

    /// Whether the target holds a record of the source as far as it can.
    fn is_there(&mut self, part: Part, ours: &Record, theirs: &Record) -> bool {
        match part {
            Part::Table(Table::SecurityEvents) if ours != theirs && *theirs == ours.without_place() => {
                self.other_chain = true;
                true
            }
            // The ends of a chain only move on: the target may have come further by itself.
            Part::Table(Table::EventChain) => theirs.fields()[1] >= ours.fields()[1],
            _ => ours == theirs,
        }
    }

    async fn store(&mut self, part: Part, batch: Batch, copied: &mut Copied) -> Result<(), StoreError> {
        let Batch { records, replacing } = batch;
        if records.is_empty() {
            return Ok(());
        }
        if part == Part::Table(Table::EventChain) && self.other_chain {
            // The ends of one chain do not hold another.
            copied.unchanged += records.len() as u64;
            return Ok(());
        }
        copied.changed += replacing.len() as u64;
        copied.added += (records.len() - replacing.len()) as u64;
        let refused = match part {
            Part::Keys => self.store_keys(&replacing).await?,
            Part::Table(Table::SecurityEvents) => self.store_events(records, &replacing, copied).await?,
            Part::Table(table) => self.target.archive.put(table, records).await?,
        };
        for refusal in refused {
            let replaced = replacing.contains(&refusal.key);
            let count = if replaced { &mut copied.changed } else { &mut copied.added };
            *count -= 1;
            self.leave_out(part, &refusal, replaced, copied);
        }
        Ok(())
    }

    fn leave_out(&mut self, part: Part, refusal: &Refusal, replaced: bool, copied: &mut Copied) {
        match (part, refusal.reason, refusal.key.user()) {
            (Part::Table(Table::Users), RefusalReason::AddressTaken { by }, Some(user)) => {
                copied.conflicts.push(Conflict { source: user, target: by });
                if !replaced {
                    self.missing.insert(user);
                }
            }
            _ => copied.left_out += 1,
        }
    }

    /// Stores events. Where the target has a chain of its own, those that it does not hold come without a place, so
    /// that none is lost and its chain goes on where it is.
    async fn store_events(
        &mut self,
        records: Vec<Record>,
        replacing: &HashSet<RecordKey>,
        copied: &mut Copied,
    ) -> Result<Vec<Refusal>, StoreError> {
        let archive = &self.target.archive;
        let (changed, fresh): (Vec<_>, Vec<_>) =
            records.into_iter().partition(|record| replacing.contains(&record.key()));
        if !self.other_chain {
            let refused = archive.put(Table::SecurityEvents, fresh.clone()).await?;
            self.other_chain = !refused.is_empty();
        }
        if self.other_chain {
            copied.unchained += fresh.len() as u64;
            let beside = fresh.iter().map(Record::without_place).collect();
            archive.put(Table::SecurityEvents, beside).await?;
        }
        if changed.is_empty() {
            return Ok(Vec::new());
        }
        archive.put(Table::SecurityEvents, changed).await
    }

    /// Stores the keys that the target does not have, or holds otherwise.
    async fn store_keys(&self, replacing: &HashSet<RecordKey>) -> Result<Vec<Refusal>, StoreError> {
        let present = self.target.keys.load().await?;
        for key in self.source.keys.load().await? {
            if present.contains(&key) {
                continue;
            }
            if replacing.contains(&Record::from(&key).key()) {
                self.target.keys.remove(&key.id).await?;
            }
            self.target.keys.add(key).await?;
        }
        Ok(Vec::new())
    }
}
