//! Password hashes: rows whose ids are the engine's own and only put them in order, so that a user's rows
//! are one record.

use archon_domain::StoreError;
use archon_domain::archive::{FieldValue as _, Record, RecordKey, Refusal, Table};
use diesel::dsl;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::columns::key;
use super::put::Put;
use super::write::{by_owner, known_users};
use crate::SqlStore;
use crate::db::{AsyncSqliteConnection, on_db, write_tx};
use crate::error::Fault;
use crate::postgres::PgConnection;
use crate::schema::password_history;
use crate::types::Id;

/// A row of `password_history` that has no id yet.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = password_history)]
struct HistoryRow {
    user_id: Id,
    hash: String,
}

pub(super) async fn count(store: &SqlStore) -> Result<i64, StoreError> {
    on_db!(store, "count records", |c| {
        Ok(password_history::table
            .select(dsl::count(password_history::user_id).aggregate_distinct())
            .first::<i64>(c)
            .await?)
    })
}

pub(super) async fn page(
    store: &SqlStore,
    after: Option<&RecordKey>,
    limit: i64,
) -> Result<Vec<Record>, StoreError> {
    let after = key!(after; user_id: Id);
    let rows: Vec<(Id, String)> = on_db!(store, "read a page of records", |c| {
        let mut owners = password_history::table
            .select(password_history::user_id)
            .distinct()
            .order(password_history::user_id)
            .limit(limit)
            .into_boxed();
        if let Some((after,)) = after {
            owners = owners.filter(password_history::user_id.gt(after));
        }
        let owners: Vec<Id> = owners.load(c).await?;
        let (Some(first), Some(last)) = (owners.as_slice().first(), owners.as_slice().last()) else {
            return Ok(Vec::new());
        };
        let hashes = password_history::table
            .filter(password_history::user_id.between(*first, *last))
            .order((password_history::user_id, password_history::id.desc()))
            .select((password_history::user_id, password_history::hash));
        Ok(hashes.load(c).await?)
    })?;
    let of_users = rows.chunk_by(|(user, _), (other, _)| user == other);
    Ok(of_users.map(record).collect())
}

/// The record of one user's rows, newest first.
fn record(rows: &[(Id, String)]) -> Record {
    let user = rows.first().map(|(user, _)| *user);
    let hashes: Vec<String> = rows.iter().map(|(_, hash)| hash.clone()).collect();
    Record::new(Table::PasswordHistory, vec![user.into_field(), hashes.into_field()])
}

pub(super) async fn put(store: &SqlStore, records: Vec<Record>) -> Result<Vec<Refusal>, StoreError> {
    write_tx!(store, "store records", |c| {
        let known = known_users!(c, &records);
        let (records, refused) = by_owner(records, &known);
        let owners: Vec<Id> = records.iter().filter_map(Record::owner).map(Id::from).collect();
        let former = password_history::table.filter(password_history::user_id.eq_any(owners));
        diesel::delete(former).execute(c).await?;
        HistoryRow::put(rows(records)?, c).await?;
        Ok(refused)
    })
}

/// The rows of records in the order in which they must be stored: oldest first.
fn rows(records: Vec<Record>) -> Result<Vec<HistoryRow>, Fault> {
    let mut rows = Vec::new();
    for record in records {
        let mut fields = record.into_fields();
        let user_id = fields.take().map_err(Fault::corrupt)?;
        let hashes: Vec<String> = fields.take().map_err(Fault::corrupt)?;
        rows.extend(hashes.into_iter().rev().map(|hash| HistoryRow { user_id, hash }));
    }
    Ok(rows)
}

impl Put<PgConnection> for HistoryRow {
    async fn put(rows: Vec<Self>, connection: &mut PgConnection) -> QueryResult<()> {
        let statement = diesel::insert_into(password_history::table).values(rows);
        statement.execute(connection).await.map(drop)
    }
}

impl Put<AsyncSqliteConnection> for HistoryRow {
    async fn put(rows: Vec<Self>, connection: &mut AsyncSqliteConnection) -> QueryResult<()> {
        let stored = connection.spawn_blocking(move |connection| {
            rows.into_iter().try_for_each(|row| {
                let statement = diesel::insert_into(password_history::table).values(row);
                diesel::RunQueryDsl::execute(statement, connection).map(drop)
            })
        });
        stored.await
    }
}
