use std::collections::HashSet;

use archon_domain::archive::{ChainEndName, Record, StoredEvent};
use archon_domain::ports::EventLog;
use archon_domain::{
    ChainEnds, ChainEntry, ChainLink, EventCursor, EventFilter, EventKind, EventTally, Instant,
    SecurityEvent, Span, StoreError, UserId,
};
use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{count, read_all};
use crate::SqlStore;
use crate::archive::{EventRecord, Put as _};
use crate::db::{on_db, write_tx};
use crate::error::Fault;
use crate::rows::{EventRow, LinkRow};
use crate::schema::{event_chain, security_events};
use crate::types::{Id, Ts};

const ANCHOR: &str = ChainEndName::Anchor.as_str();
const HEAD: &str = ChainEndName::Head.as_str();

/// Moves an end of the chain, inside a transaction.
macro_rules! move_end {
    ($connection:ident, $name:expr, $link:expr) => {
        diesel::update(event_chain::table.find($name)).set(LinkRow::from($link)).execute($connection).await?
    };
}

#[async_trait]
impl EventLog for SqlStore {
    async fn append(&self, events: Vec<SecurityEvent>) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        write_tx!(self, "append events", |c| {
            // Whoever appends waits here for whoever appends: the chain is one.
            let mut head = engine::lock_chain(c, HEAD).await?.try_into()?;
            for batch in batches(events) {
                // Who appends again because the answer was lost finds its events there.
                let ids: Vec<Id> = batch.iter().map(|event| Id::from(event.id)).collect();
                let present = security_events::table
                    .filter(security_events::id.eq_any(ids))
                    .select(security_events::id)
                    .load::<Id>(c)
                    .await?;
                let rows = chained(batch, present, &mut head)?;
                if !rows.is_empty() {
                    EventRecord::put(rows, c).await?;
                }
            }
            move_end!(c, HEAD, head);
            Ok(())
        })
    }

    async fn of_user(&self, user: UserId, limit: u32) -> Result<Vec<SecurityEvent>, StoreError> {
        self.search(&EventFilter { user: Some(user), ..EventFilter::default() }, None, limit).await
    }

    async fn search(
        &self,
        filter: &EventFilter,
        after: Option<EventCursor>,
        limit: u32,
    ) -> Result<Vec<SecurityEvent>, StoreError> {
        let EventFilter { kinds, user, address, severity, from, until } = filter.clone();
        on_db!(self, "search events", |c| {
            let mut found = security_events::table
                .order((security_events::occurred_at.desc(), security_events::id.desc()))
                .limit(i64::from(limit))
                .select(EventRow::as_select())
                .into_boxed();
            if !kinds.is_empty() {
                let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
                found = found.filter(security_events::kind.eq_any(kinds));
            }
            if let Some(user) = user {
                found = found.filter(security_events::user_id.eq(Id::from(user)));
            }
            if let Some(address) = address {
                found = found.filter(security_events::ip_address.eq(address.to_string()));
            }
            if let Some(severity) = severity {
                found = found.filter(security_events::severity.eq(severity.as_str()));
            }
            if let Some(from) = from {
                found = found.filter(security_events::occurred_at.ge(Ts(from)));
            }
            if let Some(until) = until {
                found = found.filter(security_events::occurred_at.lt(Ts(until)));
            }
            if let Some(EventCursor { at, id }) = after {
                let is_older = security_events::occurred_at.lt(Ts(at));
                // The instant alone is bounded by itself, which is what an index can use.
                found = found
                    .filter(security_events::occurred_at.le(Ts(at)))
                    .filter(is_older.or(security_events::id.lt(Id::from(id))));
            }
            read_all(found.load(c).await?)
        })
    }

    async fn tally(
        &self,
        kinds: &[EventKind],
        from: Instant,
        until: Instant,
        step: Span,
    ) -> Result<Vec<EventTally>, StoreError> {
        let kinds: Vec<&'static str> = kinds.iter().map(|kind| kind.as_str()).collect();
        let step = EventTally::microseconds(step);
        on_db!(self, "tally events", |c| {
            let rows = engine::tally(c, kinds, Ts(from), Ts(until), step).await?;
            rows.into_iter().map(|row| row.read(from, step)).collect()
        })
    }

    async fn chain(&self, after: u64, limit: u32) -> Result<Vec<ChainEntry>, StoreError> {
        let after = sequence(after);
        on_db!(self, "read the chain of events", |c| {
            let entries = security_events::table
                .filter(security_events::sequence.gt(after))
                .order(security_events::sequence.asc())
                .limit(i64::from(limit))
                .select(EventRecord::as_select());
            let entries = entries.load(c).await?.into_iter().map(Record::from);
            entries.map(|record| ChainEntry::try_from(record).map_err(Fault::corrupt)).collect()
        })
    }

    async fn chain_ends(&self) -> Result<ChainEnds, StoreError> {
        on_db!(self, "read the ends of the chain", |c| {
            let ends = event_chain::table.order(event_chain::name).select(LinkRow::as_select());
            let ends: Vec<ChainLink> = read_all(ends.load(c).await?)?;
            // In the order of their names.
            let [anchor, head] = ends[..] else {
                return Err(Fault::corrupt("event_chain does not hold an anchor and a head"));
            };
            let outside = security_events::table
                .filter(security_events::sequence.is_null())
                .or_filter(security_events::sequence.le(sequence(anchor.sequence)))
                .count()
                .get_result::<i64>(c)
                .await?;
            Ok(ChainEnds { anchor, head, outside: u64::try_from(outside).unwrap_or(0) })
        })
    }

    async fn purge(&self, before: Instant) -> Result<u64, StoreError> {
        let before = Ts(before);
        write_tx!(self, "purge events", |c| {
            let anchor = engine::lock_chain(c, ANCHOR).await?.sequence;
            let first_kept = security_events::table
                .filter(security_events::sequence.gt(anchor))
                .filter(security_events::occurred_at.ge(before))
                .order(security_events::sequence.asc())
                .select(security_events::sequence)
                .first::<Option<i64>>(c)
                .await
                .optional()?
                .flatten();
            let last = security_events::table
                .filter(security_events::sequence.gt(anchor))
                .filter(security_events::sequence.lt(first_kept.unwrap_or(i64::MAX)))
                .order(security_events::sequence.desc())
                .select((security_events::sequence.assume_not_null(), security_events::digest))
                .first::<(i64, Option<Vec<u8>>)>(c)
                .await
                .optional()?;
            let mut forgotten = 0;
            if let Some((last, digest)) = last {
                let row = LinkRow { sequence: last, digest: digest.unwrap_or_default() };
                move_end!(c, ANCHOR, ChainLink::try_from(row)?);
                let front = security_events::table.filter(security_events::sequence.gt(anchor));
                let front = front.filter(security_events::sequence.le(last));
                forgotten += count(diesel::delete(front).execute(c).await?);
            }
            let outside = security_events::sequence.is_null().or(security_events::sequence.le(anchor));
            let outside =
                security_events::table.filter(security_events::occurred_at.lt(before)).filter(outside);
            forgotten += count(diesel::delete(outside).execute(c).await?);
            Ok(forgotten)
        })
    }
}

/// Events by as many as one statement can take; they have a dozen parameters each, and PostgreSQL takes no more than
/// 65,535.
fn batches(mut events: Vec<SecurityEvent>) -> Vec<Vec<SecurityEvent>> {
    const MOST: usize = 1000;
    let mut batches = Vec::with_capacity(events.len().div_ceil(MOST));
    while !events.is_empty() {
        let rest = events.split_off(events.len().min(MOST));
        batches.push(std::mem::replace(&mut events, rest));
    }
    batches
}

/// The rows of the events that are not there yet, with their places behind `head`, which moves on to the last of them.
fn chained(
    events: Vec<SecurityEvent>,
    present: Vec<Id>,
    head: &mut ChainLink,
) -> Result<Vec<EventRecord>, Fault> {
    let mut present: HashSet<Id> = present.into_iter().collect();
    let fresh = events.into_iter().filter(|event| present.insert(event.id.into()));
    let rows = fresh.map(|event| {
        *head = head.next(&Record::from(&event));
        Record::from(&StoredEvent { event, link: Some(*head) })
    });
    EventRecord::all(rows.collect())
}

/// A sequence as its column holds it.
fn sequence(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}
