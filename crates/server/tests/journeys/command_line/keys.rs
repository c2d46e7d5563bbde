use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use archon_testkit::Client;
use serde_json::Value;
use tokio::sync::oneshot;

use super::command;
use crate::support::{Account, CHEAP, Folder, PASSWORD, Service, token_header};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_of_the_running_service_turns_no_request_away() -> anyhow::Result<()> {
    // Room for the sessions of every log-in below.
    let settings = ["--set", "keys.activation_delay=1", "--set", "sessions.max_concurrent_sessions=100"];
    let service = Service::start(&[&CHEAP[..], &settings].concat())?;
    let client = service.client().clone();
    let account = Account::register(&client, "ada@example.com").await?;
    let old_key = token_header(&account.access)?["kid"].clone();
    let (stop, stopped) = oneshot::channel();
    let traffic = tokio::spawn(asks_without_pause(client.clone(), account.clone(), stopped));

    let made = service.command(&["keys", "rotate"])?.success()?;
    let new_key: Value = made.split_whitespace().nth(1).unwrap_or_default().trim_end_matches(';').into();
    assert!(made.contains("; it signs from "), "{made}");
    // Nobody tells the service: it finds the key by itself.
    let renewed = logs_in_with_key(&client, &account, &new_key).await?;
    assert_eq!(published(&client).await?, sorted([&old_key, &new_key]));

    for token in [&account.access, &renewed] {
        let me = client.with_token(token).get("/auth/me").await?;
        assert_eq!(me.status, 200, "{}", me.text);
    }
    assert_eq!(account.refresh(&client).await?.status, 200, "the old refresh token works on");
    let _ = stop.send(());
    let asked = traffic.await??;
    assert!(asked > 0, "nobody asked anything meanwhile");

    let list = service.command(&["keys", "list"])?.success()?;
    let state = |key: &Value| list.lines().find(|line| line.starts_with(key.as_str().unwrap_or("-")));
    assert!(state(&new_key).is_some_and(|line| line.ends_with("  signs")), "{list}");
    assert!(state(&old_key).is_some_and(|line| line.contains("verifies until")), "{list}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_from_files_are_exchanged_by_sighup() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let at = |name: &str| folder.path().join(name);
    for name in ["current.pem", "previous.pem", "next.pem"] {
        command(&folder, &["keys", "generate", "--out", name, "--algorithm", "ES256"])?.success()?;
        assert_eq!(std::fs::metadata(at(name))?.permissions().mode() & 0o777, 0o600, "{name}");
    }
    let again = command(&folder, &["keys", "generate", "--out", "current.pem"])?;
    assert_eq!(again.status, Some(1));
    assert!(
        again.stderr.contains("current.pem cannot be written; it must not exist yet"),
        "{}",
        again.stderr
    );

    let files = [&CHEAP[..], &["--set", "keys.files=current.pem,previous.pem"]].concat();
    let service = Service::start_in(folder.clone(), &files)?;
    let client = service.client().clone();
    let account = Account::register(&client, "ada@example.com").await?;
    let old_key = token_header(&account.access)?["kid"].clone();
    let before = published(&client).await?;
    assert!(!service.folder().data().join("keys").exists(), "the service makes no keys of its own");
    let refused = service.command(&["keys", "rotate"])?;
    assert_eq!(refused.status, Some(1));
    assert!(refused.stderr.contains("keys.files"), "{}", refused.stderr);

    std::fs::rename(at("current.pem"), at("previous.pem"))?;
    std::fs::rename(at("next.pem"), at("current.pem"))?;
    service.process().signal("HUP")?;
    service.process().line("that it reads its keys", |line| line.contains("SIGHUP").then_some(()))?;
    publishes(&client, |keys| *keys != before).await?;
    assert_ne!(
        token_header(&logs_in(&client, &account).await?)?["kid"],
        old_key,
        "the first file's key signs"
    );
    assert_eq!(account.me(&client).await?.status, 200, "the second file's key verifies");
    Ok(())
}

/// Asks who the caller is until told to stop; an error as soon as one request is turned away.
async fn asks_without_pause(
    client: Client,
    account: Account,
    mut stop: oneshot::Receiver<()>,
) -> anyhow::Result<usize> {
    let mut asked = 0;
    while stop.try_recv().is_err() {
        let me = account.me(&client).await?;
        anyhow::ensure!(me.status == 200, "turned away: {}", me.text);
        asked += 1;
        // Well below the rate limit of 300 in a minute.
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    Ok(asked)
}

/// Logs in until the tokens are signed by this key; the access token.
async fn logs_in_with_key(client: &Client, account: &Account, key: &Value) -> anyhow::Result<String> {
    publishes(client, |keys| keys.contains(key)).await?;
    // Its delay of a second is over soon, if not already; there are 20 log-ins in a minute.
    for _ in 0..15 {
        let access = logs_in(client, account).await?;
        if token_header(&access)?["kid"] == *key {
            return Ok(access);
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    anyhow::bail!("no log-in yields a token of the key {key}")
}

/// Waits until the key set is as wanted.
async fn publishes(client: &Client, wanted: impl Fn(&Vec<Value>) -> bool) -> anyhow::Result<()> {
    for _ in 0..600 {
        if wanted(&published(client).await?) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the key set never becomes what it should be")
}

async fn logs_in(client: &Client, account: &Account) -> anyhow::Result<String> {
    let answer = account.log_in(client, PASSWORD).await?;
    anyhow::ensure!(answer.status == 200, "no log-in: {}", answer.text);
    Ok(answer.text_at("/access_token").to_owned())
}

/// The ids in the key set.
async fn published(client: &Client) -> anyhow::Result<Vec<Value>> {
    let set = client.get("/.well-known/jwks.json").await?;
    let keys = set.json["keys"].as_array().cloned().unwrap_or_default();
    Ok(sorted(keys.iter().map(|key| &key["kid"])))
}

fn sorted<'a>(keys: impl IntoIterator<Item = &'a Value>) -> Vec<Value> {
    let mut keys: Vec<Value> = keys.into_iter().cloned().collect();
    keys.sort_by_key(Value::to_string);
    keys
}
