//! The example's own binary: Archon Auth as always, but its events are in the files.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use archon_testkit::Client;
use futures::future::try_join_all;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};

/// Long enough for a machine that builds something else at the same time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Settings that make a password cost nothing, and leave the usual ports to others.
const SETTINGS: [&str; 5] = [
    "hashing.memory_kib=16",
    "hashing.iterations=1",
    "keys.algorithm=EdDSA",
    "metrics.enabled=false",
    "server.port=0",
];

/// The example's binary, with nothing configured but [`SETTINGS`].
fn binary(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_archon-example-storage-adapter"));
    command.args(arguments).args(SETTINGS.iter().flat_map(|setting| ["--set", setting]));
    command.env_clear().current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// A running service; killed when dropped.
struct Service {
    client: Client,
    _log: Lines<BufReader<ChildStderr>>,
    _process: Child,
}

impl Service {
    async fn start(folder: &Path) -> anyhow::Result<Self> {
        let mut process = binary(folder, &[]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let mut log = BufReader::new(process.stderr.take().context("no standard error")?).lines();
        let started = said(&mut log, "archon-auth listens").await?;
        let client = Client::new(started["url"].as_str().context("no address")?.to_owned())?;
        Ok(Self { client, _log: log, _process: process })
    }
}

/// The next log line with this message.
async fn said(log: &mut Lines<BufReader<ChildStderr>>, message: &str) -> anyhow::Result<Value> {
    let found = async {
        let mut lines = Vec::new();
        while let Some(line) = log.next_line().await? {
            match serde_json::from_str::<Value>(&line) {
                Ok(entry) if entry["message"] == message => return Ok(entry),
                _ => lines.push(line),
            }
        }
        anyhow::bail!("the service never said {message:?}; it said:\n{}", lines.join("\n"))
    };
    tokio::time::timeout(PATIENCE, found).await?
}

/// Every event in the files of the example.
fn events(folder: &Path) -> anyhow::Result<Vec<Value>> {
    let mut events = Vec::new();
    for entry in std::fs::read_dir(folder.join("security-events"))? {
        let path = entry?.path();
        // Beside the events stands what the chain was cut at.
        if path.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        for line in std::fs::read_to_string(path)?.lines() {
            events.push(serde_json::from_str(line)?);
        }
    }
    Ok(events)
}

#[tokio::test]
async fn a_registration_and_what_administrators_do_stand_in_the_files() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let service = Service::start(folder.path()).await?;
    let body = json!({"email": "ada@example.com", "password": "SecurePass123!", "name": "Ada Lovelace"});
    let registered = service.client.post("/auth/register", &body).await?;
    ensure!(registered.status == 201, "{}", registered.text);

    // Whoever exports an account waits for the events that are still to be written.
    let client = service.client.with_token(registered.text_at("/tokens/access_token"));
    let export = client.get("/auth/me/export").await?;
    let exported = export.json["security_events"].as_array().context("no events")?;
    let event = exported.iter().find(|event| event["type"] == "registered").context("not exported")?;
    let written = events(folder.path())?;
    let line = written.iter().find(|line| line["id"] == event["id"]).context("not in the files")?;
    assert_eq!((&line["type"], &line["time"]), (&event["type"], &event["time"]));
    assert_eq!(
        (&line["user_id"], &line["ip_address"]),
        (&registered.json["user"]["id"], &json!("127.0.0.1"))
    );

    // Commands are processes of their own, here several at once beside the service.
    let commands = ["ben", "cleo", "dora"].map(|name| {
        let email = format!("{name}@example.com");
        let create = ["user", "create", "--email", &email, "--generate-password"];
        binary(folder.path(), &create).output()
    });
    for output in try_join_all(commands).await? {
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let actions = events(folder.path())?.into_iter().filter(|event| event["type"] == "admin_action");
    assert_eq!(actions.count(), 3);
    Ok(())
}

#[tokio::test]
async fn a_start_says_what_a_killed_process_left() -> anyhow::Result<()> {
    let folder = TempDir::new()?;
    let directory = folder.path().join("security-events");
    std::fs::create_dir(&directory)?;
    std::fs::write(directory.join("2026-03-01.jsonl"), "{\"id\":")?;
    let mut command = binary(folder.path(), &["user", "create", "--email", "ada@example.com"]);
    let output = command.arg("--generate-password").output().await?;
    let said = String::from_utf8(output.stderr)?;
    let lines = said.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let warnings: Vec<_> = lines.filter(|line| line["level"] == "WARN" && line["bytes"] == 6).collect();
    assert_eq!(warnings.len(), 1, "{said}");
    assert!(warnings[0]["path"].as_str().is_some_and(|path| path.ends_with("2026-03-01.jsonl")));
    Ok(())
}
