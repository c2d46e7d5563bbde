//! The binary `archon-auth`.

use std::process::ExitCode;

fn main() -> ExitCode {
    archon_server::cli::main()
}
