//! What time does to flows and keys: in this process, since the binary goes by the clock of the machine.

use std::time::Duration;

use archon_testkit::TestServer;
use serde_json::json;

use super::REDIRECT_URI;
use super::flow::{begin, finish, log_in, profile};
use super::providers::LocalProvider;
use super::visitor::Visitor;

async fn server(google: &LocalProvider) -> anyhow::Result<TestServer> {
    let settings = google.settings();
    let settings = settings.iter().filter_map(|setting| setting.split_once('='));
    let builder = TestServer::builder().set("oauth.redirect_uris", REDIRECT_URI);
    settings.fold(builder, |builder, (key, value)| builder.set(key, value)).start().await
}

fn ada() -> anyhow::Result<LocalProvider> {
    LocalProvider::google(&json!({"ada": {"email": "ada@example.com", "email_verified": true}}))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_expires_after_ten_minutes() -> anyhow::Result<()> {
    let google = ada()?;
    let server = server(&google).await?;
    let (client, mut ada) = (server.client(), Visitor::new("ada")?);
    for (seconds, status) in [(599, 200), (601, 400)] {
        let back = ada.log_in(&begin(&client, "google").await?.url).await?;
        server.clock().advance(Duration::from_secs(seconds));
        let answer = finish(&client, "google", &back).await?;
        assert_eq!(answer.status, status, "after {seconds} s: {}", answer.text);
        assert_eq!(answer.code(), if status == 200 { "" } else { "INVALID_STATE" });
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotated_keys_lock_nobody_out() -> anyhow::Result<()> {
    let google = ada()?;
    let server = server(&google).await?;
    let (client, mut ada) = (server.client(), Visitor::new("ada")?);
    let before = profile(&client, &log_in(&client, "google", &mut ada).await?).await?;
    google.rotate_keys().await?;

    // Keys are not asked for twice within half a minute, or whoever makes up tokens could have them asked for.
    let early = log_in(&client, "google", &mut ada).await?;
    assert_eq!((early.status, early.code()), (502, "PROVIDER_ERROR"), "{}", early.text);
    server.clock().advance(Duration::from_secs(31));
    let after = log_in(&client, "google", &mut ada).await?;
    assert_eq!(profile(&client, &after).await?["id"], before["id"]);
    Ok(())
}
