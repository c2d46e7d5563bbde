//! A service moves to another database and its users notice nothing.

use serde_json::json;

use super::{storage, storage_json, total};
use crate::support::{Account, CHEAP, Database, Folder, PASSWORD, Service, change_sqlite, until};

/// A mail server that is not there, so that mails stay unsent.
const NO_MAIL_SERVER: [&str; 2] = ["--set", "mail.smtp_url=smtp://127.0.0.1:1"];

/// The users of a service and what they hold.
struct Users {
    /// Is logged in.
    ada: Account,
    /// Has logged out; the tokens are refused.
    bob: Account,
}

#[tokio::test]
async fn a_service_moves_to_postgresql_and_back_with_its_sessions_and_unsent_mails() -> anyhow::Result<()> {
    let (folder, database) = (Folder::new()?, Database::create()?);
    let mut users = fill(&folder).await?;
    let sqlite = "sqlite:archon-data/archon.db";
    let copied = storage_json(&folder, "copy", sqlite, &database.url())?;
    assert_eq!((copied["complete"].as_bool(), total(&copied, "rows")), (Some(true), total(&copied, "added")));
    assert_eq!(storage_json(&folder, "verify", sqlite, &database.url())?["equal"], true);

    let elsewhere = Folder::new()?;
    let url = format!("database.url={}", database.url());
    let settings = [&CHEAP[..], &["--set", &url]].concat();
    let mut service = Service::start_in(elsewhere.clone(), &settings)?;
    all_goes_on(&service, &mut users).await?;
    let mails = until("the unsent mails are sent", || {
        let mails = elsewhere.mails()?;
        Ok((mails.len() >= 4).then_some(mails))
    })?;
    assert!(mails.iter().any(|mail| mail.contains(&users.ada.email)), "{mails:?}");
    assert_eq!(service.terminate()?.code(), Some(0));

    let back = format!("sqlite:{}", folder.path().join("back/archon.db").display());
    let copied = storage(&folder, "copy", &database.url(), &back, &[])?.success()?;
    assert!(copied.contains("signing_keys              1          1"), "{copied}");
    let verified = storage(&folder, "verify", &database.url(), &back, &[])?.success()?;
    assert!(verified.ends_with("the two are equal\n"), "{verified}");
    let data = folder.path().join("back").display().to_string();
    let service = Service::start_in(folder, &[&CHEAP[..], &["--data-dir", &data]].concat())?;
    all_goes_on(&service, &mut users).await
}

/// Uses a service on SQLite so that every table holds something, and stops it.
async fn fill(folder: &Folder) -> anyhow::Result<Users> {
    let mut service = Service::start_in(folder.clone(), &[&CHEAP[..], &NO_MAIL_SERVER].concat())?;
    let client = service.client().with_user_agent("curl/8.5.0");
    let ada = Account::register(&client, "Ada@example.com").await?;
    let bob = Account::register(&client, "bob@example.com").await?;
    let answer = ada.log_in(&client, PASSWORD).await?;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = client.with_token(&bob.access).post("/auth/logout", &json!({})).await?;
    assert_eq!(answer.status, 204, "{}", answer.text);
    assert_eq!(service.terminate()?.code(), Some(0));
    // Nobody wants to wait for the next try of a mail.
    let due_now = "UPDATE mail_outbox SET next_attempt_at = 0 WHERE next_attempt_at IS NOT NULL";
    change_sqlite(&folder.data().join("archon.db"), due_now)?;
    Ok(Users { ada, bob })
}

/// Old tokens work and become new ones, refused ones are refused, passwords are known.
async fn all_goes_on(service: &Service, users: &mut Users) -> anyhow::Result<()> {
    let client = &service.client().with_user_agent("curl/8.5.0");
    let me = users.ada.me(client).await?;
    assert_eq!((me.status, me.text_at("/email")), (200, "Ada@example.com"), "{}", me.text);
    let refreshed = users.ada.refresh(client).await?;
    assert_eq!(refreshed.status, 200, "{}", refreshed.text);
    users.ada.access = refreshed.text_at("/access_token").to_owned();
    users.ada.refresh = refreshed.text_at("/refresh_token").to_owned();
    let me = users.bob.me(client).await?;
    assert_eq!((me.status, me.code()), (401, "TOKEN_REVOKED"), "{}", me.text);
    assert_eq!(users.bob.refresh(client).await?.status, 401);
    assert_eq!(users.bob.log_in(client, PASSWORD).await?.status, 200);
    let taken = Account::try_register(client, "ADA@example.com").await?;
    assert_eq!(taken.status, 409, "{}", taken.text);
    Ok(())
}
