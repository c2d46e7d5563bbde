use std::collections::HashMap;

use archon_domain::ports::Outbox;
use archon_domain::{Instant, MailId, OutboxCounts, QueuedMail, StoreError};
use async_trait::async_trait;
use diesel::dsl::{count_star, min};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{count, read_all};
use crate::SqlStore;
use crate::db::{on_db, write_one, write_tx};
use crate::error::Fault;
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
            let claimed = diesel::update(mail_outbox::table.filter(mail_outbox::id.eq_any(due.clone())))
                .set((
                    mail_outbox::attempts.eq(mail_outbox::attempts + 1),
                    mail_outbox::next_attempt_at.eq(Ts(lease_until)),
                ))
                .returning(MailRow::as_returning())
                .get_results(c)
                .await?;
            in_order(&due, claimed)
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
        // A mail server may say anything; PostgreSQL keeps any text but NUL.
        let error = error.replace('\0', "\u{fffd}");
        write_one!(self, "postpone mail", |c| {
            diesel::update(mail_outbox::table.find(Id::from(id)))
                .set((
                    mail_outbox::next_attempt_at.eq(next_attempt_at.map(Ts)),
                    mail_outbox::last_error.eq(error),
                ))
                .execute(c)
                .await?;
            Ok(())
        })
    }

    async fn counts(&self) -> Result<OutboxCounts, StoreError> {
        on_db!(self, "count mails", |c| {
            let (pending, oldest) = mail_outbox::table
                .filter(mail_outbox::next_attempt_at.is_not_null())
                .select((count_star(), min(mail_outbox::queued_at)))
                .first::<(i64, Option<Ts>)>(c)
                .await?;
            let failed = mail_outbox::table
                .filter(mail_outbox::next_attempt_at.is_null())
                .count()
                .get_result::<i64>(c)
                .await?;
            Ok(OutboxCounts {
                pending: u64::try_from(pending).unwrap_or(0),
                failed: u64::try_from(failed).unwrap_or(0),
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
        write_one!(self, "retry mails", |c| {
            let again = (mail_outbox::attempts.eq(0), mail_outbox::next_attempt_at.eq(Ts(now)));
            let failed = mail_outbox::table.filter(mail_outbox::next_attempt_at.is_null());
            Ok(count(match id {
                Some(id) => {
                    let one = failed.filter(mail_outbox::id.eq(Id::from(id)));
                    diesel::update(one).set(again).execute(c).await?
                }
                None => diesel::update(failed).set(again).execute(c).await?,
            }))
        })
    }
}

/// Claimed mails as long due as `due` says; a statement returns rows in no order.
fn in_order(due: &[Id], claimed: Vec<MailRow>) -> Result<Vec<QueuedMail>, Fault> {
    let mut by_id: HashMap<Id, MailRow> = claimed.into_iter().map(|row| (row.id, row)).collect();
    read_all(due.iter().filter_map(|id| by_id.remove(id)).collect())
}
