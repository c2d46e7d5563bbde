//! What a client was told holds, however the process ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;
use archon_testkit::Client;
use tokio::task::JoinSet;

use crate::support::{Account, CHEAP, Service, change_sqlite, until};

const ROUNDS: usize = 50;
const CLIENTS: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_registration_that_was_answered_survives_fifty_kills() -> anyhow::Result<()> {
    let arguments = [&CHEAP[..], &["--set", "rate_limits.enabled=false"]].concat();
    let mut service = Service::start(&arguments)?;
    let mut accounts = Vec::new();
    for round in 0..ROUNDS {
        let answered = registrations_until_the_kill(&mut service, round).await?;
        service.restart().with_context(|| format!("round {round}"))?;
        all_work(service.client(), &answered).await.with_context(|| format!("round {round}"))?;
        accounts.extend(answered);
    }
    assert!(accounts.len() >= ROUNDS, "only {} registrations were answered", accounts.len());
    let first = accounts.first().context("no account")?;
    assert_eq!(first.me(service.client()).await?.status, 200, "the oldest session outlived every kill");
    every_verification_mail_is_written_once(&mut service, &accounts)
}

/// Lets clients register without pause and kills the service once some have been answered: another number
/// in each round, so that the kill meets another moment of the requests that are in flight.
async fn registrations_until_the_kill(service: &mut Service, round: usize) -> anyhow::Result<Vec<Account>> {
    let answered = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (client, answered) = (service.client().clone(), Arc::clone(&answered));
        clients.spawn(async move {
            let mut accounts = Vec::new();
            for attempt in 0.. {
                let email = format!("user-{round}-{number}-{attempt}@example.com");
                // The service is gone: what it did last, nobody was told.
                let Ok(answer) = Account::try_register(&client, &email).await else { break };
                accounts.push(Account::of(&email, &answer)?);
                answered.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(accounts)
        });
    }
    let enough = 1 + (round * 7) % 24;
    tokio::task::block_in_place(|| {
        until("clients were answered", || Ok((answered.load(Ordering::Relaxed) >= enough).then_some(())))
    })?;
    service.kill_hard()?;
    let mut accounts = Vec::new();
    for each in clients.join_all().await {
        accounts.extend(each?);
    }
    Ok(accounts)
}

/// Every account is there, and its session can be used and goes on.
async fn all_work(client: &Client, accounts: &[Account]) -> anyhow::Result<()> {
    let mut checks = JoinSet::new();
    for share in accounts.chunks(accounts.len().div_ceil(CLIENTS).max(1)) {
        let (client, share) = (client.clone(), share.to_vec());
        checks.spawn(async move {
            for account in share {
                let me = account.me(&client).await?;
                anyhow::ensure!(me.status == 200, "{}: me: {}", account.email, me.text);
                anyhow::ensure!(me.text_at("/id") == account.id, "{}: another user", account.email);
                let refreshed = account.refresh(&client).await?;
                anyhow::ensure!(refreshed.status == 200, "{}: refresh: {}", account.email, refreshed.text);
            }
            Ok(())
        });
    }
    checks.join_all().await.into_iter().collect()
}

fn every_verification_mail_is_written_once(
    service: &mut Service,
    accounts: &[Account],
) -> anyhow::Result<()> {
    // A mail that was being written at a kill belongs to the killed process for two minutes more; nobody
    // wants to wait that long for a test.
    assert_eq!(service.terminate()?.code(), Some(0));
    let due_now = "UPDATE mail_outbox SET next_attempt_at = 0 WHERE next_attempt_at IS NOT NULL";
    change_sqlite(&service.folder().data().join("archon.db"), due_now)?;
    service.restart()?;
    let missing = |written: &BTreeMap<String, usize>| -> Vec<String> {
        let emails = accounts.iter().map(|account| account.email.clone());
        emails.filter(|email| !written.contains_key(email)).collect()
    };
    let written = until("every mail is written", || {
        let written = verification_mails(service)?;
        Ok(missing(&written).is_empty().then_some(written))
    })?;
    let repeated: Vec<_> = written.iter().filter(|(_, count)| **count > 1).collect();
    // Sent again after a kill, a mail has the same id, and so takes the place of its own file.
    assert!(repeated.is_empty(), "written more than once: {repeated:?}");
    Ok(())
}

/// How many verification mails there are for each address.
fn verification_mails(service: &Service) -> anyhow::Result<BTreeMap<String, usize>> {
    let mut counts = BTreeMap::new();
    for mail in service.folder().mails()? {
        if !mail.contains("\nSubject: Verify your e-mail address") {
            continue;
        }
        let to = mail.lines().find_map(|line| line.strip_prefix("To: ")).context("a mail to nobody")?;
        let email = to.rsplit('<').next().unwrap_or(to).trim_end_matches('>');
        *counts.entry(email.to_owned()).or_insert(0) += 1;
    }
    Ok(counts)
}
