//! Who attacks, and what they get: nothing.

use anyhow::ensure;
use archon_testkit::{Answer, Client};
use serde_json::json;

use super::town::Person;
use crate::support::PASSWORD;

/// How many addresses a botnet has.
const BOTS: u32 = 200;

/// Where the one comes from who stuffs an account.
pub(super) const STUFFER: &str = "185.7.7.7";

fn bot(number: u32) -> String {
    format!("186.{}.{}.5", number / 250, number % 250)
}

async fn guess(client: &Client, email: &str, password: &str) -> anyhow::Result<Answer> {
    let answer = client.post("/auth/login", &json!({"email": email, "password": password})).await?;
    ensure!(answer.status != 200, "a guess was let in at {email}");
    ensure!(answer.status < 500, "a guess broke something: {} {}", answer.status, answer.text);
    Ok(answer)
}

/// Tries three common passwords at three accounts from each of many addresses, each below its own limits.
pub(super) async fn spray(base: &Client) -> anyhow::Result<()> {
    for round in 0..3 {
        let guesses = (0..BOTS).map(|number| {
            let client = base.from_address(&bot(number)).with_user_agent("python-requests/2.32");
            let email = format!("person-{}@example.com", (number * 3 + round) % 1000);
            async move { guess(&client, &email, "Summer2026!!").await }
        });
        for answer in futures::future::try_join_all(guesses).await? {
            ensure!([401, 429].contains(&answer.status), "{} {}", answer.status, answer.text);
        }
    }
    Ok(())
}

/// Tries one account with a list of leaked passwords, from one address; what the last guess was answered.
pub(super) async fn stuff(base: &Client, email: &str) -> anyhow::Result<Answer> {
    let client = base.from_address(STUFFER).with_user_agent("curl/8.5.0");
    for number in 0..14 {
        guess(&client, email, &format!("Leaked{number}Pass!")).await?;
    }
    // By now the password is on the list.
    guess(&client, email, PASSWORD).await
}

/// Presents refresh tokens that were stolen and have been spent by their owners; how each is answered.
pub(super) async fn reuse(base: &Client, robbed: &[Person]) -> anyhow::Result<()> {
    let thief = base.from_address("187.1.2.3").with_user_agent("curl/8.5.0");
    for person in robbed {
        let answer = person.account.refresh(&thief).await?;
        ensure!((answer.status, answer.code()) == (401, "TOKEN_REUSED"), "{} {}", answer.status, answer.text);
    }
    Ok(())
}

/// Uses access tokens that were stolen a moment ago, from another continent, as the very browser of their owners.
pub(super) async fn travel(base: &Client, robbed: &[Person]) -> anyhow::Result<()> {
    let abroad = base.from_address("190.5.5.5");
    for person in robbed {
        let answer = person.account.me(&abroad.with_user_agent(&person.browser())).await?;
        ensure!(answer.status == 401, "a stolen session was let in: {}", answer.text);
    }
    Ok(())
}

/// Comes back from a provider with states that nobody was given.
pub(super) async fn forge(base: &Client) -> anyhow::Result<()> {
    for number in 0..25 {
        let client = base.from_address(&format!("188.2.3.{}", 10 + number % 3)).with_user_agent("curl/8.5.0");
        let path = format!("/auth/oauth/google/callback?code=stolen&state={number:043}");
        let answer = client.get(&path).await?;
        ensure!(
            (answer.status, answer.code()) == (400, "INVALID_STATE"),
            "{} {}",
            answer.status,
            answer.text
        );
    }
    Ok(())
}
