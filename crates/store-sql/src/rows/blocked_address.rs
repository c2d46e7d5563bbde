use archon_domain::{BlockedAddress, Instant};
use diesel::prelude::*;

use crate::error::Fault;
use crate::schema::blocked_addresses;
use crate::types::{Id, Ts};

/// A row of `blocked_addresses`.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(
    table_name = blocked_addresses,
    treat_none_as_null = true,
    check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite)
)]
pub(crate) struct BlockRow {
    network: String,
    blocked_since: Ts,
    blocked_until: Ts,
    alert_id: Option<Id>,
    reason: String,
    changed_at: Ts,
}

impl BlockRow {
    /// The row of a block that was changed at `now`.
    pub(crate) fn of(blocked: &BlockedAddress, now: Instant) -> Self {
        Self {
            network: blocked.network.to_string(),
            blocked_since: Ts(blocked.since),
            blocked_until: Ts(blocked.until),
            alert_id: blocked.alert.map(Into::into),
            reason: blocked.reason.clone(),
            changed_at: Ts(now),
        }
    }
}

impl TryFrom<BlockRow> for BlockedAddress {
    type Error = Fault;

    fn try_from(row: BlockRow) -> Result<Self, Fault> {
        Ok(Self {
            network: row.network.parse().map_err(Fault::corrupt)?,
            since: row.blocked_since.into(),
            until: row.blocked_until.into(),
            alert: row.alert_id.map(Into::into),
            reason: row.reason,
        })
    }
}
