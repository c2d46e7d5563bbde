use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};

use archon_app::transfer::Part;
use indicatif::{ProgressBar, ProgressStyle};

/// How far a part has come, on standard error: a bar on a terminal, otherwise a line for each tenth.
pub(super) enum Progress {
    Bar(ProgressBar),
    Lines { part: Part, rows: u64, done: AtomicU64 },
}

impl Progress {
    pub(super) fn begin(part: Part, rows: u64) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self::Lines { part, rows, done: AtomicU64::new(0) };
        }
        let bar = ProgressBar::new(rows).with_message(part.name());
        let style = ProgressStyle::with_template("{msg:<16} {wide_bar} {pos}/{len}  {per_sec}  {eta}");
        Self::Bar(match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        })
    }

    pub(super) fn advance(&self, by: u64) {
        match self {
            Self::Bar(bar) => bar.inc(by),
            Self::Lines { part, rows, done } => {
                let before = done.fetch_add(by, Ordering::Relaxed);
                let tenth = |done: u64| done * 10 / rows.max(&1);
                if by > 0 && tenth(before) != tenth(before + by) {
                    say(&format!("{part}: {} of {rows}", before + by));
                }
            }
        }
    }

    pub(super) fn end(self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// Writes a line to standard error; nobody need be there to read it.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
