//! A certified OpenID provider, `oidc-provider` for Node, in a process of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::Context as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use super::{CLIENT_ID, CLIENT_SECRET, REDIRECT_URI};

/// A running provider; gone with its value.
pub(crate) struct CertifiedProvider {
    /// `http://127.0.0.1:<port>`: its issuer, unless it has tenants.
    pub(crate) origin: String,
    _process: Child,
    _folder: TempDir,
}

impl CertifiedProvider {
    /// A provider with `more` in its configuration; `scripts/third-party/openid-provider.mjs` says what there is.
    pub(crate) async fn start(more: Value) -> anyhow::Result<Self> {
        let mut configuration = json!({
            "client": {
                "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "redirect_uris": [REDIRECT_URI],
            },
            "account": {
                "sub": "ada", "email": "ada@example.com", "email_verified": true, "name": "Ada Lovelace",
            },
        });
        merge(&mut configuration, &more);
        let folder = tempfile::tempdir()?;
        let script = folder.path().join("openid-provider.mjs");
        let from =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/third-party/openid-provider.mjs");
        std::fs::copy(&from, &script).with_context(|| format!("{} cannot be read", from.display()))?;
        // Node looks for packages beside the script and above it, and nowhere else.
        std::os::unix::fs::symlink(node_modules()?, folder.path().join("node_modules"))?;
        // It ends when its standard input does, so also when this process is killed.
        let mut process = Command::new("node")
            .arg(&script)
            .arg(configuration.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("node cannot be started: the tests need Node 18 or newer")?;
        let stdout = process.stdout.take().context("no standard output")?;
        let origin = BufReader::new(stdout).lines().next_line().await?;
        let origin = origin.context("the provider ended before it began; see what it says above")?;
        Ok(Self { origin, _process: process, _folder: folder })
    }

    /// Puts a new signing key in place of the present one.
    pub(crate) async fn rotate_keys(&self) -> anyhow::Result<()> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        client.post(format!("{}/control/rotate", self.origin)).send().await?.error_for_status()?;
        Ok(())
    }
}

/// Where the packages of `scripts/third-party/package.json` are.
fn node_modules() -> anyhow::Result<PathBuf> {
    let name = "ARCHON_TEST_NODE_MODULES";
    let path = std::env::var_os(name).map(PathBuf::from).with_context(|| {
        format!(
            "{name} is not set: run the tests with scripts/test.sh, which makes it, or set it to the \
             node_modules of scripts/third-party/package.json"
        )
    })?;
    anyhow::ensure!(path.exists(), "{name} names {}, which does not exist", path.display());
    Ok(path)
}

fn merge(into: &mut Value, more: &Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (name, value) in more {
                merge(into.entry(name.clone()).or_insert(Value::Null), value);
            }
        }
        (into, more) => *into = more.clone(),
    }
}
