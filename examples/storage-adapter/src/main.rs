//! Archon Auth, configured as always, with its security events in files.

use std::process::ExitCode;
use std::sync::Arc;

use archon_example_storage_adapter::FileEventLog;
use archon_server::{StorePorts, Surroundings, cli};

fn main() -> ExitCode {
    cli::main_in(Surroundings { adapt: Some(Arc::new(with_events_in_files)), ..Surroundings::default() })
}

/// The configured stores with another event log.
fn with_events_in_files(stores: StorePorts) -> anyhow::Result<StorePorts> {
    let directory = std::env::var_os("SECURITY_EVENTS").unwrap_or_else(|| "security-events".into());
    Ok(StorePorts { events: Arc::new(FileEventLog::open(directory)?), ..stores })
}
