//! Events and the ends of their chain, of which some things are not as in other tables.

use std::collections::HashMap;

use archon_domain::archive::{FieldValue as _, Record, RecordKey, Refusal, RefusalReason};
use archon_domain::{EventId, StoreError};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::columns::{bytewise, key};
use super::put::Put as _;
use super::rows::{EndRecord, EventRecord};
use crate::SqlStore;
use crate::db::{on_db, write_tx};
use crate::schema::{event_chain, security_events};
use crate::types::Id;

/// Stores events but those whose place in the chain another event has.
pub(super) async fn put(store: &SqlStore, records: Vec<Record>) -> Result<Vec<Refusal>, StoreError> {
    write_tx!(store, "store records", |c| {
        let rows = EventRecord::all(records)?;
        let places: Vec<i64> = rows.iter().filter_map(|row| row.sequence).collect();
        let held = security_events::table
            .filter(security_events::sequence.eq_any(places))
            .select((security_events::sequence, security_events::id))
            .load::<(Option<i64>, Id)>(c)
            .await?;
        let (rows, refused) = free_places(rows, &held.into_iter().collect());
        EventRecord::put(rows, c).await?;
        Ok(refused)
    })
}

/// Takes the events apart whose place is `held` by another.
fn free_places(rows: Vec<EventRecord>, held: &HashMap<Option<i64>, Id>) -> (Vec<EventRecord>, Vec<Refusal>) {
    let mut refused = Vec::new();
    let mut is_free = |row: &EventRecord| match held.get(&row.sequence) {
        Some(holder) if *holder != row.id => {
            let key = RecordKey::from(vec![row.id.into_field()]);
            let reason = RefusalReason::PlaceTaken { by: EventId::from(*holder) };
            refused.push(Refusal { key, reason });
            false
        }
        _ => true,
    };
    let rows = rows.into_iter().filter(|row| is_free(row)).collect();
    (rows, refused)
}

/// An end where every chain begins says nothing, and is no record.
pub(super) async fn count_ends(store: &SqlStore) -> Result<i64, StoreError> {
    on_db!(store, "count records", |c| {
        let ends = event_chain::table.filter(event_chain::sequence.gt(0)).count();
        Ok(ends.get_result::<i64>(c).await?)
    })
}

/// The same for a page.
pub(super) async fn page_of_ends(
    store: &SqlStore,
    after: Option<&RecordKey>,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    let after = key!(after; name: String);
    on_db!(store, "read a page of records", |c| {
        let mut page = event_chain::table
            .filter(event_chain::sequence.gt(0))
            .order(bytewise(event_chain::name))
            .limit(limit)
            .select(EndRecord::as_select())
            .into_boxed();
        if let Some((after,)) = after {
            page = page.filter(bytewise(event_chain::name).gt(after));
        }
        Ok(page.load(c).await?.into_iter().map(Record::from).collect())
    })
}
