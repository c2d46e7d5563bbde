use std::process::ExitCode;
use std::time::Duration;

use archon_password_argon2::calibrate;
use clap::Subcommand;

use super::print;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Measure this machine and propose parameters for one hash.
    Calibrate {
        /// How long one hash should take, such as 100ms.
        #[arg(long, default_value = "100ms", value_parser = parse_milliseconds)]
        target: Duration,
    },
}

impl Command {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let Self::Calibrate { target } = self;
        let proposed = calibrate(target);
        print(&format!(
            "[hashing]\nmemory_kib = {}\niterations = {}\nparallelism = {}",
            proposed.memory_kib, proposed.iterations, proposed.lanes
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn parse_milliseconds(text: &str) -> Result<Duration, String> {
    let number = text.strip_suffix("ms").unwrap_or(text);
    match number.parse() {
        Ok(milliseconds @ 1..=10_000) => Ok(Duration::from_millis(milliseconds)),
        _ => Err("write it as milliseconds from 1ms to 10000ms".to_owned()),
    }
}
