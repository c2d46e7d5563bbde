use archon_domain::ports::Outbox;
use archon_domain::{Instant, MailId, OutboxCounts, QueuedMail, StoreError};
use async_trait::async_trait;
use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::read_all;
use super::tries::{claim, count_failed, postpone, retry, writable};
use crate::SqlStore;
use crate::db::{on_db, write_one, write_tx};
use crate::rows::MailRow;
use crate::schema::mail_outbox;
use crate::types::{Id, Ts};

#[async_trait]
impl Outbox for SqlStore {
    async fn queue(&self, mail: QueuedMail) -> Result<(), StoreError> {
        write_one!(self, "queue mail", |c| {
            diesel::insert_into(mail_outbox::table).values(MailRow::try_from(&mail)?).execute(c).await?;
            Ok(())
        })
    }

    async fn claim(
        &self,
        limit: u32,
        lease_until: Instant,
        now: Instant,
    ) -> Result<Vec<QueuedMail>, StoreError> {
        write_tx!(self, "claim mails", |c| {
            let due = engine::due_mails(c, Ts(now), i64::from(limit)).await?;
            claim!(c, mail_outbox as MailRow, due, lease_until)
        })
    }

    async fn sent(&self, id: MailId) -> Result<(), StoreError> {
        write_one!(self, "forget sent mail", |c| {
            diesel::delete(mail_outbox::table.find(Id::from(id))).execute(c).await?;
            Ok(())
        })
    }

    async fn postpone(
        &self,
        id: MailId,
        next_attempt_at: Option<Instant>,
        error: &str,
    ) -> Result<(), StoreError> {
        let error = writable(error);
        write_one!(self, "postpone mail", |c| Ok(postpone!(c, mail_outbox, id, next_attempt_at, error)?))
    }

    async fn counts(&self) -> Result<OutboxCounts, StoreError> {
        on_db!(self, "count mails", |c| {
            let (pending, oldest) = mail_outbox::table
                .filter(mail_outbox::next_attempt_at.is_not_null())
                .select((count_star(), min(mail_outbox::queued_at)))
                .first::<(i64, Option<Ts>)>(c)
                .await?;
            Ok(OutboxCounts {
                pending: u64::try_from(pending).unwrap_or(0),
                failed: count_failed!(c, mail_outbox),
                oldest_pending: oldest.map(Instant::from),
            })
        })
    }

    async fn pending(&self, limit: u32) -> Result<Vec<QueuedMail>, StoreError> {
        on_db!(self, "list pending mails", |c| {
            let pending = mail_outbox::table
                .filter(mail_outbox::next_attempt_at.is_not_null())
                .order((mail_outbox::next_attempt_at.asc(), mail_outbox::id.asc()))
                .limit(i64::from(limit))
                .select(MailRow::as_select());
            read_all(pending.load(c).await?)
        })
    }

    async fn failed(&self, limit: u32) -> Result<Vec<QueuedMail>, StoreError> {
        on_db!(self, "list failed mails", |c| {
            let failed = mail_outbox::table
                .filter(mail_outbox::next_attempt_at.is_null())
                .order((mail_outbox::queued_at.desc(), mail_outbox::id.desc()))
                .limit(i64::from(limit))
                .select(MailRow::as_select());
            read_all(failed.load(c).await?)
        })
    }

    async fn retry(&self, id: Option<MailId>, now: Instant) -> Result<u64, StoreError> {
        write_one!(self, "retry mails", |c| Ok(retry!(c, mail_outbox, id, now)))
    }
}
