//! The command line, also beside a running service on its very data directory.

mod administration;
mod breached_passwords;
mod configuration;
mod events;
mod keys;
mod mail;
mod providers;
mod start;
mod users;

use crate::support::{Folder, Run, archon_auth};

/// Runs a command in a folder, with nothing else given.
fn command(folder: &Folder, arguments: &[&str]) -> anyhow::Result<Run> {
    archon_auth(folder, arguments, &[], "")
}
