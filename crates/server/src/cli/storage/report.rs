//! What a copy or a comparison has come to, for people and for machines.

use std::time::Duration;

use archon_app::transfer::{Conflict, Copied, Difference, DifferenceKind, Part, Verified};
use serde_json::{Value, json};

use super::progress::say;
use crate::cli::print;

/// How many conflicts are named to people; a machine is given all.
const NAMED: usize = 20;

/// What became of each part of a copy.
#[derive(Default)]
pub(super) struct CopyReport(Vec<(Part, Copied, Duration)>);

impl CopyReport {
    pub(super) fn add(&mut self, part: Part, copied: Copied, took: Duration) {
        self.0.push((part, copied, took));
    }

    /// Whether everything of the source is in the target.
    pub(super) fn is_whole(&self) -> bool {
        self.0.iter().all(|(_, copied, _)| copied.is_whole())
    }

    pub(super) fn print(&self, as_json: bool) -> anyhow::Result<()> {
        if as_json {
            print(&json!({"complete": self.is_whole(), "tables": self.tables()}).to_string())?;
        } else {
            self.print_table()?;
        }
        self.explain();
        Ok(())
    }

    fn tables(&self) -> Vec<Value> {
        let conflict = |conflict: &Conflict| json!({"source": conflict.source, "target": conflict.target});
        let table = |(part, copied, took): &(Part, Copied, Duration)| {
            json!({
                "table": part.name(),
                "rows": copied.rows,
                "added": copied.added,
                "changed": copied.changed,
                "unchanged": copied.unchanged,
                "only_in_target": copied.only_in_target,
                "left_out": copied.left_out,
                "unchained": copied.unchained,
                "conflicts": copied.conflicts.iter().map(conflict).collect::<Vec<_>>(),
                "seconds": seconds(*took),
            })
        };
        self.0.iter().map(table).collect()
    }

    fn print_table(&self) -> anyhow::Result<()> {
        print(&format!(
            "{:<16} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10} {:>8}",
            "TABLE", "ROWS", "ADDED", "CHANGED", "UNCHANGED", "LEFT OUT", "ONLY THERE", "SECONDS"
        ))?;
        for (part, copied, took) in &self.0 {
            let Copied { rows, added, changed, unchanged, only_in_target, .. } = copied;
            let left_out = copied.left_out + copied.conflicts.len() as u64;
            print(&format!(
                "{:<16} {rows:>10} {added:>10} {changed:>10} {unchanged:>10} {left_out:>10} \
                 {only_in_target:>10} {:>8.1}",
                part.name(),
                took.as_secs_f64(),
            ))?;
        }
        Ok(())
    }

    /// Says what an operator has to know, and to do.
    fn explain(&self) {
        let only_in_target: u64 = self.0.iter().map(|(_, copied, _)| copied.only_in_target).sum();
        if only_in_target > 0 {
            say(&format!(
                "note: {only_in_target} rows are only in the target and stay there; storage verify names them"
            ));
        }
        let conflicts: Vec<&Conflict> = self.0.iter().flat_map(|(_, copied, _)| &copied.conflicts).collect();
        for Conflict { source, target } in conflicts.iter().take(NAMED) {
            say(&format!(
                "error: user {source} was left out: user {target} of the target has the same e-mail address"
            ));
        }
        if conflicts.len() > NAMED {
            say(&format!("error: and {} users more; --json names them all", conflicts.len() - NAMED));
        }
        let unchained: u64 = self.0.iter().map(|(_, copied, _)| copied.unchained).sum();
        if unchained > 0 {
            say(&format!(
                "note: the target has a chain of security events of its own: {unchained} events of the source were \
                 copied without their places in its chain, so that events verify vouches for them no more"
            ));
        }
        let left_out: u64 = self.0.iter().map(|(_, copied, _)| copied.left_out).sum();
        if !conflicts.is_empty() {
            say(&format!(
                "Everything else was copied, but for the {left_out} rows that belong to users who were left \
                 out. For each of the pairs decide which account is to stay, delete the other one on its side \
                 (its owner can, or DELETE FROM users WHERE id = ...), and run this again."
            ));
        } else if left_out > 0 {
            say(&format!(
                "error: {left_out} rows were left out: their users came while this ran; run this again"
            ));
        }
    }
}

/// How each part of two databases compares.
#[derive(Default)]
pub(super) struct VerifyReport(Vec<(Part, Verified, Duration)>);

impl VerifyReport {
    pub(super) fn add(&mut self, part: Part, verified: Verified, took: Duration) {
        self.0.push((part, verified, took));
    }

    /// Whether both hold the same.
    pub(super) fn is_equal(&self) -> bool {
        self.0.iter().all(|(_, verified, _)| verified.is_equal())
    }

    pub(super) fn print(&self, as_json: bool) -> anyhow::Result<()> {
        if as_json {
            return print(&json!({"equal": self.is_equal(), "tables": self.tables()}).to_string());
        }
        print(&format!("{:<16} {:>10} {:>10}  {}", "TABLE", "SOURCE", "TARGET", "SHA-256"))?;
        for (part, verified, _) in &self.0 {
            let Verified { source, target, .. } = verified;
            let name = part.name();
            print(&format!("{name:<16} {:>10} {:>10}  {}", source.rows, target.rows, source.digest))?;
            if verified.is_equal() {
                continue;
            }
            print(&format!("{:<16} {:>10} {:>10}  {} of the target", "", "", "", target.digest))?;
            verified.differences.iter().try_for_each(|difference| print(&describe(difference)))?;
            let unnamed = verified.differing - verified.differences.len() as u64;
            if unnamed > 0 {
                print(&format!("  and {unnamed} more"))?;
            }
        }
        print(if self.is_equal() { "the two are equal" } else { "the two differ" })
    }

    fn tables(&self) -> Vec<Value> {
        let table = |(part, verified, took): &(Part, Verified, Duration)| {
            let Verified { source, target, differing, differences } = verified;
            json!({
                "table": part.name(),
                "equal": verified.is_equal(),
                "source": {"rows": source.rows, "digest": source.digest},
                "target": {"rows": target.rows, "digest": target.digest},
                "differing": differing,
                "differences": differences.iter().map(difference).collect::<Vec<_>>(),
                "seconds": seconds(*took),
            })
        };
        self.0.iter().map(table).collect()
    }
}

fn describe(difference: &Difference) -> String {
    let Difference { key, kind } = difference;
    match kind {
        DifferenceKind::OnlyInSource => format!("  {key} is only in the source"),
        DifferenceKind::OnlyInTarget => format!("  {key} is only in the target"),
        DifferenceKind::Fields(fields) => format!("  {key} differs in {}", fields.join(", ")),
    }
}

fn difference(difference: &Difference) -> Value {
    let key = difference.key.to_string();
    match &difference.kind {
        DifferenceKind::OnlyInSource => json!({"key": key, "only_in": "source"}),
        DifferenceKind::OnlyInTarget => json!({"key": key, "only_in": "target"}),
        DifferenceKind::Fields(fields) => json!({"key": key, "fields": fields}),
    }
}

/// Seconds to the millisecond.
fn seconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1000.0).round() / 1000.0
}
