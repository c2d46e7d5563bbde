use std::process::{Child, Command, Stdio};

use anyhow::Context as _;
use tempfile::TempDir;

use super::super::outside::run;
use super::super::process::until;
use super::{free_port, on_path};

/// A Redis server that keeps nothing on disk, ended with the value.
pub(crate) struct OwnRedis {
    port: u16,
    folder: TempDir,
    process: Option<Child>,
}

impl OwnRedis {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("archon-redis-").tempdir()?;
        let mut redis = Self { port: free_port()?, folder, process: None };
        redis.start_again()?;
        Ok(redis)
    }

    /// Starts the server after it was killed: empty, on its old port.
    pub(crate) fn start_again(&mut self) -> anyhow::Result<()> {
        let program = ["redis-server", "valkey-server"].into_iter().find_map(on_path).context(
            "neither redis-server nor valkey-server is on the search path: run the tests with scripts/test.sh, \
             which provides one, or install it (Debian and Ubuntu: apt-get install redis-server)",
        )?;
        let mut command = Command::new(program);
        command.args([
            "--port",
            &self.port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        command.arg("--dir").arg(self.folder.path());
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(quiet.spawn().context("the Redis server does not start")?);
        until("the Redis server answers", || Ok(self.command(&["PING"]).ok()))?;
        Ok(())
    }

    /// Ends the server as a power cut would.
    pub(crate) fn kill_hard(&mut self) -> anyhow::Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }

    /// What `redis.url` has to be.
    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Runs a command by redis-cli, as an operator would; returns what it prints.
    pub(crate) fn command(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let program = ["redis-cli", "valkey-cli"].into_iter().find_map(on_path);
        let mut command = Command::new(program.context("redis-cli is not on the search path")?);
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-e"]).args(arguments);
        Ok(run(&mut command, "")?.trim_end().to_owned())
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        let _ = self.kill_hard();
    }
}
