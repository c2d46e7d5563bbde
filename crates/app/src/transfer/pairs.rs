use std::cmp::Ordering;
use std::collections::VecDeque;

use archon_domain::StoreError;
use archon_domain::archive::{Record, RecordKey, Table};
use archon_domain::ports::Archive;

use super::{Part, Side, key_records};

/// How many records are read, and written, at once.
pub(super) const PAGE: u32 = 1000;

/// Two stores side by side, in the order of the keys.
pub(super) struct Pairs<'a> {
    source: Cursor<'a>,
    target: Cursor<'a>,
}

/// What one of the stores or both hold under a key.
pub(super) enum Pair {
    /// Only the source has it.
    Source(Record),
    /// Only the target has it.
    Target(Record),
    /// Both have it, the source's first.
    Both(Record, Record),
}

impl<'a> Pairs<'a> {
    pub(super) async fn of(source: &'a Side, target: &'a Side, part: Part) -> Result<Self, StoreError> {
        let (source, target) = tokio::try_join!(Cursor::of(source, part), Cursor::of(target, part))?;
        Ok(Self { source, target })
    }

    /// The next pair; `None` at the end of both.
    pub(super) async fn next(&mut self) -> Result<Option<Pair>, StoreError> {
        if self.source.is_empty() || self.target.is_empty() {
            // Side by side: the two stores need not wait for each other.
            tokio::try_join!(self.source.fill(), self.target.fill())?;
        }
        let order = match (self.source.page.front(), self.target.page.front()) {
            (Some(ours), Some(theirs)) => ours.order().cmp(theirs.order()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return Ok(None),
        };
        Ok(match order {
            Ordering::Less => self.source.page.pop_front().map(Pair::Source),
            Ordering::Greater => self.target.page.pop_front().map(Pair::Target),
            Ordering::Equal => {
                let both = self.source.page.pop_front().zip(self.target.page.pop_front());
                both.map(|(ours, theirs)| Pair::Both(ours, theirs))
            }
        })
    }
}

/// A part of one store, read page by page.
struct Cursor<'a> {
    page: VecDeque<Record>,
    /// Where further pages come from; `None` when there is none.
    more: Option<(&'a dyn Archive, Table)>,
    last: Option<RecordKey>,
}

impl<'a> Cursor<'a> {
    async fn of(side: &'a Side, part: Part) -> Result<Self, StoreError> {
        Ok(match part {
            Part::Keys => Self { page: key_records(&side.keys.load().await?).into(), more: None, last: None },
            Part::Table(table) => {
                Self { page: VecDeque::new(), more: Some((&*side.archive, table)), last: None }
            }
        })
    }

    /// Whether a page must be read before it is known what comes next.
    fn is_empty(&self) -> bool {
        self.page.is_empty() && self.more.is_some()
    }

    /// Reads the next page when nothing is left of the last one.
    async fn fill(&mut self) -> Result<(), StoreError> {
        let Some((archive, table)) = self.more.filter(|_| self.page.is_empty()) else { return Ok(()) };
        let page = archive.page(table, self.last.as_ref(), PAGE).await?;
        match page.last() {
            Some(last) => self.last = Some(last.key()),
            None => self.more = None,
        }
        self.page = page.into();
        Ok(())
    }
}
