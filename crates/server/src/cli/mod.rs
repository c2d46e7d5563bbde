//! The command line.

mod configuration;
mod events;
mod hashing;
mod keys;
mod mail;
mod serve;
mod storage;
mod user;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::config::{ConfigErrors, LoadInputs, Loaded, load, parse_override};
use crate::telemetry::Telemetry;
use crate::{Surroundings, wire};

/// A self-hosted authentication service.
///
/// Without a command it serves. With nothing configured it listens on http://localhost:8181 and keeps
/// everything in ./archon-data.
#[derive(Debug, Parser)]
#[command(name = "archon-auth", version, max_term_width = 100)]
struct Arguments {
    /// The configuration file; archon-auth.toml in the working directory is read if it exists.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set one setting, over every other source; may come again.
    #[arg(long, global = true, value_name = "SECTION.KEY=VALUE", value_parser = parse_override)]
    set: Vec<(String, String)>,
    /// The address to listen on (server.host).
    #[arg(long, global = true)]
    host: Option<String>,
    /// The port to listen on (server.port).
    #[arg(long, global = true)]
    port: Option<String>,
    /// The folder of database, keys and mails (data_dir).
    #[arg(long, global = true, value_name = "FOLDER")]
    data_dir: Option<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve (the default).
    Serve,
    /// Bring the database's tables up to date.
    Migrate {
        /// Only list what would be done; exit status 1 when there is something.
        #[arg(long)]
        check: bool,
    },
    /// Show or check the configuration.
    #[command(subcommand)]
    Config(configuration::Command),
    /// List, rotate or generate signing keys.
    #[command(subcommand)]
    Keys(keys::Command),
    /// Create, show and administer users.
    #[command(subcommand)]
    User(user::Command),
    /// Look after the mails that wait or were given up.
    #[command(subcommand)]
    Mail(mail::Command),
    /// Read the log of security events, or verify that nobody has changed it.
    #[command(subcommand)]
    Events(events::Command),
    /// Move everything to another database, or compare two.
    #[command(subcommand)]
    Storage(storage::Command),
    /// Find hashing parameters for this machine.
    #[command(subcommand)]
    Hash(hashing::Command),
    /// Print the OpenAPI document.
    Openapi,
}

/// Runs the command line; status 2 for a wrong configuration, 1 for any other failure.
#[must_use]
pub fn main() -> ExitCode {
    main_in(Surroundings::default())
}

/// The same in surroundings of one's own: for a binary that brings its own stores.
#[must_use]
pub fn main_in(surroundings: Surroundings) -> ExitCode {
    match run(Arguments::parse(), surroundings) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::from(if error.is::<ConfigErrors>() { 2 } else { 1 })
        }
    }
}

fn run(arguments: Arguments, surroundings: Surroundings) -> anyhow::Result<ExitCode> {
    let flags =
        [("server.host", arguments.host), ("server.port", arguments.port), ("data_dir", arguments.data_dir)];
    let flags = flags.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    let overrides = arguments.set.into_iter().chain(flags).collect();
    let loaded = load(&LoadInputs::of_process(arguments.config, overrides))?;
    let command = arguments.command.unwrap_or(Command::Serve);
    match command {
        Command::Config(command) => return command.run(&loaded),
        Command::Hash(command) => return command.run(),
        Command::Openapi => {
            print(&archon_web::openapi().to_pretty_json()?)?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Serve
        | Command::Migrate { .. }
        | Command::Keys(_)
        | Command::User(_)
        | Command::Mail(_)
        | Command::Events(_)
        | Command::Storage(_) => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let _inside = runtime.enter();
    let _telemetry = Telemetry::start(&loaded.settings, matches!(command, Command::Serve))?;
    runtime.block_on(run_with_stores(command, &loaded, surroundings))
}

async fn run_with_stores(
    command: Command,
    loaded: &Loaded,
    surroundings: Surroundings,
) -> anyhow::Result<ExitCode> {
    match command {
        Command::Serve => serve::serve(loaded, surroundings).await,
        Command::Migrate { check } => migrate(loaded, check).await,
        Command::Keys(command) => command.run(&loaded.settings, &surroundings).await,
        Command::User(command) => command.run(&loaded.settings, surroundings).await,
        Command::Mail(command) => command.run(&loaded.settings, &surroundings).await,
        Command::Events(command) => command.run(&loaded.settings, &surroundings).await,
        Command::Storage(command) => command.run(&loaded.settings).await,
        Command::Config(_) | Command::Hash(_) | Command::Openapi => Ok(ExitCode::SUCCESS),
    }
}

async fn migrate(loaded: &Loaded, check: bool) -> anyhow::Result<ExitCode> {
    let (names, verb) = if check {
        (wire::pending_migrations(&loaded.settings).await?, "pending")
    } else {
        (wire::migrate(&loaded.settings).await?, "applied")
    };
    if names.is_empty() {
        print("the database is up to date")?;
    }
    for name in &names {
        print(&format!("{verb}: {name}"))?;
    }
    Ok(if check && !names.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Writes a line to standard output; a reader that has gone away is no failure of ours.
fn print(text: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("standard output cannot be written"),
    }
}
