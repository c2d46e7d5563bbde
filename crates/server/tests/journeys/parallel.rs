//! Many requests at once, on stores whose writers really race.

use std::collections::BTreeSet;
use std::future::Future;

use archon_testkit::{Answer, Client};
use futures::future::try_join_all;
use serde_json::json;

use crate::support::{Account, Database, PASSWORD, Service};

const ADA: &str = "ada@example.com";

/// No limits, since all requests come from one address; the hashing is the default's.
const UNLIMITED: [&str; 2] = ["--set", "rate_limits.enabled=false"];

#[tokio::test]
async fn what_must_happen_once_happens_once_on_sqlite() -> anyhow::Result<()> {
    let service = Service::start(&UNLIMITED)?;
    hold(&service).await
}

#[tokio::test]
async fn what_must_happen_once_happens_once_on_postgresql() -> anyhow::Result<()> {
    let database = Database::create()?;
    let url = format!("database.url={}", database.url());
    let mut service = Service::start(&[UNLIMITED[0], UNLIMITED[1], "--set", &url])?;
    let held = hold(&service).await;
    service.terminate()?;
    held
}

async fn hold(service: &Service) -> anyhow::Result<()> {
    let client = service.client();
    let answers = hundred(|| Account::try_register(client, ADA)).await?;
    assert_eq!((count(&answers, 201), count(&answers, 409)), (1, 99), "one account, no 503");
    let opened = answers.iter().find(|answer| answer.status == 201);
    let account = opened.map(|answer| Account::of(ADA, answer)).transpose()?;
    let token = account.map(|account| account.refresh).unwrap_or_default();

    let spent = json!({"refresh_token": token});
    let answers = hundred(|| client.post("/auth/refresh", &spent)).await?;
    assert_eq!(count(&answers, 200), 100);
    let successors: BTreeSet<_> = answers.iter().map(|answer| answer.text_at("/refresh_token")).collect();
    assert_eq!(successors.len(), 1, "a hundred equal refresh tokens");

    // From the user's own address and to one that nobody has: both lock after five.
    for email in [ADA, "nobody@example.com"] {
        let guess = json!({"email": email, "password": "WrongPass123!"});
        let answers = hundred(|| client.post("/auth/login", &guess)).await?;
        assert_eq!((count(&answers, 401), count(&answers, 429)), (5, 95), "{email}");
    }
    let unlock = service.command(&["user", "unlock", ADA])?;
    unlock.success()?;
    let right = json!({"email": ADA, "password": PASSWORD});
    let answers = hundred(|| client.post("/auth/login", &right)).await?;
    assert_eq!(count(&answers, 200), 100, "right passwords lock nobody out");
    let sessions = at_most_five(client, &answers).await?;
    assert_eq!(sessions, 5, "and open no more sessions than allowed");
    Ok(())
}

/// How many of the log-ins still stand.
async fn at_most_five(client: &Client, log_ins: &[Answer]) -> anyhow::Result<usize> {
    let asked = log_ins.iter().map(|answer| {
        let client = client.with_token(answer.text_at("/access_token"));
        async move { client.get("/auth/me").await }
    });
    Ok(count(&try_join_all(asked).await?, 200))
}

async fn hundred<F>(request: impl Fn() -> F) -> anyhow::Result<Vec<Answer>>
where
    F: Future<Output = anyhow::Result<Answer>>,
{
    try_join_all((0..100).map(|_| request())).await
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}
