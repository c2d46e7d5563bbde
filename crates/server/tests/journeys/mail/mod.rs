//! No mail is lost and none is sent twice, whatever becomes of the mail server or the service.
//!
//! `ARCHON_TEST_MAIL_USERS` says how many users register where many do; 200 unless it is set. With 1,000 the
//! tests take longer than the runner's default profile allows: `--profile ci` does.

mod away;
mod greylisting;
mod kills;
mod ledger;
mod schedule;
mod server;
mod stop;

use anyhow::Context as _;
use archon_testkit::Client;
use tokio::task::JoinSet;

use crate::support::{Account, CHEAP};
pub(crate) use server::MailServer;

/// How many register at the same time.
const CLIENTS: usize = 6;

/// How many users register.
fn users() -> anyhow::Result<usize> {
    match std::env::var("ARCHON_TEST_MAIL_USERS") {
        Ok(text) => text.parse().context("ARCHON_TEST_MAIL_USERS is a number of users"),
        Err(_) => Ok(200),
    }
}

/// Cheap passwords, no rate limits, this mail server, and a first retry after a second.
fn settings(server: &MailServer) -> Vec<String> {
    let own = [
        "--set",
        "rate_limits.enabled=false",
        "--set",
        "mail.first_retry=1",
        "--set",
        "mail.max_attempts=20",
        "--set",
        &server.setting(),
    ];
    CHEAP.iter().chain(&own).map(|argument| (*argument).to_owned()).collect()
}

fn borrowed(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// Registers so many users, by all clients at the same time; their addresses.
async fn register(clients: &[Client], count: usize) -> anyhow::Result<Vec<String>> {
    let mut tasks = JoinSet::new();
    for number in 0..CLIENTS {
        let client = clients[number % clients.len()].clone();
        tasks.spawn(async move {
            let mut addresses = Vec::new();
            for user in (number..count).step_by(CLIENTS) {
                let address = format!("user-{user}@example.com");
                Account::register(&client, &address).await?;
                addresses.push(address);
            }
            anyhow::Ok(addresses)
        });
    }
    let shares = tasks.join_all().await.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    Ok(shares.concat())
}
