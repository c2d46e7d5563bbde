//! The durable storage ports on SQLite and PostgreSQL, by diesel: one schema, one set of queries, two engines.
//!
//! [`SqlStore`] implements every durable port of `archon_domain`. Each query stands once, in `repo/`,
//! with no engine's name in it; the macros of `db` expand it for both. What has to differ is in
//! `postgres` and `sqlite`, under the same names in both.

mod archive;
mod connect_error;
mod db;
mod error;
mod merged;
mod migrations;
mod pool_use;
mod postgres;
mod repo;
mod roster;
mod rows;
mod schema;
mod sqlite;
mod store;
mod types;

pub use connect_error::ConnectError;
pub use error::OpenError;
pub use pool_use::PoolUse;
pub use postgres::PostgresOptions;
pub use store::SqlStore;

#[cfg(test)]
mod directory_tests;
#[cfg(test)]
#[path = "../tests/fixture/mod.rs"]
mod fixture;
#[cfg(test)]
mod schema_tests;
#[cfg(test)]
mod tally_tests;
