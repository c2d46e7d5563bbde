//! Holds what the engines make of the directory's queries: whichever the filter and the place, a range of an index
//! for each roster, read in order.

use std::marker::PhantomData;

use archon_contract::samples::email_key;
use archon_domain::{Instant, UserFilter, UserStatus};
use diesel::backend::Backend;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Integer, Text};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use crate::SqlStore;
use crate::db::Db;
use crate::fixture::{IMPORTED_AT, Place};
use crate::merged::Merged;
use crate::repo::directory::{AddressRange, by_address, newest};
use crate::roster::Roster;
use crate::rows::UserRow;
use crate::schema::users;
use crate::types::{Id, Ts};

/// How many accounts there are: enough that PostgreSQL finds an index worth its while.
const ACCOUNTS: usize = 20_000;
const LIMIT: u32 = 50;

/// What an engine says it would do for a query; `ST` is the type of its lines.
struct Explained<Q, ST> {
    how: &'static str,
    query: Q,
    lines: PhantomData<ST>,
}

impl<Q, ST> Explained<Q, ST> {
    fn new(how: &'static str, query: Q) -> Self {
        Self { how, query, lines: PhantomData }
    }
}

impl<Q, ST> Query for Explained<Q, ST> {
    type SqlType = ST;
}

impl<Q, ST> QueryId for Explained<Q, ST> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: QueryFragment<DB>, ST, DB: Backend> QueryFragment<DB> for Explained<Q, ST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        out.push_sql(self.how);
        self.query.walk_ast(out)
    }
}

/// The plan of a query, a line for each step; PostgreSQL also says how many rows each has read.
macro_rules! plan {
    ($store:expr, $query:expr) => {
        match &$store.db {
            Db::Postgres { pool } => {
                let how = "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ";
                let explained = Explained::<_, Text>::new(how, $query);
                explained.load::<String>(&mut *pool.get().await.unwrap()).await.unwrap()
            }
            Db::Sqlite { readers, .. } => {
                let explained =
                    Explained::<_, (Integer, Integer, Integer, Text)>::new("EXPLAIN QUERY PLAN ", $query);
                let steps = explained
                    .load::<(i32, i32, i32, String)>(&mut *readers.get().await.unwrap())
                    .await
                    .unwrap();
                steps.into_iter().map(|(_, _, _, step)| step).collect::<Vec<_>>()
            }
        }
    };
}

/// Whether each roster is a range of the index, and nothing else is read, sorted or thrown away.
fn assert_ranges(store: &SqlStore, plan: &[String], index: &str, rosters: usize, range: Range) {
    let plan_says = plan.join("\n");
    match store.db {
        Db::Postgres { .. } => {
            for waste in ["Seq Scan", "-> Sort", "->  Sort", "Incremental", "Bitmap", "Filter", "->  Append"]
            {
                assert!(!plan_says.contains(waste), "{waste}:\n{plan_says}");
            }
            let scans: Vec<_> = plan.iter().filter(|line| line.contains("Scan")).collect();
            assert_eq!(scans.len(), rosters, "{plan_says}");
            let mut read = 0;
            for scan in scans {
                assert!(scan.contains(&format!("using {index} on users")), "{plan_says}");
                let rows = scan.split("rows=").nth(1).and_then(|rest| rest.split(' ').next());
                read += rows.and_then(|rows| rows.parse::<usize>().ok()).expect("the rows were counted");
            }
            // The page, and one row of each roster to choose the next from.
            assert!(read <= LIMIT as usize + rosters, "{read} rows:\n{plan_says}");
            let conditions = plan.iter().filter(|line| line.contains("Index Cond"));
            assert!(conditions.clone().count() == rosters, "{plan_says}");
            assert!(conditions.into_iter().all(|line| line.contains(range.postgres)), "{plan_says}");
        }
        Db::Sqlite { .. } => {
            assert!(!plan_says.contains("SCAN") && !plan_says.contains("TEMP B-TREE"), "{plan_says}");
            let step = format!("SEARCH users USING INDEX {index} ({})", range.sqlite);
            assert_eq!(plan.iter().filter(|line| **line == step).count(), rosters, "{step}:\n{plan_says}");
        }
    }
}

/// What bounds the range of each roster, in the words of the engines.
#[derive(Clone, Copy)]
struct Range {
    postgres: &'static str,
    sqlite: &'static str,
}

const WHOLE: Range = Range { postgres: "roster = ", sqlite: "roster=?" };
const OLDER: Range =
    Range { postgres: "ROW(created_at, id) < ROW(", sqlite: "roster=? AND (created_at,id)<(?,?)" };
const FROM: Range = Range { postgres: "email_key >= ", sqlite: "roster=? AND email_key>?" };
const BETWEEN: Range = Range { postgres: "email_key < ", sqlite: "roster=? AND email_key>? AND email_key<?" };

/// The rosters of every filter.
fn choices() -> Vec<Vec<Roster>> {
    let yes_or_no = [None, Some(false), Some(true)];
    let mut choices = Vec::new();
    for status in [None, Some(UserStatus::Active), Some(UserStatus::Disabled)] {
        for administrator in yes_or_no {
            choices.extend(yes_or_no.map(|verified| {
                Roster::admitted(&UserFilter { address_prefix: None, status, administrator, verified })
            }));
        }
    }
    choices
}

/// MUST take no longer for a late page than for the first. Neither reads more than the page.
async fn pages_are_ranges_of_an_index(place: Place) {
    let store = place.migrated().await;
    place.fill(ACCOUNTS).await;
    // In the middle of those who share an instant, and behind them.
    let shared = Instant::from_timestamp_micros(IMPORTED_AT).unwrap();
    let late = Instant::from_timestamp_micros(15_000).unwrap();
    let middle = Id(Uuid::from_u128(u128::MAX / 2));
    let late_key = email_key(&format!("{:07}@example.com", ACCOUNTS * 9 / 10));
    for rosters in choices() {
        let index = "users_roster_created_at";
        for (behind, range) in
            [(None, WHOLE), (Some((Ts(shared), middle)), OLDER), (Some((Ts(late), middle)), OLDER)]
        {
            let plan = plan!(store, newest!(rosters, behind, LIMIT));
            assert_ranges(&store, &plan, index, rosters.len(), range);
        }
        let index = "users_roster_email_key";
        for (prefix, last, range) in [
            ("", None, FROM),
            ("0", None, BETWEEN),
            ("", Some(&late_key), FROM),
            ("0", Some(&late_key), BETWEEN),
        ] {
            let among = AddressRange::behind(prefix, last).unwrap();
            let plan = plan!(store, by_address!(rosters, among.clone(), LIMIT));
            assert_ranges(&store, &plan, index, rosters.len(), range);
        }
    }
}

#[tokio::test]
async fn pages_are_ranges_of_an_index_on_sqlite() {
    pages_are_ranges_of_an_index(Place::sqlite()).await;
}

#[tokio::test]
async fn pages_are_ranges_of_an_index_on_postgres() {
    pages_are_ranges_of_an_index(Place::postgres()).await;
}
