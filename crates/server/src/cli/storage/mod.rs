//! Moving everything between two databases, and comparing them.

mod progress;
mod report;
mod sides;

use std::process::ExitCode;
use std::time::Instant;

use archon_app::transfer::{Copier, Part, Side, verify};
use clap::{Args, Subcommand};

use crate::config::Settings;

use progress::Progress;
use report::{CopyReport, VerifyReport};
use sides::Sides;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Bring what one database holds, signing keys included, into another. Nothing that only the target has is
    /// taken away. Can be run again at any time, also after it was killed; exit status 1 when not all could
    /// be copied.
    Copy(Options),
    /// Compare what two databases hold; exit status 1 when they differ.
    Verify(Options),
}

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(flatten)]
    sides: Sides,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Command {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<ExitCode> {
        match self {
            Self::Copy(options) => copy(settings, &options).await,
            Self::Verify(options) => compare(settings, &options).await,
        }
    }
}

async fn copy(settings: &Settings, options: &Options) -> anyhow::Result<ExitCode> {
    let (source, target) = options.sides.to_copy(settings).await?;
    let mut copier = Copier::new(source.clone(), target);
    let mut report = CopyReport::default();
    for part in Part::all() {
        let (progress, began) = begin(&source, part).await?;
        let copied = copier.copy(part, &|rows| progress.advance(rows)).await?;
        progress.end();
        report.add(part, copied, began.elapsed());
    }
    report.print(options.json)?;
    Ok(if report.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn compare(settings: &Settings, options: &Options) -> anyhow::Result<ExitCode> {
    let (source, target) = options.sides.to_verify(settings).await?;
    let mut report = VerifyReport::default();
    for part in Part::all() {
        let (progress, began) = begin(&source, part).await?;
        let verified = verify(&source, &target, part, &|rows| progress.advance(rows)).await?;
        progress.end();
        report.add(part, verified, began.elapsed());
    }
    report.print(options.json)?;
    Ok(if report.is_equal() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn begin(source: &Side, part: Part) -> anyhow::Result<(Progress, Instant)> {
    let began = Instant::now();
    Ok((Progress::begin(part, source.count(part).await?), began))
}
