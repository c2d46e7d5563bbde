//! Look-ups in databases that the tests write themselves.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod files;
mod lookups;
mod refusals;
mod reload;
