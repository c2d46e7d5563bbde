//! The mail server is away for as long as users register, and comes back.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use archon_testkit::Client;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::ledger::Ledger;
use super::{MailServer, borrowed, register, settings, users};
use crate::support::{Database, Folder, Service};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mail_arrives_once_after_the_server_was_away() -> anyhow::Result<()> {
    let mut server = MailServer::start_guarded(json!({"closed": true, "brief": true}))?;
    let service = Service::start(&borrowed(&settings(&server)))?;
    let ledger = away_and_back(&mut server, &[&service]).await?;
    for arrival in ledger.arrivals() {
        assert!(arrival.is_encrypted && arrival.user.as_deref() == Some("archon"), "{arrival:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_on_postgresql_share_the_mails_and_send_each_once() -> anyhow::Result<()> {
    let mut server = MailServer::start(json!({"closed": true, "brief": true}))?;
    let (database, mut settings) = (Database::create()?, settings(&server));
    settings.extend(["--set".to_owned(), format!("database.url={}", database.url())]);
    let replicas = [(); 2].map(|()| Service::start_in(Folder::new()?, &borrowed(&settings)));
    let [first, second] = replicas;
    let (first, second) = (first?, second?);
    away_and_back(&mut server, &[&first, &second]).await?;
    for replica in [&first, &second] {
        assert!(figure(&replica.metrics()?, "archon_mail_send_seconds_count{outcome=\"sent\"}").await? > 0);
    }
    Ok(())
}

/// Lets users register while the server is away, and holds against the ledger what arrives then.
async fn away_and_back(server: &mut MailServer, replicas: &[&Service]) -> anyhow::Result<Ledger> {
    let (begun, count) = (Instant::now(), users()?);
    let clients: Vec<Client> = replicas.iter().map(|replica| replica.client().clone()).collect();
    let addresses = register(&clients, count).await?;
    let registered = begun.elapsed();

    let health = clients[0].get("/auth/health").await?;
    assert_eq!((health.status, health.text_at("/status")), (200, "degraded"), "{}", health.text);
    let queue = replicas[0].command(&["mail", "queue", "--json", "--limit", "1"])?.success()?;
    let queue: Value = serde_json::from_str(&queue)?;
    assert_eq!((queue["pending"].as_u64(), queue["failed"].as_u64()), (Some(2 * count as u64), Some(0)));
    let metrics = replicas[0].metrics()?;
    assert_eq!(figure(&metrics, "archon_mail_queue_pending").await?, 2 * count as u64);

    server.open()?;
    let begun = Instant::now();
    let ledger = Ledger::complete(server, &addresses).await?;
    eprintln!(
        "{count} registrations within {registered:?}; {} mails arrived within {:?} after the server came back",
        ledger.mails(),
        begun.elapsed()
    );
    assert_eq!((ledger.mails(), ledger.arrived(1)), (2 * count, 2 * count), "each once");
    let noted = timeout(Duration::from_secs(30), async {
        while figure(&metrics, "archon_mail_queue_pending").await? > 0 {
            sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    });
    noted.await.context("mails that have arrived are not noted as sent")??;
    assert_eq!(figure(&metrics, "archon_mail_queue_age_seconds").await?, 0);
    Ok(ledger)
}

/// A figure of the metrics page.
async fn figure(metrics: &Client, name: &str) -> anyhow::Result<u64> {
    let page = metrics.get("/metrics").await?.text;
    let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.with_context(|| format!("no {name} in:\n{page}"))?.parse().context("no whole number")
}
