//! Moving everything from one database to another, and what must be true then.

mod kills;
mod moves;
mod properties;
mod refusals;

use archon_app::transfer::{Copied, Copier, Part, Side, Verified, verify};
use serde_json::Value;

use crate::support::{Folder, Run, archon_auth};

/// Runs `archon-auth storage` with these arguments.
fn storage(folder: &Folder, verb: &str, from: &str, to: &str, more: &[&str]) -> anyhow::Result<Run> {
    let arguments = ["storage", verb, "--from", from, "--to", to];
    archon_auth(folder, &[&arguments[..], more].concat(), &[], "")
}

/// Runs it to success; what it printed as JSON.
fn storage_json(folder: &Folder, verb: &str, from: &str, to: &str) -> anyhow::Result<Value> {
    let printed = storage(folder, verb, from, to, &["--json"])?.success()?;
    Ok(serde_json::from_str(&printed)?)
}

/// The sum of a figure over all tables.
fn total(report: &Value, figure: &str) -> u64 {
    let tables = report["tables"].as_array().into_iter().flatten();
    tables.filter_map(|table| table[figure].as_u64()).sum()
}

/// Copies every part.
async fn copy_all(from: &Side, to: &Side) -> anyhow::Result<Vec<Copied>> {
    let mut copier = Copier::new(from.clone(), to.clone());
    let mut copied = Vec::new();
    for part in Part::all() {
        copied.push(copier.copy(part, &|_| ()).await?);
    }
    Ok(copied)
}

/// Compares every part.
async fn verify_all(from: &Side, to: &Side) -> anyhow::Result<Vec<Verified>> {
    let mut verified = Vec::new();
    for part in Part::all() {
        verified.push(verify(from, to, part, &|_| ()).await?);
    }
    Ok(verified)
}
