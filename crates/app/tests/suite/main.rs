//! The composed fast path over memory: contracts, keeper, failover, and the use cases under faults.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod administer;
mod alerts;
mod clean_up;
mod contract;
mod failover;
mod keeper;
mod last_administrator;
mod mail;
mod notices;
mod oauth;
mod oauth_linking;
mod oauth_under_faults;
mod passwords;
mod redirect_uris;
mod support;
mod under_faults;
mod watch;
