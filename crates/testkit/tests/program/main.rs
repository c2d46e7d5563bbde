//! The program `archon-testkit`, and the example suites in other languages that use it.
//!
//! `scripts/test.sh` exports where Python and Node's packages are; a test that misses one fails and says what
//! to do.

mod control;
#[path = "../../../server/tests/journeys/support/outside.rs"]
#[allow(dead_code, reason = "shared with the journeys of the server, which use all of it")]
mod outside;
mod suites;
mod support;
