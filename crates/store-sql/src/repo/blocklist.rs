use archon_domain::ports::Blocklist;
use archon_domain::{BlockedAddress, ClientNetwork, Instant, StoreError};
use async_trait::async_trait;
use diesel::prelude::*;
use diesel::upsert::excluded;
use diesel_async::RunQueryDsl;

use super::{count, read_all};
use crate::SqlStore;
use crate::db::{on_db, write_one, write_tx};
use crate::rows::BlockRow;
use crate::schema::blocked_addresses;
use crate::types::Ts;

#[async_trait]
impl Blocklist for SqlStore {
    async fn block(&self, blocked: BlockedAddress, now: Instant) -> Result<(), StoreError> {
        write_tx!(self, "block address", |c| {
            // Stores the block, or locks the one that is there and shows it.
            let stored: BlockedAddress = diesel::insert_into(blocked_addresses::table)
                .values(BlockRow::of(&blocked, now))
                .on_conflict(blocked_addresses::network)
                .do_update()
                .set(blocked_addresses::network.eq(excluded(blocked_addresses::network)))
                .returning(BlockRow::as_returning())
                .get_result(c)
                .await?
                .try_into()?;
            let joined = stored.clone().joined(blocked, now);
            if joined != stored {
                let row = BlockRow::of(&joined, now);
                let former = blocked_addresses::table.find(joined.network.to_string());
                diesel::update(former).set(row).execute(c).await?;
            }
            Ok(())
        })
    }

    async fn lift(&self, network: ClientNetwork, now: Instant) -> Result<bool, StoreError> {
        let (network, now) = (network.to_string(), Ts(now));
        write_one!(self, "lift block", |c| {
            let held =
                blocked_addresses::table.find(network).filter(blocked_addresses::blocked_until.gt(now));
            let over = (blocked_addresses::blocked_until.eq(now), blocked_addresses::changed_at.eq(now));
            Ok(diesel::update(held).set(over).execute(c).await? > 0)
        })
    }

    async fn blocked(&self, now: Instant, limit: u32) -> Result<Vec<BlockedAddress>, StoreError> {
        on_db!(self, "list blocked addresses", |c| {
            let held = blocked_addresses::table
                .filter(blocked_addresses::blocked_until.gt(Ts(now)))
                .order((blocked_addresses::blocked_since.desc(), blocked_addresses::network))
                .limit(i64::from(limit))
                .select(BlockRow::as_select());
            read_all(held.load(c).await?)
        })
    }

    async fn blocks_changed_since(&self, since: Instant) -> Result<Vec<BlockedAddress>, StoreError> {
        on_db!(self, "list changed blocks", |c| {
            let changed = blocked_addresses::table
                .filter(blocked_addresses::changed_at.ge(Ts(since)))
                .select(BlockRow::as_select());
            read_all(changed.load(c).await?)
        })
    }

    async fn purge_blocks(&self, before: Instant) -> Result<u64, StoreError> {
        write_one!(self, "purge blocks", |c| {
            let over = blocked_addresses::table.filter(blocked_addresses::blocked_until.lt(Ts(before)));
            Ok(count(diesel::delete(over).execute(c).await?))
        })
    }
}
