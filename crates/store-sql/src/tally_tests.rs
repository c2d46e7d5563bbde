//! The count of events by steps is answered by an index, on either engine.

use archon_contract::samples::{after, start};
use diesel::deserialize;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::row::NamedRow;
use diesel::sql_types::{Array, BigInt, Text};
use diesel::sqlite::Sqlite;
use diesel_async::RunQueryDsl;

use crate::db::Db;
use crate::fixture::Place;
use crate::types::{Ts, sql};
use crate::{SqlStore, postgres, sqlite};

/// A line of what an engine says of how it goes about a query.
struct Step(String);

impl QueryableByName<Pg> for Step {
    fn build<'a>(row: &impl NamedRow<'a, Pg>) -> deserialize::Result<Self> {
        NamedRow::get::<Text, _>(row, "QUERY PLAN").map(Self)
    }
}

impl QueryableByName<Sqlite> for Step {
    fn build<'a>(row: &impl NamedRow<'a, Sqlite>) -> deserialize::Result<Self> {
        NamedRow::get::<Text, _>(row, "detail").map(Self)
    }
}

async fn plan(store: &SqlStore) -> String {
    let (from, until, step) = (Ts(start()), Ts(after(3600)), 60_000_000_i64);
    let steps: Vec<Step> = match &store.db {
        Db::Postgres { pool } => {
            let query = diesel::sql_query(format!("EXPLAIN {}", postgres::TALLY));
            let query = query.bind::<Array<Text>, _>(vec!["login_failed", "login_succeeded"]);
            let query = query.bind::<sql::Ts, _>(from).bind::<sql::Ts, _>(until).bind::<BigInt, _>(step);
            query.load(&mut pool.get().await.unwrap()).await.unwrap()
        }
        Db::Sqlite { readers, .. } => {
            let query = diesel::sql_query(format!("EXPLAIN QUERY PLAN {}", sqlite::TALLY));
            let query = query.bind::<Text, _>(r#"["login_failed", "login_succeeded"]"#);
            let query = query.bind::<sql::Ts, _>(from).bind::<sql::Ts, _>(until).bind::<BigInt, _>(step);
            query.load(&mut readers.get().await.unwrap()).await.unwrap()
        }
    };
    steps.into_iter().map(|Step(line)| line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_tally_is_answered_by_the_index_of_kinds_on_sqlite() {
    let place = Place::sqlite();
    let plan = plan(&place.migrated().await).await;
    let search = "COVERING INDEX security_events_kind (kind=? AND occurred_at>? AND occurred_at<?)";
    assert!(plan.contains(search) && !plan.contains("SCAN security_events"), "{plan}");
}

#[tokio::test]
async fn a_tally_is_answered_by_the_index_of_kinds_on_postgres() {
    let place = Place::postgres();
    let store = place.migrated().await;
    // Twenty thousand events, one a minute, as they are found on any day.
    let events = "INSERT INTO security_events (id, occurred_at, kind, severity, details) \
                  SELECT gen_random_uuid(), timestamptz '2026-03-01 12:34:56Z' + number * interval '1 minute', \
                  CASE number % 10 WHEN 0 THEN 'login_failed' WHEN 1 THEN 'login_succeeded' ELSE 'token_refreshed' END, \
                  'info', '{}' FROM generate_series(-10000, 10000) AS number; ANALYZE security_events";
    Place::execute(&place, events).await;
    let plan = plan(&store).await;
    assert!(plan.contains("security_events_kind") && !plan.contains("Seq Scan"), "{plan}");
}
