use archon_domain::ports::EventLog;
use archon_domain::{Instant, SecurityEvent, StoreError, UserId};
use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{count, read_all};
use crate::SqlStore;
use crate::db::{on_db, write_one, write_tx};
use crate::rows::EventRow;
use crate::schema::security_events;
use crate::types::{Id, Ts};

#[async_trait]
impl EventLog for SqlStore {
    async fn append(&self, events: Vec<SecurityEvent>) -> Result<(), StoreError> {
        write_tx!(self, "append events", |c| {
            for event in events {
                // Who appends again because the answer was lost finds its events there.
                diesel::insert_into(security_events::table)
                    .values(EventRow::from(event))
                    .on_conflict_do_nothing()
                    .execute(c)
                    .await?;
            }
            Ok(())
        })
    }

    async fn of_user(&self, user: UserId, limit: u32) -> Result<Vec<SecurityEvent>, StoreError> {
        on_db!(self, "list events", |c| {
            let latest = security_events::table
                .filter(security_events::user_id.eq(Id::from(user)))
                .order((security_events::occurred_at.desc(), security_events::id.desc()))
                .limit(i64::from(limit))
                .select(EventRow::as_select());
            read_all(latest.load(c).await?)
        })
    }

    async fn purge(&self, before: Instant) -> Result<u64, StoreError> {
        write_one!(self, "purge events", |c| {
            let old = security_events::table.filter(security_events::occurred_at.lt(Ts(before)));
            Ok(count(diesel::delete(old).execute(c).await?))
        })
    }
}
