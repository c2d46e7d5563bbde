//! Looking after mails.

use archon_testkit::Reception;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Stage, because, each, list};
use crate::support::{assert_refused, fields, seconds};

/// The mails of a registration.
const KINDS: [&str; 2] = ["verify_email", "welcome"];

/// A service whose mails to two new users were given up.
async fn given_up() -> anyhow::Result<Stage> {
    let stage = Stage::set().await?;
    until_counted(&stage, "pending", 0).await?;
    stage.server.mailbox().set_reception(Reception::Refuses);
    for email in ["b@example.com", "c@example.com"] {
        stage.server.register(email).await?;
    }
    until_counted(&stage, "failed", 4).await?;
    Ok(stage)
}

/// Waits until as many mails are counted so.
async fn until_counted(stage: &Stage, name: &str, count: u64) -> anyhow::Result<Value> {
    let mut tries = stage.server.mailbox().tries();
    let counted = async {
        loop {
            let counts = stage.shown("/mail").await?;
            if counts[name] == count {
                return anyhow::Ok(counts);
            }
            // What a try came to is written after it.
            let _ = tokio::time::timeout(std::time::Duration::from_millis(20), tries.changed()).await;
        }
    };
    tokio::time::timeout(seconds(10), counted).await?
}

#[tokio::test]
async fn the_queue_is_counted_with_the_age_of_its_oldest_mail() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let empty = json!({"pending": 0, "failed": 0, "oldest_pending": null, "oldest_pending_seconds": null});
    assert_eq!(until_counted(&stage, "pending", 0).await?, empty);
    stage.server.mailbox().set_reception(Reception::Silent);
    stage.server.register("b@example.com").await?;
    stage.server.clock().advance(seconds(90));
    let counts = stage.shown("/mail").await?;
    let waiting = json!({
        "pending": 2, "failed": 0, "oldest_pending": "2026-01-05T10:00:00.123456Z", "oldest_pending_seconds": 90,
    });
    assert_eq!(counts, waiting);
    Ok(())
}

#[tokio::test]
async fn mails_that_were_given_up_are_listed_and_one_is_tried_again() -> anyhow::Result<()> {
    let stage = given_up().await?;
    let failed = stage.shown("/mail/failed").await?;
    let mails = list(&failed, "mails")?;
    let mut to = each(mails, "to");
    to.sort();
    let expected = ["b@example.com", "b@example.com", "c@example.com", "c@example.com"];
    assert_eq!((to, &failed["total"]), (expected.map(str::to_owned).into(), &json!(4)));
    for mail in mails {
        assert!(KINDS.iter().any(|kind| mail["kind"] == *kind) && mail["attempts"] == 1, "{mail}");
        assert!(mail["last_error"].as_str().is_some_and(|error| !error.is_empty()), "{mail}");
        assert_eq!(mail["queued_at"], "2026-01-05T10:00:00.123456Z");
    }
    assert!(!failed.to_string().contains("token="), "the secrets in mails are not shown: {failed}");
    let one = stage.shown("/mail/failed?limit=1").await?;
    assert_eq!((list(&one, "mails")?.len(), &one["total"]), (1, &json!(4)));

    stage.server.mailbox().set_reception(Reception::Takes);
    let [id, address, kind] = ["id", "to", "kind"].map(|name| each(mails, name).remove(0));
    let path = format!("/auth/admin/mail/failed/{id}/retry");
    let answer = stage.admin().post(&path, &because()).await?;
    assert_eq!((answer.status, &answer.json), (200, &json!({"retried": 1})), "{}", answer.text);
    stage.assert_recorded("retry_mail", &id, None).await?;
    stage.server.mail(&address, &kind).await?;
    assert_refused(&stage.admin().post(&path, &because()).await?, 404, "MAIL_NOT_FOUND");
    Ok(())
}

#[tokio::test]
async fn all_mails_that_were_given_up_are_tried_again() -> anyhow::Result<()> {
    let stage = given_up().await?;
    stage.server.mailbox().set_reception(Reception::Takes);
    let answer = stage.admin().post("/auth/admin/mail/failed/retry", &because()).await?;
    assert_eq!((answer.status, &answer.json), (200, &json!({"retried": 4})), "{}", answer.text);
    stage.assert_recorded("retry_mails", "every failed mail", None).await?;
    assert_eq!(stage.recorded("retry_mails").await?["details"]["count"], 4);
    for email in ["b@example.com", "c@example.com"] {
        for kind in KINDS {
            stage.server.mail(email, kind).await?;
        }
    }
    let again = stage.admin().post("/auth/admin/mail/failed/retry", &because()).await?;
    assert_eq!(again.json, json!({"retried": 0}));
    Ok(())
}

#[tokio::test]
async fn what_is_no_mail_and_no_limit_is_refused() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    for id in ["0198c0de-7d3a-7000-8000-000000000000", "nonsense"] {
        let path = format!("/auth/admin/mail/failed/{id}/retry");
        let answer = stage.admin().send(Method::POST, &path, Some(&because())).await?;
        assert_refused(&answer, 404, "MAIL_NOT_FOUND");
    }
    let answer = stage.get("/auth/admin/mail/failed?limit=0&cursor=x").await?;
    assert_refused(&answer, 400, "VALIDATION_ERROR");
    assert_eq!(fields(&answer), ["limit", "cursor"]);
    Ok(())
}
