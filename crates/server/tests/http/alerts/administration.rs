//! What administrators see of alerts, and how they block and lift.

use reqwest::Method;
use serde_json::json;

use super::{ADA, OFFICE, STRANGER, Stage};
use crate::support::{assert_refused, fields, seconds, sign_up};

#[tokio::test]
async fn alerts_are_listed_filtered_and_shown() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let told = stage.attack().await?;
    stage.fail("198.51.100.8", 10).await?;
    stage.receiver.messages(2).await?;
    let all = stage.shown("/alerts").await?;
    let listed = all["alerts"].as_array().cloned().unwrap_or_default();
    assert_eq!((listed.len(), &listed[0]["ip_address"]), (2, &json!("198.51.100.8")), "the latest first");
    assert_eq!(listed[1], told["data"], "what the receiver was told");
    let id = told["data"]["id"].as_str().unwrap_or_default();
    assert_eq!(stage.shown(&format!("/alerts/{id}")).await?, told["data"]);
    let first = stage.shown("/alerts?limit=1").await?;
    let cursor = first["next_cursor"].as_str().unwrap_or_default();
    let second = stage.shown(&format!("/alerts?limit=1&cursor={cursor}")).await?;
    assert_eq!((&second["alerts"][0]["id"], &second["next_cursor"]), (&json!(id), &json!(null)));
    let count = async |query: &str| {
        let found = stage.shown(&format!("/alerts?{query}")).await?;
        anyhow::Ok(found["alerts"].as_array().map(Vec::len))
    };
    assert_eq!(count("type=failed_logins,token_attacks").await?, Some(2));
    assert_eq!(count("type=token_attacks").await?, Some(0));
    assert_eq!(count(&format!("address={STRANGER}")).await?, Some(1));
    assert_eq!(count("until=2026-01-05T10:00:00Z").await?, Some(0));
    assert_eq!(count("from=2026-01-05T10:00:00Z").await?, Some(2));
    assert_eq!(count(&format!("user={}", stage.root.id)).await?, Some(0));
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_named() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let get = async |path: &str| stage.admin().get(&format!("/auth/admin{path}")).await;
    let wrong =
        get(&format!("/alerts?type=nothing&address=here&from=now&limit=0&more=1&user={}", stage.root.id))
            .await?;
    assert_refused(&wrong, 400, "VALIDATION_ERROR");
    assert_eq!(fields(&wrong), ["type", "address", "from", "limit", "more"]);
    let both = get(&format!("/alerts?address={STRANGER}&user={}", stage.root.id)).await?;
    assert_eq!(fields(&both), ["user"]);
    assert_refused(&get("/alerts?cursor=abc").await?, 400, "INVALID_CURSOR");
    assert_refused(&get("/alerts/abc").await?, 404, "ALERT_NOT_FOUND");
    let body = json!({"address": "here", "duration_seconds": 1, "reason": ""});
    let block = stage.admin().post("/auth/admin/blocked-addresses", &body).await?;
    assert_refused(&block, 400, "VALIDATION_ERROR");
    assert_eq!(fields(&block), ["address", "duration_seconds", "reason"]);
    let block = stage.admin().post("/auth/admin/blocked-addresses", &json!({})).await?;
    assert_eq!(fields(&block), ["address", "duration_seconds", "reason"]);
    Ok(())
}

#[tokio::test]
async fn only_administrators_are_let_in() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let ada = stage.server.register(ADA).await?;
    for (method, path) in [
        (Method::GET, "/alerts"),
        (Method::GET, "/alerts/notices/failed"),
        (Method::POST, "/alerts/notices/failed/retry"),
        (Method::GET, "/blocked-addresses"),
        (Method::POST, "/blocked-addresses"),
        (Method::DELETE, "/blocked-addresses/198.51.100.7"),
    ] {
        let path = format!("/auth/admin{path}");
        let body = json!({"address": STRANGER, "duration_seconds": 600, "reason": "a test"});
        let body = Some(&body).filter(|_| method != Method::GET);
        assert_refused(
            &stage.server.client_of(&ada).send(method.clone(), &path, body).await?,
            403,
            "FORBIDDEN",
        );
        assert_refused(&stage.server.client().send(method, &path, body).await?, 401, "TOKEN_MISSING");
    }
    Ok(())
}

#[tokio::test]
async fn an_address_is_blocked_and_its_block_lifted() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let path = "/auth/admin/blocked-addresses";
    for (address, shown, within) in
        [(STRANGER, STRANGER, STRANGER), ("2001:db8:1:2::7", "2001:db8:1:2::/64", "2001:db8:1:2::99")]
    {
        // Events of one instant have no order.
        stage.server.clock().advance(seconds(1));
        let body = json!({"address": address, "duration_seconds": 600, "reason": " It scans us. "});
        let blocked = stage.admin().post(path, &body).await?;
        assert_eq!(blocked.status, 201, "{}", blocked.text);
        let told = ["/ip_address", "/reason"].map(|name| blocked.text_at(name));
        assert_eq!((told, &blocked.json["alert_id"]), ([shown, "It scans us."], &json!(null)));
        let listed = stage.shown("/blocked-addresses").await?;
        assert_eq!(listed, json!({"blocked_addresses": [blocked.json]}));
        let client = stage.server.client().from_address(within);
        let refused = client.post("/auth/register", &crate::support::registration(ADA)).await?;
        assert_eq!(refused.code(), "ADDRESS_BLOCKED");
        stage.server.clock().advance(seconds(1));
        let lift = format!("{path}/{}", shown.replace('/', "%2F"));
        let reason = json!({"reason": "it was us"});
        let lifted = stage.admin().send(Method::DELETE, &lift, Some(&reason)).await?;
        assert_eq!(lifted.status, 204, "{}", lifted.text);
        assert_eq!(stage.shown("/blocked-addresses").await?, json!({"blocked_addresses": []}));
        sign_up(&client, &format!("user-{}@example.com", shown.len())).await?;
        let again = stage.admin().send(Method::DELETE, &lift, Some(&reason)).await?;
        assert_refused(&again, 404, "ADDRESS_NOT_BLOCKED");
    }
    let events = stage.shown("/events?type=admin_action&limit=2").await?;
    assert_eq!(events["events"][0]["details"]["action"], "lift_block");
    assert_eq!(events["events"][1]["details"]["action"], "block_address");
    assert_eq!(events["events"][1]["details"]["target"], "2001:db8:1:2::/64");
    assert_eq!(events["events"][1]["details"]["reason"], "It scans us.");
    Ok(())
}

#[tokio::test]
async fn administrators_cannot_block_themselves() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let body = json!({"address": OFFICE, "duration_seconds": 600, "reason": "a slip"});
    let refused = stage.admin().post("/auth/admin/blocked-addresses", &body).await?;
    assert_refused(&refused, 409, "OWN_ADDRESS");
    assert_eq!(stage.shown("/blocked-addresses").await?, json!({"blocked_addresses": []}));
    Ok(())
}

#[tokio::test]
async fn the_block_of_an_alert_names_it() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let alert = stage.attack().await?;
    let listed = stage.shown("/blocked-addresses").await?;
    let blocked = &listed["blocked_addresses"][0];
    assert_eq!(
        (&blocked["alert_id"], &blocked["reason"]),
        (&alert["data"]["id"], &json!("alert failed_logins"))
    );
    Ok(())
}
