//! The program as a process that does not outlive its test.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};

use anyhow::Context as _;
use archon_testkit::Client;
use serde_json::Value;

/// The program under test.
const BINARY: &str = env!("CARGO_BIN_EXE_archon-testkit");

/// A running `archon-testkit`, killed and waited for when dropped.
pub(crate) struct Testkit {
    child: Child,
    pub(crate) base_url: String,
    pub(crate) control_url: String,
}

impl Testkit {
    /// Starts the program on free ports.
    pub(crate) fn start(arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(BINARY);
        command.args(["--port", "0", "--control-port", "0"]).args(arguments);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("no standard output")?;
        let read = BufReader::new(stdout).read_line(&mut line);
        let ready = read.map_err(anyhow::Error::from).and_then(|_| Ok(serde_json::from_str::<Value>(&line)?));
        let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
        match ready {
            Ok(ready) => Ok(Self {
                base_url: text(&ready, "base_url"),
                control_url: text(&ready, "control_url"),
                child,
            }),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                Err(error).context("archon-testkit does not start")
            }
        }
    }

    /// A client of the service.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        Client::new(self.base_url.clone())
    }

    /// A client of the control.
    pub(crate) fn control(&self) -> anyhow::Result<Client> {
        Client::new(self.control_url.clone())
    }

    /// Asks the program to end, and waits until it has.
    pub(crate) fn terminate(mut self) -> anyhow::Result<ExitStatus> {
        let arguments = ["-c", "kill -s TERM \"$0\"", &self.child.id().to_string()];
        anyhow::ensure!(Command::new("sh").args(arguments).status()?.success(), "no signal was sent");
        Ok(self.child.wait()?)
    }
}

impl Drop for Testkit {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the program says when it is started in a way that it refuses.
pub(crate) fn refusal(arguments: &[&str]) -> anyhow::Result<String> {
    let mut command = Command::new(BINARY);
    let output = command.args(["--port", "0", "--control-port", "0"]).args(arguments).output()?;
    anyhow::ensure!(!output.status.success(), "it was not refused");
    Ok(String::from_utf8(output.stderr)?)
}
