//! A stop does not wait for a mail server that says nothing.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::MailServer;
use crate::support::{Account, CHEAP, Service, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_does_not_wait_for_a_server_that_never_greets() -> anyhow::Result<()> {
    stops_soon(json!({"waits": true}), "connected").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_does_not_wait_for_a_server_that_never_says_it_has_the_mail() -> anyhow::Result<()> {
    stops_soon(json!({"brief": true, "answers": {"DATA": "hang"}}), "mail").await
}

/// Stops a service once its mail server has given a sign, and is silent from then on.
async fn stops_soon(silence: Value, sign: &str) -> anyhow::Result<()> {
    let server = MailServer::start(silence)?;
    let mut service = Service::start(&[&CHEAP[..], &["--set", &server.setting()]].concat())?;
    Account::register(service.client(), "ada@example.com").await?;
    tokio::task::block_in_place(|| {
        until("the service waits for the server", || Ok((!server.told(sign).is_empty()).then_some(())))
    })?;
    let begun = Instant::now();
    assert_eq!(service.terminate()?.code(), Some(0));
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(15), "{took:?}");
    let said = service.process().lines();
    assert!(said.iter().any(|line| line.contains("what is due waits")), "{said:?}");
    let queue = service.command(&["mail", "queue", "--json"])?.success()?;
    assert_eq!(serde_json::from_str::<Value>(&queue)?["pending"], 2, "{queue}");
    Ok(())
}
