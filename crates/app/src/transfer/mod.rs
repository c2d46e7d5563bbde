//! Moves what one durable store holds to another, and holds two stores against each other.
//!
//! Both walk through the two stores side by side, in the order of the keys, a page at a time. So memory is
//! bounded, and a copy writes only what the target lacks or holds otherwise: one that was killed goes on
//! where it was by reading past what is there already, and needs no memory of its own of how far it got.

mod copy;
mod pairs;
mod verify;

use std::fmt;
use std::sync::Arc;

use archon_domain::archive::{Layout, Record, SIGNING_KEYS, Table};
use archon_domain::ports::{Archive, KeyStore};
use archon_domain::{SigningKey, StoreError};

pub use copy::{Conflict, Copied, Copier};
pub use verify::{Content, Difference, DifferenceKind, Verified, verify};

/// One of the two stores.
#[derive(Clone)]
pub struct Side {
    /// Everything but the signing keys.
    pub archive: Arc<dyn Archive>,
    /// The signing keys.
    pub keys: Arc<dyn KeyStore>,
}

/// A part of what a store holds; moved and compared by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The signing keys.
    Keys,
    /// A table.
    Table(Table),
}

impl Part {
    /// Every part, in the order in which they can be moved.
    pub fn all() -> impl Iterator<Item = Self> {
        std::iter::once(Self::Keys).chain(Table::ALL.into_iter().map(Self::Table))
    }

    fn layout(self) -> &'static Layout {
        match self {
            Self::Keys => &SIGNING_KEYS,
            Self::Table(table) => table.layout(),
        }
    }

    /// What the part is called.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.layout().name
    }
}

impl fmt::Display for Part {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl Side {
    /// How many records a part holds.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn count(&self, part: Part) -> Result<u64, StoreError> {
        match part {
            Part::Keys => Ok(self.keys.load().await?.len() as u64),
            Part::Table(table) => self.archive.count(table).await,
        }
    }
}

/// Hears how many records of the source were dealt with since it was last told.
pub type Progress<'a> = &'a (dyn Fn(u64) + Send + Sync);

/// Keys as records, in the order of their ids.
fn key_records(keys: &[SigningKey]) -> Vec<Record> {
    let mut records: Vec<Record> = keys.iter().map(Record::from).collect();
    records.sort_by(|a, b| a.order().cmp(b.order()));
    records
}
