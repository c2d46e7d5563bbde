//! The receiver that docs/alerts.md shows, run as it stands there.

use std::process::Stdio;

use anyhow::{Context as _, bail, ensure};
use archon_domain::ports::Clock as _;
use archon_server::system::SystemClock;
use archon_testkit::TestServer;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use super::{SECRET, STRANGER, told_to};
use crate::support::{WRONG, log_in, seconds};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/alerts.md");

/// The one program of the page.
fn program() -> anyhow::Result<String> {
    let page = std::fs::read_to_string(PAGE)?;
    let (_, rest) = page.split_once("```python\n").context("the page shows no receiver")?;
    let (program, rest) = rest.split_once("```").context("the block has no end")?;
    ensure!(!rest.contains("```python"), "the page shows two");
    Ok(program.to_owned())
}

/// The receiver at work, on a port that it has chosen; gone when it is dropped.
struct Running {
    port: u16,
    output: Lines<BufReader<ChildStdout>>,
    _process: Child,
}

impl Running {
    async fn start() -> anyhow::Result<Self> {
        let mut command = Command::new("python3");
        command.args(["-u", "-c", &program()?]).env("ALERT_SECRET", SECRET).env("PORT", "0");
        command.stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().context("python3 is missing: install the package python3")?;
        let output = process.stdout.take().context("no output")?;
        let mut running = Self { port: 0, output: BufReader::new(output).lines(), _process: process };
        let line = running.line().await?;
        let port = line.rsplit(' ').next().and_then(|port| port.parse().ok());
        running.port = port.with_context(|| format!("it does not say where it listens: {line}"))?;
        Ok(running)
    }

    /// The next line that it prints.
    async fn line(&mut self) -> anyhow::Result<String> {
        let line = tokio::time::timeout(seconds(20), self.output.next_line()).await;
        line.context("it says nothing")??.context("it has ended")
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }
}

#[tokio::test]
async fn the_documented_receiver_takes_what_the_service_sends() -> anyhow::Result<()> {
    let mut receiver = Running::start().await?;
    let server = told_to(TestServer::builder().set("rate_limits.enabled", "false"), &receiver.url());
    let server = server.start().await?;
    let stranger = server.client().from_address(STRANGER);
    for _ in 0..10 {
        log_in(&stranger, "nobody@example.com", WRONG).await?;
    }
    assert_eq!(receiver.line().await?, format!("warning failed_logins {STRANGER} 10 events"));
    Ok(())
}

#[tokio::test]
async fn the_documented_receiver_refuses_what_was_signed_by_another_or_long_ago() -> anyhow::Result<()> {
    let receiver = Running::start().await?;
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    let now = SystemClock.now().timestamp();
    let body = json!({"type": "alert.raised", "data": {}}).to_string();
    for (timestamp, signature) in [(now, "v1,AAAA"), (now, ""), (now - 3600, "v1,AAAA")] {
        let request = http.post(receiver.url()).header("webhook-id", "1").body(body.clone());
        let request = request.header("webhook-timestamp", timestamp).header("webhook-signature", signature);
        let status = request.send().await?.status();
        if status != 401 {
            bail!("{status}");
        }
    }
    Ok(())
}
