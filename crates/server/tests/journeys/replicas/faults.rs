//! Nobody is logged out, nobody gets in, nothing is lost, whatever fails.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::client::LoadClient;
use super::ledger::Ledger;
use super::{Installation, REPLICAS};

const CLIENTS: usize = 64;

/// How long the clients work undisturbed before, between and after the faults.
const CALM: Duration = Duration::from_secs(2);

/// The one phase in which requests may be answered 503.
const POSTGRES_RESTARTS: usize = 5;

/// Settings under which only faults refuse anything: the clients share one address, and log in often.
const UNLIMITED: [&str; 12] = [
    "--set",
    "rate_limits.default.limit=1000000",
    "--set",
    "rate_limits.login.limit=1000000",
    "--set",
    "rate_limits.register.limit=1000000",
    "--set",
    "rate_limits.refresh.limit=1000000",
    "--set",
    "sessions.max_concurrent_sessions=10000",
    "--set",
    "hashing.queue=1000",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_logged_out_and_nobody_gets_in_whatever_fails() -> anyhow::Result<()> {
    let mut installation = Installation::start(&UNLIMITED).await?;
    let ledger = Arc::new(Ledger::default());
    let (stop, stopped) = watch::channel(false);
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let client = LoadClient::new(installation.client()?, Arc::clone(&ledger), number).await?;
        clients.spawn(client.run(stopped.clone()));
    }
    sleep(CALM).await;
    let recovery = make_everything_fail(&mut installation, &ledger).await;
    sleep(CALM).await;
    stop.send(true)?;
    for client in clients.join_all().await {
        client?;
    }
    let recovery = recovery?;
    eprintln!("{ledger}");
    for (what, took) in &recovery {
        eprintln!("{what}: recovered after {} ms", took.as_millis());
    }
    let violations = ledger.violations();
    assert!(violations.is_empty(), "{} of them:\n{}", violations.len(), shortened(&violations));
    for phase in (0..=6).filter(|phase| *phase != POSTGRES_RESTARTS) {
        assert_eq!(ledger.unavailable_in(phase), 0, "nothing is refused in phase {phase}");
    }
    Ok(())
}

/// Lets one thing after the other fail; how long the installation took to be healthy again after each.
async fn make_everything_fail(
    installation: &mut Installation,
    ledger: &Ledger,
) -> anyhow::Result<Vec<(&'static str, Duration)>> {
    let mut recovery = Vec::new();

    ledger.enter(1);
    for _ in 0..5 {
        installation.redis.command(&["FLUSHALL"])?;
        sleep(Duration::from_millis(300)).await;
    }
    recovery.push(("Redis was emptied five times", installation.until_healthy().await?));
    sleep(CALM).await;

    ledger.enter(2);
    installation.redis.kill_hard()?;
    sleep(CALM).await;
    installation.redis.start_again()?;
    recovery.push(("Redis was killed and came back empty", installation.until_healthy().await?));
    sleep(CALM).await;

    ledger.enter(3);
    installation.redis.command(&["CLIENT", "PAUSE", "2000", "ALL"])?;
    sleep(Duration::from_millis(2000)).await;
    recovery.push(("Redis stood still for two seconds", installation.until_healthy().await?));
    sleep(CALM).await;

    ledger.enter(4);
    starve(installation).await?;
    recovery.push(("Redis had 4 MB and evicted", installation.until_healthy().await?));

    ledger.enter(POSTGRES_RESTARTS);
    installation.postgres.restart()?;
    recovery.push(("PostgreSQL was restarted", installation.until_healthy().await?));
    sleep(CALM).await;

    ledger.enter(6);
    let victim = REPLICAS - 1;
    installation.replicas[victim].kill_hard()?;
    sleep(CALM).await;
    installation.replicas[victim].restart().context("the killed replica")?;
    let address = installation.replicas[victim].address().to_owned();
    installation.balancer.replace(victim, &address);
    recovery.push(("a replica was killed and started again", installation.until_healthy().await?));
    Ok(recovery)
}

/// Gives Redis so little memory, and so much else to keep, that it throws out keys of ours all the time.
async fn starve(installation: &Installation) -> anyhow::Result<()> {
    let redis = &installation.redis;
    redis.command(&["CONFIG", "SET", "maxmemory", "4mb"])?;
    redis.command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"])?;
    let fill = "for i = 1, 500 do redis.call('SET', KEYS[1] .. i, string.rep('x', 4000)) end";
    for round in 0..20 {
        redis.command(&["EVAL", fill, "1", &format!("junk:{round}:")])?;
        sleep(Duration::from_millis(150)).await;
    }
    let evicted = redis.command(&["INFO", "stats"])?;
    anyhow::ensure!(!evicted.contains("evicted_keys:0"), "nothing was evicted");
    redis.command(&["CONFIG", "SET", "maxmemory", "0"])?;
    Ok(())
}

fn shortened(violations: &[String]) -> String {
    let first: Vec<String> =
        violations.iter().take(10).map(|text| text.chars().take(400).collect()).collect();
    first.join("\n")
}
