use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::command;
use crate::mail::MailServer;
use crate::support::{Account, CHEAP, Database, Folder, Service, until};

const EMAIL: &str = "ada@example.com";

/// A service that sends to this server, with a user whose two mails are due.
async fn service_with_mails(server: &MailServer, settings: &[&str]) -> anyhow::Result<Service> {
    let service = Service::start(&[&CHEAP[..], &["--set", &server.setting()], settings].concat())?;
    Account::register(service.client(), EMAIL).await?;
    Ok(service)
}

/// Lists mails as JSON once there are two.
fn both(service: &Service, list: &str, options: &[&str]) -> anyhow::Result<Vec<Value>> {
    let list = [&["mail", list, "--json"], options].concat();
    tokio::task::block_in_place(|| {
        until("both mails are listed", || {
            let listed: Value = serde_json::from_str(&service.command(&list)?.success()?)?;
            let mails = listed["mails"].as_array().cloned().unwrap_or_default();
            // One that is being tried for the first time has no error yet.
            let are_tried = mails.iter().all(|mail| !mail["last_error"].is_null());
            Ok((mails.len() == 2 && are_tried).then_some(mails))
        })
    })
}

#[tokio::test]
async fn empty_lists_say_so() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    assert_eq!(command(&folder, &["mail", "queue"])?.success()?, "no mail waits to be sent\n");
    assert_eq!(command(&folder, &["mail", "failed"])?.success()?, "no mail was given up\n");
    assert_eq!(command(&folder, &["mail", "retry", "--all"])?.success()?, "no mail was given up\n");
    let none = json!({"pending": 0, "failed": 0, "oldest_pending": null, "mails": []});
    for list in ["queue", "failed"] {
        let listed = command(&folder, &["mail", list, "--json"])?.success()?;
        assert_eq!(serde_json::from_str::<Value>(&listed)?, none);
    }
    let nothing_named = command(&folder, &["mail", "retry"])?;
    assert_eq!(nothing_named.status, Some(2), "{nothing_named:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_that_wait_are_listed_with_their_tries_and_without_their_addresses() -> anyhow::Result<()> {
    let words = format!("451 4.7.1 <{EMAIL}>: greylisted");
    let server = MailServer::start(json!({"answers": {"RCPT": words}}))?;
    let service = service_with_mails(&server, &[]).await?;
    let masked = both(&service, "queue", &[])?;
    let whole = both(&service, "queue", &["--show-addresses"])?;
    for (masked, whole) in masked.iter().zip(&whole) {
        assert_eq!((&masked["to"], &whole["to"]), (&json!("a***@example.com"), &json!(EMAIL)));
        assert_eq!((&masked["id"], &masked["attempts"]), (&whole["id"], &json!(1)));
        assert_eq!(whole["last_error"], format!("temporary: {words}"));
        assert!(masked["next_attempt_at"].as_str() > masked["queued_at"].as_str(), "{masked}");
    }
    assert!(!masked.iter().any(|mail| mail.to_string().contains(EMAIL)), "{masked:?}");

    let table = service.command(&["mail", "queue", "--limit", "1"])?.success()?;
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(lines[0].starts_with("2 waiting to be sent, the oldest for "), "{table}");
    assert!(lines[2].starts_with(masked[0]["id"].as_str().unwrap_or("-")), "{table}");
    assert!(lines[2].ends_with("  temporary: 451 4.7.1 <a***@example.com>: greylisted"), "{table}");

    let id = masked[0]["id"].as_str().unwrap_or_default();
    let waits = service.command(&["mail", "retry", id])?;
    assert_eq!(waits.status, Some(1));
    assert!(waits.stderr.contains("it waits still"), "{}", waits.stderr);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_mails_are_listed_and_sent_again_beside_the_running_service() -> anyhow::Result<()> {
    refused_and_sent_again(&[]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_mails_are_listed_and_sent_again_on_postgresql() -> anyhow::Result<()> {
    let database = Database::create()?;
    refused_and_sent_again(&["--set", &format!("database.url={}", database.url())]).await
}

async fn refused_and_sent_again(settings: &[&str]) -> anyhow::Result<()> {
    let never = format!("550 5.1.1 <{EMAIL}>: no such user");
    let server = MailServer::start(json!({"brief": true, "answers": {"RCPT": [&never, &never]}}))?;
    let service = service_with_mails(&server, settings).await?;
    let failed = both(&service, "failed", &["--show-addresses"])?;
    for mail in &failed {
        assert_eq!((&mail["attempts"], &mail["next_attempt_at"]), (&json!(1), &Value::Null));
        assert_eq!(mail["last_error"], format!("permanent: {never}"));
    }
    let figures = service.metrics()?.get("/metrics").await?.text;
    for kind in ["verify_email", "welcome"] {
        let figure = format!("archon_mails_total{{kind=\"{kind}\",outcome=\"failed\"}} 1\n");
        assert!(figures.contains(&figure), "{figures}");
    }
    let table = service.command(&["mail", "failed"])?.success()?;
    assert!(table.starts_with("2 given up; mail retry sends them again\nID "), "{table}");
    assert!(table.contains("<a***@example.com>: no such user") && !table.contains(EMAIL), "{table}");
    assert_eq!(
        service.command(&["mail", "queue"])?.success()?,
        "no mail waits to be sent; 2 given up, which mail failed lists\n"
    );

    let id = failed[0]["id"].as_str().unwrap_or_default();
    assert_eq!(service.command(&["mail", "retry", id])?.success()?, "1 mail is queued again\n");
    let asked = Instant::now();
    arrived(&server, 1)?;
    assert!(asked.elapsed() < Duration::from_secs(5), "a look each second: {:?}", asked.elapsed());
    let again = service.command(&["mail", "retry", id])?;
    assert_eq!(again.status, Some(1), "it was sent");
    assert!(again.stderr.contains(&format!("no mail {id} was given up")), "{}", again.stderr);

    assert_eq!(service.command(&["mail", "retry", "--all"])?.success()?, "1 mail is queued again\n");
    arrived(&server, 2)?;
    assert_eq!(service.command(&["mail", "failed"])?.success()?, "no mail was given up\n");
    Ok(())
}

fn arrived(server: &MailServer, count: usize) -> anyhow::Result<()> {
    tokio::task::block_in_place(|| {
        until("mails arrive", || Ok((server.arrivals().len() >= count).then_some(())))
    })
}
