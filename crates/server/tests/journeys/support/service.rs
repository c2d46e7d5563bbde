//! The service as a process of its own.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::Arc;

use anyhow::Context as _;
use archon_server::config::registry;
use archon_testkit::Client;
use tempfile::TempDir;

use super::process::Process;

/// The program under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_archon-auth");

/// A folder in which the service is started; its data directory lies within, as by default. Removed once
/// nobody needs it any more.
#[derive(Clone)]
pub(crate) struct Folder(Arc<TempDir>);

impl Folder {
    pub(crate) fn new() -> anyhow::Result<Self> {
        Ok(Self(Arc::new(tempfile::Builder::new().prefix("archon-journey-").tempdir()?)))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("archon-data")
    }

    /// The mails that were written as files: their contents.
    pub(crate) fn mails(&self) -> anyhow::Result<Vec<String>> {
        let mut mails = Vec::new();
        let Ok(entries) = std::fs::read_dir(self.data().join("mails")) else { return Ok(mails) };
        for entry in entries {
            let path = entry?.path();
            // Those that begin with a dot are not whole yet, and may be gone by now.
            if path.extension().is_some_and(|extension| extension == "eml") {
                mails.push(std::fs::read_to_string(path)?);
            }
        }
        Ok(mails)
    }
}

/// What a command has said.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// What it has printed, if it has succeeded.
    pub(crate) fn success(self) -> anyhow::Result<String> {
        anyhow::ensure!(self.status == Some(0), "the command failed: {self:?}");
        Ok(self.stdout)
    }
}

/// The binary, with nothing configured but what the caller adds.
fn binary(folder: &Folder) -> Command {
    let mut command = Command::new(BINARY);
    forget_settings(&mut command);
    command.current_dir(folder.path());
    command
}

/// Keeps settings in the environment of whoever runs the tests away from a command.
pub(crate) fn forget_settings(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let ours = name.to_string_lossy().starts_with("ARCHON_AUTH");
        if ours || registry::all().filter_map(|setting| setting.short).any(|short| name == *short) {
            command.env_remove(name);
        }
    }
}

/// Runs a command of the binary to its end, with `input` as standard input.
pub(crate) fn archon_auth(
    folder: &Folder,
    arguments: &[&str],
    environment: &[(&str, &str)],
    input: &str,
) -> anyhow::Result<Run> {
    let mut command = binary(folder);
    command.args(arguments).envs(environment.iter().copied());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // A command that reads nothing may have ended by now; that is no failure.
    let _ = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output()?;
    Ok(Run {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout)?,
        stderr: String::from_utf8(output.stderr)?,
    })
}

/// Starts a command of the binary that is to be watched.
pub(crate) fn start(folder: &Folder, arguments: &[&str]) -> anyhow::Result<Process> {
    Process::spawn(binary(folder).args(arguments))
}

/// A running service.
pub(crate) struct Service {
    process: Process,
    client: Client,
    address: String,
    arguments: Vec<String>,
    folder: Folder,
}

impl Service {
    /// Starts the service on a free port, in a folder of its own.
    pub(crate) fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        Self::start_in(Folder::new()?, arguments)
    }

    /// Starts the service on a free port.
    pub(crate) fn start_in(folder: Folder, arguments: &[&str]) -> anyhow::Result<Self> {
        Self::start_with(folder, arguments, &[])
    }

    /// Starts the service on a free port with variables in its environment.
    pub(crate) fn start_with(
        folder: Folder,
        arguments: &[&str],
        environment: &[(&str, String)],
    ) -> anyhow::Result<Self> {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut command = binary(&folder);
        command.args(["--port", "0", "--set", "metrics.port=0"]).args(&arguments);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let process = Process::spawn(&mut command)?;
        let address = process.line("where it listens", |line| address(line, "archon-auth listens"))?;
        let client = Client::new(format!("http://{address}"))?;
        Ok(Self { process, client, address, arguments, folder })
    }

    /// A client without token and user agent.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Such as `127.0.0.1:41234`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    /// Makes sure that none of these is in the log, which has been written.
    pub(crate) fn logs_none_of<T: AsRef<str>>(&self, secrets: &[T]) {
        let lines = self.process.lines();
        assert!(lines.iter().any(|line| line.contains("\"/auth/")), "no request was logged");
        for secret in secrets.iter().map(AsRef::as_ref) {
            let telling: Vec<_> = lines.iter().filter(|line| line.contains(secret)).collect();
            assert!(!secret.is_empty() && telling.is_empty(), "{secret:?} is in the log: {telling:?}");
        }
    }

    /// Where the figures are.
    pub(crate) fn metrics_address(&self) -> anyhow::Result<String> {
        self.process.line("where its metrics are", |line| address(line, "metrics listen"))
    }

    /// A client of the figures.
    pub(crate) fn metrics(&self) -> anyhow::Result<Client> {
        Client::new(format!("http://{}", self.metrics_address()?))
    }

    /// Ends the service as a power cut would.
    pub(crate) fn kill_hard(&mut self) -> anyhow::Result<()> {
        self.process.kill_hard()
    }

    /// Asks the service to stop and waits until it has.
    pub(crate) fn terminate(&mut self) -> anyhow::Result<ExitStatus> {
        self.process.signal("TERM")?;
        self.process.wait()
    }

    /// Waits until the service has stopped, after a signal.
    pub(crate) fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        self.process.wait()
    }

    /// Starts a service that has ended again: in the same folder with the same settings, on another port.
    pub(crate) fn restart(&mut self) -> anyhow::Result<()> {
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        *self =
            Self::start_in(self.folder.clone(), &arguments).context("the service does not start again")?;
        Ok(())
    }

    /// Runs a command beside the service, with the same settings on the same data directory.
    pub(crate) fn command(&self, arguments: &[&str]) -> anyhow::Result<Run> {
        self.command_reading(arguments, "")
    }

    /// Starts a command beside the service that goes on, and listens to what it prints.
    pub(crate) fn follow(&self, arguments: &[&str]) -> anyhow::Result<Process> {
        Process::spawn_printing(binary(&self.folder).args(arguments).args(&self.arguments))
    }

    /// The same, with something on standard input.
    pub(crate) fn command_reading(&self, arguments: &[&str], input: &str) -> anyhow::Result<Run> {
        let settings = self.arguments.iter().map(String::as_str);
        let all: Vec<&str> = arguments.iter().copied().chain(settings).collect();
        archon_auth(&self.folder, &all, &[], input)
    }
}

/// The address in a log line with this message.
fn address(line: &str, message: &str) -> Option<String> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    if line["message"] != message {
        return None;
    }
    Some(line["address"].as_str()?.to_owned())
}
