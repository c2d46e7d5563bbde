use std::net::TcpListener;

use serde_json::json;

use super::command;
use crate::support::{CHEAP, Folder, Service};

#[tokio::test]
async fn providers_that_are_away_or_silent_neither_delay_nor_prevent_a_start() -> anyhow::Result<()> {
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    // Takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0")?;
    let folder = Folder::new()?;
    let settings = format!(
        "[oauth.google]\nclient_id = 'g'\nclient_secret = 's'\nissuer = 'http://{closed}'\n\
         [oauth.github]\nclient_id = 'h'\nclient_secret = 's'\nurl = 'http://{closed}'\n\
         [[oauth.providers]]\nname = 'silent'\nissuer = 'http://{}'\nclient_id = 'c'\nclient_secret = 's'\n",
        silent.local_addr()?
    );
    std::fs::write(folder.path().join("archon-auth.toml"), settings)?;
    let service = Service::start_in(folder, &CHEAP)?;
    let answer = service.client().get("/auth/oauth/providers").await?;
    let providers = answer.json["providers"].as_array().cloned().unwrap_or_default();
    let listed: Vec<_> = providers.iter().map(|it| (it["name"].clone(), it["enabled"].clone())).collect();
    let wanted = [("google", true), ("github", true), ("microsoft", false), ("silent", true)];
    assert_eq!(listed, wanted.map(|(name, enabled)| (json!(name), json!(enabled))), "{}", answer.text);
    silent.set_nonblocking(true)?;
    assert!(silent.accept().is_err(), "no provider was asked for anything");
    Ok(())
}

#[test]
fn a_provider_that_cannot_be_used_stops_the_start_and_names_the_setting() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    std::fs::write(folder.path().join("empty.pem"), "-----BEGIN CERTIFICATE-----\nx\n")?;
    let microsoft = "[oauth.microsoft]\nclient_id = 'm'\nclient_secret = 'topsecret'\n";
    let other = "[[oauth.providers]]\nname = 'a'\nissuer = 'https://a.example'\nclient_id = 'a'\n\
                 client_secret = 'topsecret'\n";
    for (settings, status, reason) in [
        (
            format!("{microsoft}tenant = 'no tenant'"),
            1,
            "error: oauth.microsoft.tenant must be a tenant's id",
        ),
        (format!("{other}scopes = ['email']"), 1, "error: oauth.providers.0.scopes must hold openid"),
        (format!("[oauth]\nca_file = 'no.pem'\n{other}"), 1, "error: oauth.ca_file: no.pem cannot be read"),
        (format!("[oauth]\nca_file = 'empty.pem'\n{other}"), 1, "error: oauth.ca_file: "),
        (
            microsoft.replace("client_id = 'm'\n", ""),
            2,
            "oauth.microsoft.client_id and oauth.microsoft.client_secret (default; archon-auth.toml line 2)",
        ),
    ] {
        std::fs::write(folder.path().join("archon-auth.toml"), &settings)?;
        let run = command(&folder, &["--port", "0", "--set", "metrics.port=0"])?;
        assert_eq!(run.status, Some(status), "{settings}: {run:?}");
        assert!(run.stderr.contains(reason), "{reason:?} is missing in: {}", run.stderr);
        assert!(!run.stderr.contains("topsecret"), "{}", run.stderr);
    }
    Ok(())
}
