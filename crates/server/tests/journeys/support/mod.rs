//! What the journeys are made of.

mod account;
mod database;
pub(crate) mod geoip;
mod outside;
mod process;
pub(crate) mod servers;
mod service;

pub(crate) use account::{Account, PASSWORD, token_claims, token_header};
pub(crate) use database::{Database, change_sqlite, read_sqlite};
pub(crate) use outside::{
    chromium, copy_script, ended_within, finished_within, node_modules, python, run, test_python,
};
pub(crate) use process::until;
pub(crate) use service::{BINARY, Folder, Run, Service, archon_auth, forget_settings, start};

/// Settings that make a password cost nothing, for tests that are not about hashing.
pub(crate) const CHEAP: [&str; 6] =
    ["--set", "hashing.memory_kib=16", "--set", "hashing.iterations=1", "--set", "keys.algorithm=EdDSA"];
