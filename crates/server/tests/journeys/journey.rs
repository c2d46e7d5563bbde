//! The account journey of the README on each storage backend, with everything else as by default.

use std::time::Duration;

use serde_json::json;

use crate::support::{Account, Database, PASSWORD, Service};

const EMAIL: &str = "ada@example.com";

#[tokio::test]
async fn a_user_registers_logs_in_refreshes_and_logs_out_on_the_embedded_sqlite() -> anyhow::Result<()> {
    journey(&[]).await
}

#[tokio::test]
async fn a_user_registers_logs_in_refreshes_and_logs_out_in_memory() -> anyhow::Result<()> {
    journey(&["--set", "database.url=memory:"]).await
}

#[tokio::test]
async fn a_user_registers_logs_in_refreshes_and_logs_out_on_postgresql() -> anyhow::Result<()> {
    let database = Database::create()?;
    journey(&["--set", &format!("database.url={}", database.url())]).await
}

#[tokio::test]
async fn a_spent_refresh_token_ends_the_session_after_the_window_on_the_embedded_sqlite() -> anyhow::Result<()>
{
    replay_after_the_window(&[]).await
}

#[tokio::test]
async fn a_spent_refresh_token_ends_the_session_after_the_window_in_memory() -> anyhow::Result<()> {
    replay_after_the_window(&["--set", "database.url=memory:"]).await
}

#[tokio::test]
async fn a_spent_refresh_token_ends_the_session_after_the_window_on_postgresql() -> anyhow::Result<()> {
    let database = Database::create()?;
    replay_after_the_window(&["--set", &format!("database.url={}", database.url())]).await
}

async fn journey(arguments: &[&str]) -> anyhow::Result<()> {
    let mut service = Service::start(arguments)?;
    let client = service.client().with_user_agent("curl/8.5.0");
    let registered = Account::register(&client, EMAIL).await?;

    let answer = registered.log_in(&client, PASSWORD).await?;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(answer.text_at("/token_type"), "Bearer");
    let account = Account {
        access: answer.text_at("/access_token").to_owned(),
        refresh: answer.text_at("/refresh_token").to_owned(),
        ..registered
    };

    let me = account.me(&client).await?;
    assert_eq!((me.status, me.text_at("/email")), (200, EMAIL));
    assert_eq!(me.text_at("/id"), account.id);
    let sessions = client.with_token(&account.access).get("/auth/sessions").await?;
    assert_eq!((sessions.status, &sessions.json["total"]), (200, &json!(2)), "{}", sessions.text);

    let first = account.refresh(&client).await?;
    assert_eq!(first.status, 200, "{}", first.text);
    assert_ne!(first.text_at("/refresh_token"), account.refresh);
    let replayed = account.refresh(&client).await?;
    assert_eq!(replayed.status, 200, "inside the window: {}", replayed.text);
    assert_eq!(replayed.text_at("/refresh_token"), first.text_at("/refresh_token"));

    let renewed = client.with_token(first.text_at("/access_token"));
    assert_eq!(renewed.get("/auth/me").await?.status, 200);
    let logged_out = renewed.post("/auth/logout", &json!({})).await?;
    assert_eq!((logged_out.status, logged_out.text.as_str()), (204, ""));
    for token in [&account.access, first.text_at("/access_token")] {
        let me = client.with_token(token).get("/auth/me").await?;
        assert_eq!((me.status, me.code()), (401, "TOKEN_REVOKED"), "{}", me.text);
    }
    assert_eq!(service.terminate()?.code(), Some(0));
    let secrets = [PASSWORD, EMAIL, &account.access, &account.refresh, first.text_at("/refresh_token")];
    service.logs_none_of(&secrets);
    Ok(())
}

async fn replay_after_the_window(arguments: &[&str]) -> anyhow::Result<()> {
    let arguments = [arguments, &["--set", "tokens.refresh_grace=1"]].concat();
    let service = Service::start(&arguments)?;
    let client = service.client().clone();
    let account = Account::register(&client, EMAIL).await?;
    let rotated = account.refresh(&client).await?;
    assert_eq!(rotated.status, 200, "{}", rotated.text);

    // The one place where time has to pass for real: the process reads the machine's own clock.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let replayed = account.refresh(&client).await?;
    assert_eq!((replayed.status, replayed.code()), (401, "TOKEN_REUSED"), "{}", replayed.text);
    assert_eq!(replayed.text_at("/message"), "Invalid or expired refresh token");

    let successor = Account { refresh: rotated.text_at("/refresh_token").to_owned(), ..account };
    let after = successor.refresh(&client).await?;
    assert_eq!(after.status, 401, "the successor went with the session: {}", after.text);
    assert_eq!(successor.me(&client).await?.status, 401);
    Ok(())
}
