//! What an authenticated request costs.

use std::cell::Cell;
use std::collections::BTreeMap;

use archon_testkit::Answer;
use reqwest::Method;

use super::Installation;
use crate::support::Account;
use crate::support::servers::OwnPostgres;

const REQUESTS: usize = 1000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_authenticated_request_is_one_round_trip_and_no_statement() -> anyhow::Result<()> {
    let postgres = OwnPostgres::start(&["log_statement=all"])?;
    let settings = ["--set", "rate_limits.default.limit=100000", "--set", "server.trusted_proxies=127.0.0.1"];
    let installation = Installation::start_on(postgres, &settings).await?;
    let account = Account::register(installation.replica(0), "ada@example.com").await?;
    let client = installation.replica(0).with_token(&account.access);
    let me = async || client.get("/auth/me").await;
    // The first reads the account and puts it in.
    assert_eq!(me().await?.json["email"], "ada@example.com");
    assert_cost(&installation, me).await?;
    // A client that has IPv4 and IPv6 uses either as it pleases: only the first use of each is written down.
    let by_turns = ["127.0.0.1", "2001:db8::7"].map(|address| client.from_address(address));
    let turn = Cell::new(0);
    let me_by_turns = async || {
        turn.set(turn.get() + 1);
        by_turns[turn.get() % 2].get("/auth/me").await
    };
    for _ in 0..4 {
        assert_eq!(me_by_turns().await?.status, 200);
    }
    assert_cost(&installation, me_by_turns).await?;
    // Ends at the gate: no session can have this id, which needs no look-up.
    let none = async || client.send(Method::DELETE, "/auth/sessions/none", None).await;
    assert_eq!(none().await?.code(), "SESSION_NOT_FOUND");
    assert_cost(&installation, none).await
}

/// Holds many requests to one script each, and to no statement.
async fn assert_cost(
    installation: &Installation,
    ask: impl AsyncFn() -> anyhow::Result<Answer>,
) -> anyhow::Result<()> {
    let (before, statements_before) = (commands(installation)?, statements(installation)?);
    for _ in 0..REQUESTS {
        ask().await?;
    }
    let after = commands(installation)?;
    let made = |name: &str| after.get(name).copied().unwrap_or(0) - before.get(name).copied().unwrap_or(0);
    let scripts = made("evalsha");
    let statements = statements(installation)? - statements_before;
    eprintln!(
        "{REQUESTS} authenticated requests: {scripts} scripts, {statements} statements in the background"
    );
    assert!((REQUESTS..REQUESTS + REQUESTS / 10).contains(&usize::try_from(scripts)?), "{scripts} scripts");
    // Three replicas look for mails and changes once a second; nothing is asked per request.
    assert!(statements < REQUESTS / 2, "{statements} statements");
    Ok(())
}

/// How often each command was called, by Redis's own count; those within a script count by themselves.
fn commands(installation: &Installation) -> anyhow::Result<BTreeMap<String, u64>> {
    let stats = installation.redis.command(&["INFO", "commandstats"])?;
    let read = |line: &str| {
        let (name, rest) = line.trim().strip_prefix("cmdstat_")?.split_once(":calls=")?;
        Some((name.to_owned(), rest.split(',').next()?.parse().ok()?))
    };
    Ok(stats.lines().filter_map(read).collect())
}

/// How many statements PostgreSQL was sent.
fn statements(installation: &Installation) -> anyhow::Result<usize> {
    let log = installation.postgres.log()?;
    Ok(log.lines().filter(|line| line.contains("statement: ") || line.contains("execute ")).count())
}
