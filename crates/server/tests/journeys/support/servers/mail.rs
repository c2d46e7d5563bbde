use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::super::outside::python;
use super::super::service::Folder;

/// A real mail server (aiosmtpd), ended with the value.
pub(crate) struct OwnMailServer {
    process: Child,
    /// At whose end the server ends by itself.
    stdin: ChildStdin,
    stdout: Option<ChildStdout>,
    port: u16,
    folder: Folder,
    login: Option<(&'static str, &'static str)>,
}

impl OwnMailServer {
    /// Starts one for anybody; `smtp_server.py` says what `setup` may hold.
    pub(crate) fn start(setup: &Value) -> anyhow::Result<Self> {
        Self::start_in(Folder::new()?, setup, None)
    }

    /// Starts one that takes mails only with STARTTLS and from somebody who has logged in.
    pub(crate) fn start_guarded(mut setup: Value) -> anyhow::Result<Self> {
        let (folder, login) = (Folder::new()?, ("archon", "mail-password"));
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
        let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| folder.path().join(name));
        std::fs::write(&certificate, made.cert.pem())?;
        std::fs::write(&key, made.signing_key.serialize_pem())?;
        setup["tls"] = "starttls".into();
        (setup["certificate"], setup["key"]) = (json!(certificate), json!(key));
        (setup["user"], setup["password"]) = (login.0.into(), login.1.into());
        Self::start_in(folder, &setup, Some(login))
    }

    fn start_in(
        folder: Folder,
        setup: &Value,
        login: Option<(&'static str, &'static str)>,
    ) -> anyhow::Result<Self> {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../mail-lettre/tests/postman/smtp_server.py");
        let mut command = python()?;
        command.arg(script).arg(setup.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().context("the mail server cannot be started")?;
        let stdin = process.stdin.take().context("no standard input")?;
        let stdout = process.stdout.take().context("no standard output")?;
        let mut server = Self { process, stdin, stdout: None, port: 0, folder, login };
        // Nobody knows the server yet, so nothing comes after this line that the buffer could swallow.
        let (mut stdout, mut line) = (BufReader::new(stdout), String::new());
        stdout.read_line(&mut line)?;
        server.stdout = Some(stdout.into_inner());
        let listening: Value = serde_json::from_str(&line).context("the mail server does not start")?;
        server.port = serde_json::from_value(listening["port"].clone())?;
        Ok(server)
    }

    /// The setting by which the service sends mails to it.
    pub(crate) fn setting(&self) -> String {
        let Some((user, password)) = self.login else {
            return format!("mail.smtp_url=smtp://127.0.0.1:{}?tls=none", self.port);
        };
        let authority = self.folder.path().join("certificate.pem");
        let authority = authority.display();
        format!("mail.smtp_url=smtp://{user}:{password}@127.0.0.1:{}?ca_file={authority}", self.port)
    }

    /// Takes connections from now on, where it was told to start closed.
    pub(crate) fn open(&mut self) -> anyhow::Result<()> {
        self.stdin.write_all(b"open\n").context("the mail server has ended")
    }

    /// What it tells from now on, in lines of JSON; for one who listens to the end, or the server waits.
    pub(crate) fn events(&mut self) -> anyhow::Result<ChildStdout> {
        self.stdout.take().context("somebody else listens to the mail server")
    }
}

impl Drop for OwnMailServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
