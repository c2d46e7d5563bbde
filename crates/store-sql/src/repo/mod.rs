//! The ports, one file each. Queries stand here once, with no engine's name in them.

mod alerts;
mod blocklist;
mod credentials;
pub(crate) mod directory;
mod events;
mod identities;
mod keys;
mod outbox;
mod revocations;
mod sessions;
mod tries;
mod users;

use crate::error::Fault;

/// Rows as what the domain speaks of.
fn read_all<R, D: TryFrom<R, Error = Fault>>(rows: Vec<R>) -> Result<Vec<D>, Fault> {
    rows.into_iter().map(D::try_from).collect()
}

/// A row, if there is one, as what the domain speaks of.
fn read_one<R, D: TryFrom<R, Error = Fault>>(row: Option<R>) -> Result<Option<D>, Fault> {
    row.map(D::try_from).transpose()
}

/// The number of rows that a statement touched.
fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}
