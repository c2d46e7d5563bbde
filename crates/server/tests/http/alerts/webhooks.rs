//! A receiver that fails, redirects, hangs and recovers: nothing is lost, and nothing is told twice.

use serde_json::{Value, json};

use super::receiver::{Manner, Message};
use super::{STRANGER, Stage};
use crate::support::{assert_refused, seconds};

/// Waits until so many notices were given up.
async fn until_given_up(stage: &Stage, count: usize) -> anyhow::Result<Vec<Value>> {
    let given_up = async {
        loop {
            let failed = stage.shown("/alerts/notices/failed").await?;
            if failed["total"] == count {
                return anyhow::Ok(failed["notices"].as_array().cloned().unwrap_or_default());
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(seconds(20), given_up).await?
}

#[tokio::test]
async fn a_receiver_that_fails_and_redirects_is_told_once_it_works() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.receiver.meets(Manner::Answers(500));
    stage.attack().await?;
    for (tries, status) in [(2, 302), (3, 429), (4, 503)] {
        stage.receiver.meets(Manner::Answers(status));
        next_try(&stage, tries).await?;
    }
    stage.receiver.meets(Manner::Takes);
    let messages = next_try(&stage, 5).await?;
    assert!(messages.iter().all(|message| message.id == messages[0].id), "{messages:?}");
    let told = &messages[4].body;
    assert_eq!(
        (told["type"].as_str(), told["data"]["ip_address"].as_str()),
        (Some("alert.raised"), Some(STRANGER))
    );
    Ok(())
}

/// Turns the clock until the try with this number has come.
async fn next_try(stage: &Stage, number: usize) -> anyhow::Result<Vec<Message>> {
    for _ in 0..100 {
        // When it is due is known once the outcome of the last one is stored.
        stage.server.clock().advance(seconds(600));
        let came = stage.receiver.messages(number);
        if let Ok(messages) = tokio::time::timeout(std::time::Duration::from_millis(100), came).await {
            return messages;
        }
    }
    anyhow::bail!("try {number} has not come")
}

#[tokio::test]
async fn a_receiver_that_wants_no_more_is_left_alone_until_an_operator_says_so() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.receiver.meets(Manner::Answers(410));
    let alert = stage.attack().await?;
    let failed = until_given_up(&stage, 1).await?;
    let id = failed[0]["id"].as_str().unwrap_or_default().to_owned();
    let expected = json!({
        "id": id,
        "alert_id": alert["data"]["id"],
        "channel": "webhook",
        "receiver": "webhook pager",
        "attempts": 1,
        "last_error": "permanent: 410 Gone: as told",
    });
    assert_eq!(failed[0], expected);
    stage.receiver.meets(Manner::Takes);
    let reason = json!({"reason": "the receiver is back"});
    let retry = |id: &str| format!("/auth/admin/alerts/notices/failed/{id}/retry");
    let unknown = stage.admin().post(&retry("01a20a31-a8cc-757f-b94f-f2eda8299a3f"), &reason).await?;
    assert_refused(&unknown, 404, "NOTICE_NOT_FOUND");
    let answer = stage.admin().post(&retry(&id), &reason).await?;
    assert_eq!((answer.status, &answer.json), (200, &json!({"retried": 1})), "{}", answer.text);
    let messages = stage.receiver.messages(2).await?;
    assert_eq!(messages[0].id, messages[1].id);
    assert!(until_given_up(&stage, 0).await?.is_empty());
    let all = stage.admin().post("/auth/admin/alerts/notices/failed/retry", &reason).await?;
    assert_eq!(all.json, json!({"retried": 0}));
    let events = stage.shown("/events?type=admin_action").await?;
    let actions: Vec<_> = events["events"].as_array().into_iter().flatten().collect();
    let has = |action: &str| actions.iter().any(|event| event["details"]["action"] == action);
    assert!(has("retry_alert_notice") && has("retry_alert_notices"), "{events}");
    Ok(())
}

#[tokio::test]
async fn a_silent_receiver_holds_up_nobody() -> anyhow::Result<()> {
    let stage = Stage::set_with(|builder| builder.set("alerts.mail_to", "ops@example.com")).await?;
    stage.receiver.meets(Manner::Silent);
    stage.attack().await?;
    let mut tries = stage.server.mailbox().tries();
    let mailed = async {
        while stage.server.mailbox().alerts().is_empty() {
            tries.changed().await?;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(seconds(10), mailed).await??;
    let mails = stage.server.mailbox().alerts();
    assert_eq!(mails[0].subject, format!("[Archon Auth] Alert: Failed log-ins from {STRANGER}"));
    assert_eq!(stage.receiver.so_far().len(), 1);
    stage.receiver.meets(Manner::Takes);
    Ok(())
}

#[tokio::test]
async fn a_webhook_that_cannot_be_used_stops_the_start() {
    for (url, secret, said) in [
        ("http://127.0.0.1:1/", "whsec_not base64 at all !!", "alerts.webhooks.0.secret must be base64"),
        ("http://127.0.0.1:1/", "too short", "alerts.webhooks.0.secret"),
        ("ftp://127.0.0.1:1/", super::SECRET, "alerts.webhooks.0.url"),
    ] {
        let builder = super::told_to(archon_testkit::TestServer::builder(), url);
        let started = builder.set("alerts.webhooks.0.secret", secret).start().await;
        let error = started.err().map(|error| format!("{error:#}")).unwrap_or_default();
        assert!(error.contains(said), "{said}: {error}");
        assert!(!error.contains("whsec_not"), "{error}");
    }
}
