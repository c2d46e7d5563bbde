//! What holds on PostgreSQL only: TLS, servers that fall silent or restart, poolers.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

#[path = "../fixture/certificates.rs"]
mod certificates;
mod faults;
#[path = "../fixture/mod.rs"]
mod fixture;
mod pooled;
#[path = "../fixture/pooler.rs"]
mod pooler;
#[path = "../fixture/server.rs"]
mod server;
mod tls;

pub(crate) use archon_store_sql::{PostgresOptions, SqlStore};
