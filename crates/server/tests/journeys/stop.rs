//! A stop that nobody notices: what was begun is finished.

use std::net::TcpStream;

use archon_testkit::Client;
use tokio::task::JoinSet;

use crate::support::{Account, PASSWORD, Service, until};

/// As many as one address may have under way at a time.
const LOGINS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_lets_slow_requests_finish_and_writes_their_mails_and_events() -> anyhow::Result<()> {
    // About a second for each hash, one at a time.
    let slow = ["--set", "hashing.iterations=100", "--set", "hashing.threads=1"];
    let mut service = Service::start(&slow)?;
    let (client, metrics) = (service.client().clone(), service.metrics()?);
    let account = Account::register(&client, "ada@example.com").await?;

    let mut logins = JoinSet::new();
    for _ in 0..LOGINS {
        let (client, account) = (client.clone(), account.clone());
        logins.spawn(async move { account.log_in(&client, PASSWORD).await });
    }
    let (late, newcomer) = (client.clone(), "bob@example.com");
    let registration = tokio::spawn(async move { Account::register(&late, newcomer).await });
    waiting_hashes(&metrics, LOGINS).await?;
    service.process().signal("TERM")?;
    tokio::task::block_in_place(|| {
        until("new connections are refused", || {
            Ok(TcpStream::connect(service.address()).is_err().then_some(()))
        })
    })?;
    let mut answers = Vec::new();
    while let Some(answer) = logins.try_join_next() {
        answers.push(answer?);
    }
    assert!(answers.len() < LOGINS, "the logins were over before the door was shut");

    answers.extend(logins.join_all().await);
    for answer in answers {
        let answer = answer?;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let newcomer = registration.await??;
    assert_eq!(service.wait()?.code(), Some(0));
    let mails = service.folder().mails()?;
    let to_newcomer = mails.iter().filter(|mail| mail.contains(&format!("<{}>\r\n", newcomer.email)));
    assert_eq!(to_newcomer.count(), 2, "the welcome and the verification: {mails:?}");

    service.restart()?;
    // A registration is a log-in, too.
    assert_eq!(events(service.client(), &account).await?, (1, 1 + LOGINS));
    assert_eq!(events(service.client(), &newcomer).await?, (1, 1));
    Ok(())
}

/// How many registrations and log-ins are recorded for an account.
async fn events(client: &Client, account: &Account) -> anyhow::Result<(usize, usize)> {
    let export = client.with_token(&account.access).get("/auth/me/export").await?;
    anyhow::ensure!(export.status == 200, "no export: {}", export.text);
    let count = |kind: &str| {
        let events = export.json["security_events"].as_array().into_iter().flatten();
        events.filter(|event| event["type"] == kind).count()
    };
    Ok((count("registered"), count("login_succeeded")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_does_not_wait_for_idle_connections() -> anyhow::Result<()> {
    let mut service = Service::start(&[])?;
    let idle = TcpStream::connect(service.address())?;
    assert_eq!(service.client().get("/auth/health/live").await?.status, 200);
    let begun = std::time::Instant::now();
    assert_eq!(service.terminate()?.code(), Some(0));
    assert!(begun.elapsed().as_secs() < 15, "half of server.shutdown_timeout went by");
    drop(idle);
    Ok(())
}

/// Waits until that many hashes wait for their turn.
async fn waiting_hashes(metrics: &Client, count: usize) -> anyhow::Result<()> {
    let wanted = format!("archon_hash_queue_depth {count}");
    for _ in 0..1000 {
        if metrics.get("/metrics").await?.text.lines().any(|line| line == wanted) {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    anyhow::bail!("there are never {count} hashes waiting")
}
