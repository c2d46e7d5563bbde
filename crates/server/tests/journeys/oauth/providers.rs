use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::REDIRECT_URI;
use crate::support::{Folder, copy_script, node_modules};

/// The tenant of everybody at the provider that is like Microsoft.
pub(super) const TENANT: &str = "11111111-2222-3333-4444-555555555555";

/// What providers know the service by.
pub(super) const CLIENT_ID: &str = "archon";

/// A provider in a process of its own, ended with the value.
pub(super) struct LocalProvider {
    /// Its name in paths.
    pub(super) name: &'static str,
    /// Such as `http://127.0.0.1:41234`.
    pub(super) origin: String,
    process: Child,
    /// Whoever prints to nobody is ended by it.
    _stdout: BufReader<ChildStdout>,
    _folder: Folder,
}

impl LocalProvider {
    /// Google, with these users by their names.
    pub(super) fn google(users: &Value) -> anyhow::Result<Self> {
        let setup = json!({"accounts": users, "claims_in_id_token": true});
        Self::start("google", "openid-provider.mjs", setup)
    }

    /// Microsoft, with these users of [`TENANT`].
    pub(super) fn microsoft(users: &Value) -> anyhow::Result<Self> {
        let mut users = users.clone();
        for user in users.as_object_mut().into_iter().flat_map(|users| users.values_mut()) {
            user["tid"] = json!(TENANT);
        }
        let setup = json!({"accounts": users, "claims_in_id_token": true, "tenant": TENANT});
        Self::start("microsoft", "openid-provider.mjs", setup)
    }

    /// A provider that the service has no section of its own for, and that tells addresses at its UserInfo
    /// endpoint only.
    pub(super) fn acme(users: &Value) -> anyhow::Result<Self> {
        Self::start("acme", "openid-provider.mjs", json!({"accounts": users}))
    }

    /// Google, with one user, who is logged in and agrees to everything.
    pub(super) fn google_of(user: &Value) -> anyhow::Result<Self> {
        let setup = json!({"account": user, "claims_in_id_token": true});
        Self::start("google", "openid-provider.mjs", setup)
    }

    /// GitHub.
    pub(super) fn github(users: &Value) -> anyhow::Result<Self> {
        Self::start("github", "github.mjs", json!({"users": users}))
    }

    fn start(name: &'static str, script: &str, mut setup: Value) -> anyhow::Result<Self> {
        setup["client"] = json!({
            "client_id": CLIENT_ID, "client_secret": secret(name), "redirect_uris": [REDIRECT_URI],
        });
        let folder = Folder::new()?;
        // Node looks for packages beside the script and above it, and nowhere else.
        std::os::unix::fs::symlink(node_modules()?, folder.path().join("node_modules"))?;
        let mut command = Command::new("node");
        command.arg(copy_script(script, folder.path())?).arg(setup.to_string());
        // It ends when its standard input does, so also when this process is killed.
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process =
            command.spawn().context("node cannot be started: the tests need Node 18 or newer")?;
        let mut stdout = BufReader::new(process.stdout.take().context("no standard output")?);
        let mut origin = String::new();
        stdout.read_line(&mut origin)?;
        anyhow::ensure!(!origin.is_empty(), "{script} ended before it began; see what it says above");
        let origin = origin.trim_end().to_owned();
        Ok(Self { name, origin, process, _stdout: stdout, _folder: folder })
    }

    /// The settings by which the service knows it.
    pub(super) fn settings(&self) -> Vec<String> {
        let Self { name, origin, .. } = self;
        let section = if *name == "acme" { "oauth.providers.0".to_owned() } else { format!("oauth.{name}") };
        let special: &[(&str, &str)] = match *name {
            "github" => &[("url", origin), ("api_url", origin)],
            "microsoft" => &[("authority", origin)],
            "acme" => &[("name", "acme"), ("display_name", "Acme Works"), ("issuer", origin)],
            _ => &[("issuer", origin)],
        };
        let credentials = [("client_id", CLIENT_ID), ("client_secret", &*secret(name))];
        let all = credentials.iter().chain(special);
        all.map(|(setting, value)| format!("{section}.{setting}={value}")).collect()
    }

    /// Registers where the application has users sent back to, besides [`REDIRECT_URI`].
    pub(super) async fn register(&self, redirect_uris: &[String]) -> anyhow::Result<()> {
        let all: Vec<&str> = redirect_uris.iter().map(String::as_str).chain([REDIRECT_URI]).collect();
        self.change(&json!({"client": {"redirect_uris": all}})).await
    }

    /// Changes what the provider was set up with; its script says what there is.
    pub(super) async fn change(&self, setup: &Value) -> anyhow::Result<()> {
        self.control("change", setup).await
    }

    /// Puts a new signing key in place of the present one.
    pub(super) async fn rotate_keys(&self) -> anyhow::Result<()> {
        self.control("rotate", &Value::Null).await
    }

    async fn control(&self, what: &str, body: &Value) -> anyhow::Result<()> {
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
        let request = client.post(format!("{}/control/{what}", self.origin)).json(body);
        request.send().await?.error_for_status()?;
        Ok(())
    }
}

impl Drop for LocalProvider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The client secret at a provider, with characters that forms and headers have to encode.
pub(super) fn secret(provider: &str) -> String {
    format!("{provider}'s client secret: with + and &")
}
