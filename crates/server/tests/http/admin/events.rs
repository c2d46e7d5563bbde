//! Reading the log of security events.

use serde_json::{Value, json};

use super::{ADA, Stage, each, list};
use crate::support::{assert_refused, fail, fields, seconds};

/// The types of the events that a query finds, in the order of the list.
async fn found(stage: &Stage, query: &str) -> anyhow::Result<Vec<String>> {
    let answer = stage.shown(&format!("/events?{query}")).await?;
    Ok(each(list(&answer, "events")?, "type"))
}

#[tokio::test]
async fn an_event_is_shown_with_everything_it_says() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let client = stage.server.client().from_address("192.0.2.3").with_header("x-request-id", "guess-1");
    fail(&client.with_user_agent("curl/8.5.0"), ADA, 1).await?;
    let answer = stage.shown("/events?type=login_failed").await?;
    let mut event = list(&answer, "events")?[0].clone();
    assert!(event["id"].as_str().is_some_and(|id| id.len() == 36), "{event}");
    event["id"] = Value::Null;
    let expected = json!({
        "id": null, "time": "2026-01-05T10:00:00.123456Z", "type": "login_failed", "severity": "warning",
        "user_id": stage.ada.id, "session_id": null, "ip_address": "192.0.2.3", "user_agent": "curl/8.5.0",
        "request_id": "guess-1", "details": {"reason": "wrong_password"},
    });
    assert_eq!(event, expected);
    Ok(())
}

#[tokio::test]
async fn events_are_found_by_what_is_true_of_them() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.server.clock().advance(seconds(60));
    let stranger = stage.server.client().from_address("2001:db8::9");
    fail(&stranger, ADA, 2).await?;
    fail(&stranger, "nobody@example.com", 1).await?;
    stage.server.clock().advance(seconds(60));
    stage.server.log_in(&stage.ada).await?;

    let failed = ["login_failed"; 3];
    assert_eq!(found(&stage, "type=login_failed").await?, failed);
    assert_eq!(found(&stage, "type=login_failed,logout&limit=200").await?, failed);
    assert_eq!(found(&stage, "type=login_failed&type=logout").await?, failed);
    assert_eq!(found(&stage, "address=2001:db8::9").await?, failed);
    assert_eq!(found(&stage, "address=2001:0db8:0::9&severity=warning").await?, failed);
    assert!(found(&stage, "address=2001:db8::9&severity=critical").await?.is_empty());
    let of_ada = format!("user={}", stage.ada.id);
    let ada = ["login_succeeded", "login_failed", "login_failed", "registered"];
    let newest_first: Vec<_> = found(&stage, &of_ada).await?;
    assert_eq!(newest_first.first().map(String::as_str), Some("login_succeeded"));
    assert!(ada.iter().all(|kind| newest_first.iter().any(|found| found == kind)), "{newest_first:?}");
    let (begin, end) = ("2026-01-05T10:01:00.123456Z", "2026-01-05T10:02:00.123456Z");
    assert_eq!(found(&stage, &format!("from={begin}&until={end}&type=login_failed")).await?, failed);
    assert!(found(&stage, &format!("from={end}&type=login_failed")).await?.is_empty());
    assert!(found(&stage, &format!("until={begin}&type=login_failed")).await?.is_empty());
    let elsewhere = "from=2026-01-05T11:01:00.123456%2B01:00&type=login_failed";
    assert_eq!(found(&stage, elsewhere).await?, failed, "another zone, the same instant");
    Ok(())
}

#[tokio::test]
async fn everything_wrong_with_a_query_is_told_at_once() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let query = "type=login_failed,nonsense&type=more&user=ada&address=home&severity=bad&from=today&until=2026-01-05\
                 &limit=x&sort=asc";
    let answer = stage.get(&format!("/auth/admin/events?{query}")).await?;
    assert_refused(&answer, 400, "VALIDATION_ERROR");
    let wrong = ["type", "type", "user", "address", "severity", "from", "until", "limit", "sort"];
    assert_eq!(fields(&answer), wrong, "{}", answer.text);
    for (query, field) in [
        ("type=", "type"),
        ("type=login_failed,", "type"),
        ("type=%ff", "type"),
        ("user=", "user"),
        ("from=2026-01-05T10:00:00", "from"),
        ("from=2026-01-05T10:00:00Z&until=2026-01-05T10:00:00Z", "until"),
        ("address=192.0.2.0/24", "address"),
    ] {
        let answer = stage.get(&format!("/auth/admin/events?{query}")).await?;
        assert_refused(&answer, 400, "VALIDATION_ERROR");
        assert_eq!(fields(&answer), [field], "{query}");
    }
    Ok(())
}

#[tokio::test]
async fn what_was_recorded_a_moment_ago_is_found() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    for round in 1..=20 {
        fail(&stage.server.client().from_address(&format!("192.0.2.{round}")), "nobody@example.com", 1)
            .await
            .ok();
        let address = format!("address=192.0.2.{round}");
        assert!(found(&stage, &address).await?.contains(&"login_failed".to_owned()), "{round}");
    }
    Ok(())
}
