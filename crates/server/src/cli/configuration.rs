use std::process::ExitCode;

use clap::Subcommand;

use super::print;
use crate::config::{Loaded, render_reference};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print every setting with its value and where it comes from; secrets as ***.
    Show,
    /// Check the configuration; exit status 2 when something is wrong.
    Check,
    /// Print the reference of all settings (docs/configuration.md).
    Reference,
}

impl Command {
    pub(super) fn run(self, loaded: &Loaded) -> anyhow::Result<ExitCode> {
        print(&match self {
            Self::Show => loaded.show(),
            // A wrong configuration does not get here: loading it has failed.
            Self::Check => loaded.summary(),
            Self::Reference => render_reference(),
        })?;
        Ok(ExitCode::SUCCESS)
    }
}
