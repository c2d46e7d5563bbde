use std::path::PathBuf;
use std::process::Command;

use anyhow::Context as _;
use tempfile::TempDir;

use super::super::outside::run;
use super::{free_port, on_path};

/// A PostgreSQL server, ended with the value.
pub(crate) struct OwnPostgres {
    port: u16,
    programs: PathBuf,
    folder: TempDir,
    /// Whom the server runs as, where we are root: it refuses to be.
    somebody: Option<Ids>,
}

struct Ids {
    user: String,
    group: String,
}

impl OwnPostgres {
    /// Starts a server with further settings, such as `log_statement=all`.
    pub(crate) fn start(settings: &[&str]) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("archon-postgres-").tempdir()?;
        let server = Self { port: free_port()?, programs: programs()?, folder, somebody: somebody()? };
        server.hand_over()?;
        let data = server.data();
        let arguments =
            ["--pgdata", &data, "--username=archon", "--auth=trust", "--encoding=UTF8", "--no-sync"];
        server.program("initdb", &arguments)?;
        let socket = server.folder.path().display().to_string();
        let own = [
            format!("port={}", server.port),
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={socket}"),
            "max_connections=100".to_owned(),
            "fsync=off".to_owned(),
        ];
        let options = own.iter().map(String::as_str).chain(settings.iter().copied());
        let options: Vec<String> = options.map(|setting| format!("-c {setting}")).collect();
        let (log, options) = (server.log_file(), format!("--options={}", options.join(" ")));
        server.program("pg_ctl", &["--pgdata", &data, "--log", &log, "--wait", &options, "start"])?;
        Ok(server)
    }

    /// Restarts the server: every connection is cut.
    pub(crate) fn restart(&self) -> anyhow::Result<()> {
        let (data, log) = (self.data(), self.log_file());
        self.program("pg_ctl", &["--pgdata", &data, "--log", &log, "--wait", "--mode=fast", "restart"])
    }

    /// What `database.url` has to be.
    pub(crate) fn url(&self) -> String {
        format!("postgres://archon@127.0.0.1:{}/postgres", self.port)
    }

    /// What the server has logged.
    pub(crate) fn log(&self) -> anyhow::Result<String> {
        Ok(std::fs::read_to_string(self.log_file())?)
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    fn log_file(&self) -> String {
        self.folder.path().join("log").display().to_string()
    }

    /// Gives the folder to whom the server runs as.
    fn hand_over(&self) -> anyhow::Result<()> {
        let Some(Ids { user, group }) = &self.somebody else { return Ok(()) };
        let mut command = Command::new("chown");
        run(command.arg(format!("{user}:{group}")).arg(self.folder.path()), "").map(drop)
    }

    fn program(&self, name: &str, arguments: &[&str]) -> anyhow::Result<()> {
        let program = self.programs.join(name);
        let mut command = match &self.somebody {
            Some(Ids { user, group }) => {
                let mut command = Command::new("setpriv");
                command.args([&format!("--reuid={user}"), &format!("--regid={group}"), "--clear-groups"]);
                command.arg(program);
                command
            }
            None => Command::new(program),
        };
        // The server keeps what it inherits: no pipe of ours, or nobody would see its end.
        let quiet = command.args(arguments).current_dir("/").stdout(std::process::Stdio::null());
        let status = quiet.stderr(std::process::Stdio::null()).status()?;
        anyhow::ensure!(status.success(), "{name} {arguments:?} failed: {}", self.log().unwrap_or_default());
        Ok(())
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        let data = self.data();
        let _ = self.program("pg_ctl", &["--pgdata", &data, "--wait", "--mode=immediate", "stop"]);
    }
}

/// The folder of the server's programs, which are seldom on the search path.
fn programs() -> anyhow::Result<PathBuf> {
    let packaged = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = packaged.map(|version| version.path().join("bin")).collect();
    found.sort();
    let linked = on_path("pg_ctl").and_then(|file| file.canonicalize().ok());
    found.extend(linked.and_then(|file| file.parent().map(PathBuf::from)));
    found.into_iter().rfind(|folder| folder.join("initdb").is_file()).context(
        "PostgreSQL's programs pg_ctl and initdb are not there: run the tests with scripts/test.sh, which \
         provides them, or install them (Debian and Ubuntu: apt-get install postgresql)",
    )
}

fn somebody() -> anyhow::Result<Option<Ids>> {
    let id = |arguments: &[&str]| run(Command::new("id").args(arguments), "").map(|id| id.trim().to_owned());
    if id(&["-u"])? != "0" {
        return Ok(None);
    }
    let name = if id(&["-u", "postgres"]).is_ok() { "postgres" } else { "nobody" };
    Ok(Some(Ids { user: id(&["-u", name])?, group: id(&["-g", name])? }))
}
