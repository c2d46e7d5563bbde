//! Measures whether operators wait longer for a late page of accounts than for the first: `scripts/bench.sh` or
//! `cargo run --release --package archon-store-sql --example user_directory [accounts]`.
//!
//! A million accounts, two thirds of them opened at the same instant, by four filters: the first page and the
//! ten-thousandth are asked for in turns, and the ratio of their medians is what counts. On SQLite, and on PostgreSQL
//! where `ARCHON_TEST_POSTGRES_URL` names a server.
#![allow(clippy::unwrap_used, reason = "a measurement that fails is none")]
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

#[path = "../tests/fixture/mod.rs"]
mod fixture;

use std::time::Instant;

use archon_domain::ports::UserDirectory as _;
use archon_domain::{UserCursor, UserFilter, UserStatus};
use archon_store_sql::{PostgresOptions, SqlStore};

use fixture::Place;

const ACCOUNTS: usize = 1_000_000;
/// Accounts on a page, and pages before the late one.
const LIMIT: u32 = 50;
const PAGES: u32 = 9_999;
/// Pages that are passed at once on the way to the late one.
const STRIDE: u32 = 101;
/// How often each page is asked for.
const ROUNDS: usize = 200;

#[tokio::main]
async fn main() {
    let accounts = std::env::args().nth(1).map_or(ACCOUNTS, |number| number.parse().unwrap());
    measure("SQLite", Place::sqlite(), accounts).await;
    if std::env::var_os("ARCHON_TEST_POSTGRES_URL").is_some() {
        measure("PostgreSQL", Place::postgres(), accounts).await;
    } else {
        println!("PostgreSQL: left out, ARCHON_TEST_POSTGRES_URL is not set");
    }
}

async fn measure(engine: &str, place: Place, accounts: usize) {
    let store = place.migrated().await;
    let began = Instant::now();
    place.fill(accounts).await;
    println!("{engine}: {accounts} accounts, filled in {:.0} s", began.elapsed().as_secs_f64());
    let all = UserFilter::default();
    let active = UserFilter { status: Some(UserStatus::Active), ..all.clone() };
    let ordinary = UserFilter { administrator: Some(false), verified: Some(false), ..active.clone() };
    let by_address = UserFilter { address_prefix: Some("0".to_owned()), ..all.clone() };
    for (name, filter) in [
        ("all, the newest first", all),
        ("the active ones", active),
        ("active, unverified, no administrators", ordinary),
        ("all by address", by_address),
    ] {
        let late = behind_pages(&store, &filter).await;
        let (mut first_times, mut late_times) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            first_times.push(page(&store, &filter, None).await);
            late_times.push(page(&store, &filter, Some(&late)).await);
        }
        let (first, late) = (median(first_times), median(late_times));
        println!(
            "  {name:<38} first page {first:5.2} ms, ten-thousandth {late:5.2} ms, ratio {:.2}",
            late / first
        );
    }
}

/// Where the late page begins.
async fn behind_pages(store: &SqlStore, filter: &UserFilter) -> UserCursor {
    let mut cursor = None;
    for _ in 0..PAGES / STRIDE {
        let page = store.page(filter, cursor.as_ref(), LIMIT * STRIDE).await.unwrap();
        cursor = page.last().map(|user| filter.cursor(user));
    }
    cursor.unwrap()
}

/// Asks for a page; how many milliseconds that took.
async fn page(store: &SqlStore, filter: &UserFilter, after: Option<&UserCursor>) -> f64 {
    let began = Instant::now();
    let page = store.page(filter, after, LIMIT).await.unwrap();
    let elapsed = began.elapsed().as_secs_f64() * 1000.0;
    assert_eq!(page.len(), LIMIT as usize, "there are not enough accounts for so late a page");
    elapsed
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
