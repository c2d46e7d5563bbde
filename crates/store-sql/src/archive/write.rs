//! What stands between records and their tables: who may be stored beside what is there.

use std::collections::{HashMap, HashSet};

use archon_domain::UserId;
use archon_domain::archive::{FieldValue as _, Record, RecordKey, Refusal, RefusalReason};

use super::rows::UserRecord;
use crate::types::Id;

/// Which of the owners of records are there.
macro_rules! known_users {
    ($connection:ident, $records:expr) => {{
        let owners: std::collections::HashSet<archon_domain::UserId> =
            $records.iter().filter_map(archon_domain::archive::Record::owner).collect();
        let owners: Vec<$crate::types::Id> = owners.into_iter().map($crate::types::Id::from).collect();
        let known = $crate::schema::users::table
            .filter($crate::schema::users::id.eq_any(owners))
            .select($crate::schema::users::id)
            .load::<$crate::types::Id>($connection)
            .await?;
        known.into_iter().map(archon_domain::UserId::from).collect::<std::collections::HashSet<_>>()
    }};
}

pub(super) use known_users;

/// Takes the records of users who are there apart from the others.
pub(super) fn by_owner(records: Vec<Record>, known: &HashSet<UserId>) -> (Vec<Record>, Vec<Refusal>) {
    let mut kept = Vec::with_capacity(records.len());
    let mut refused = Vec::new();
    for record in records {
        match record.owner() {
            Some(owner) if !known.contains(&owner) => {
                refused.push(Refusal { key: record.key(), reason: RefusalReason::NoSuchUser(owner) });
            }
            _ => kept.push(record),
        }
    }
    (kept, refused)
}

/// Takes the users apart whose address is `held` by somebody else, in the database or among themselves.
pub(super) fn free_addresses(
    rows: Vec<UserRecord>,
    mut held: HashMap<String, Id>,
) -> (Vec<UserRecord>, Vec<Refusal>) {
    let mut kept = Vec::with_capacity(rows.len());
    let mut refused = Vec::new();
    for row in rows {
        let holder = *held.entry(row.email_key.clone()).or_insert(row.id);
        if holder == row.id {
            kept.push(row);
        } else {
            let key = RecordKey::from(vec![row.id.into_field()]);
            let reason = RefusalReason::AddressTaken { by: UserId::from(holder) };
            refused.push(Refusal { key, reason });
        }
    }
    (kept, refused)
}
