//! A mail server of a test's own.

use std::process::Stdio;
use std::time::Duration;

use archon_mail_lettre::SmtpSettings;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// A process that runs `smtp_server.py`; ends with its value.
pub(crate) struct SmtpServer {
    pub(crate) port: u16,
    /// Holds the certificates, `authority.pem` among them.
    pub(crate) folder: TempDir,
    process: Child,
    stdin: Option<ChildStdin>,
    events: UnboundedReceiver<Value>,
}

impl SmtpServer {
    /// Starts one; `smtp_server.py` says what `setup` may hold.
    pub(crate) async fn start(mut setup: Value) -> Self {
        let python = std::env::var("ARCHON_TEST_PYTHON").expect(
            "ARCHON_TEST_PYTHON is not set: run the tests by scripts/test.sh, which makes it, or set it to a \
             Python with the packages of scripts/requirements-test.txt",
        );
        let folder = tempfile::tempdir().unwrap();
        let [certificate, key] = certify(&folder);
        setup["certificate"] = certificate.into();
        setup["key"] = key.into();
        let mut process = Command::new(python)
            .args([concat!(env!("CARGO_MANIFEST_DIR"), "/tests/postman/smtp_server.py"), &setup.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let events = follow(process.stdout.take().unwrap());
        let stdin = process.stdin.take();
        let mut server = Self { port: 0, folder, process, stdin, events };
        let listening = server.event("listening").await;
        server.port = u16::try_from(listening["port"].as_u64().unwrap()).unwrap();
        server
    }

    /// The settings to reach it, given what stands before the host and after the port.
    pub(crate) fn settings(&self, before: &str, after: &str) -> SmtpSettings {
        let authority = self.folder.path().join("authority.pem");
        let url = format!("{before}127.0.0.1:{}{after}", self.port);
        SmtpSettings { ca_file: Some(authority), ..SmtpSettings::new(url) }
    }

    /// The next event of a name; those before it are passed over.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        loop {
            let event = self.next().await;
            let event = event.unwrap_or_else(|| panic!("the mail server ended before it said {name}"));
            if event["event"] == name {
                return event;
            }
        }
    }

    /// Lets connections in that wait for their greeting.
    pub(crate) async fn greet(&mut self) {
        self.tell("greet\n").await;
    }

    /// Cuts every connection off.
    pub(crate) async fn cut(&mut self) {
        self.tell("cut\n").await;
        self.event("cut").await;
    }

    async fn tell(&mut self, line: &str) {
        self.stdin.as_mut().unwrap().write_all(line.as_bytes()).await.unwrap();
    }

    /// Ends it; returns the events that nobody has asked for.
    pub(crate) async fn stop(mut self) -> Vec<Value> {
        self.stdin = None;
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        self.process.wait().await.unwrap();
        events
    }

    async fn next(&mut self) -> Option<Value> {
        let event = tokio::time::timeout(Duration::from_secs(30), self.events.recv());
        event.await.expect("the mail server says nothing more")
    }
}

/// Reads on whether anybody asks or not: the server would wait for a full pipe.
fn follow(stdout: ChildStdout) -> UnboundedReceiver<Value> {
    let (sender, events) = unbounded_channel();
    tokio::spawn(async move {
        let mut lines = BufReader::new(stdout).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            let _ = sender.send(serde_json::from_str(&line).unwrap());
        }
    });
    events
}

/// Makes an authority and a certificate for 127.0.0.1; returns the paths of certificate and key.
fn certify(folder: &TempDir) -> [String; 2] {
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = parameters.self_signed(&key).unwrap();
    let issuer = Issuer::new(parameters, key);
    let key = KeyPair::generate().unwrap();
    let host = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = host.signed_by(&key, &issuer).unwrap();
    let files = [
        ("authority.pem", authority.pem()),
        ("host.pem", certificate.pem()),
        ("key.pem", key.serialize_pem()),
    ];
    for (name, content) in files {
        std::fs::write(folder.path().join(name), content).unwrap();
    }
    ["host.pem", "key.pem"].map(|name| folder.path().join(name).to_str().unwrap().to_owned())
}

/// How many events have this name.
pub(crate) fn count(events: &[Value], name: &str) -> usize {
    events.iter().filter(|event| event["event"] == name).count()
}

/// A server that answers as told, in clear and for anybody.
pub(crate) fn answering(command: &str, answers: &[Option<&str>]) -> Value {
    json!({ "answers": { command: answers } })
}
