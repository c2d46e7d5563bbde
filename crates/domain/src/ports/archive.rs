use async_trait::async_trait;

use crate::StoreError;
use crate::archive::{Record, RecordKey, Refusal, Table};

/// Gives and takes everything that a durable store holds, so that it can be moved to another store.
///
/// Signing keys are apart: they are moved from one [`super::KeyStore`] to another.
#[async_trait]
pub trait Archive: Send + Sync {
    /// How many records a table holds.
    ///
    /// # Contract
    /// - MUST count every record of the table.
    async fn count(&self, table: Table) -> Result<u64, StoreError>;

    /// The records of a table in the order of their keys, compared byte by byte: at most `limit`, of those
    /// that come after `after`.
    ///
    /// # Contract
    /// - MUST give every record once, in the order of the keys, however small the pages.
    /// - MUST give what the other ports have stored, to the letter.
    async fn page(
        &self,
        table: Table,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError>;

    /// Stores records of a table, each in the place of the one with its key, if there is one; names those that
    /// cannot be stored beside what is there.
    ///
    /// # Contract
    /// - MUST store every field as it was given, so that the other ports find it.
    /// - MUST put a record in the place of the one with its key, and leave all others alone.
    /// - MUST keep the order of a user's password hashes.
    /// - MUST refuse a user whose address another user has, name that one, and store the others.
    /// - MUST refuse what belongs to a user who is not there, and store the others.
    /// - MUST refuse an event whose place in the chain another event has, name that one, and store the others.
    async fn put(&self, table: Table, records: Vec<Record>) -> Result<Vec<Refusal>, StoreError>;
}
