//! Looking after users.

use archon_testkit::User;
use reqwest::Method;
use serde_json::{Value, json};

use super::{ADA, ROOT, Stage, each, list};
use crate::support::{PASSWORD, assert_refused, fields, log_in, part, refresh, seconds, verification_token};

/// The addresses that a query finds, in the order of the list.
async fn found(stage: &Stage, query: &str) -> anyhow::Result<Vec<String>> {
    let answer = stage.shown(&format!("/users?{query}")).await?;
    Ok(each(list(&answer, "users")?, "email"))
}

#[tokio::test]
async fn the_list_shows_each_account_as_promised() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let answer = stage.shown("/users").await?;
    let ada = json!({
        "id": stage.ada.id, "email": ADA, "name": "Ada Lovelace", "email_verified": false,
        "created_at": "2026-01-05T10:00:00.123456Z", "updated_at": "2026-01-05T10:00:00.123456Z",
        "last_login_at": "2026-01-05T10:00:00.123456Z", "metadata": {}, "status": "active", "roles": ["user"], "has_password": true,
    });
    assert_eq!(answer["users"].as_array().map(Vec::len), Some(2));
    let shown = list(&answer, "users")?.iter().find(|user| user["email"] == ADA);
    assert_eq!(shown, Some(&ada));
    assert_eq!(answer["next_cursor"], Value::Null);
    Ok(())
}

#[tokio::test]
async fn the_newest_come_first() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    for name in ["b", "c"] {
        stage.server.clock().advance(seconds(1));
        stage.server.register(&format!("{name}@example.com")).await?;
    }
    let emails = found(&stage, "").await?;
    assert_eq!(emails[..2], ["c@example.com", "b@example.com"]);
    Ok(())
}

#[tokio::test]
async fn accounts_are_found_by_what_is_true_of_them() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.server.register("adele@example.com").await?;
    let token = verification_token(&stage.server, ADA, 1).await?;
    stage.server.client().post("/auth/email/verify", &json!({"token": token})).await?;
    assert_eq!(stage.do_to_ada(Method::POST, "/disable").await?.status, 200);

    assert_eq!(found(&stage, "status=disabled").await?, [ADA]);
    assert_eq!(found(&stage, "status=active&query=ad").await?, ["adele@example.com"]);
    assert_eq!(found(&stage, "role=admin").await?, [ROOT]);
    assert_eq!(found(&stage, "verified=true").await?, [ADA]);
    assert_eq!(found(&stage, "verified=false&role=admin").await?, [ROOT]);
    assert_eq!(found(&stage, "query=AD").await?, [ADA, "adele@example.com"], "by address, case aside");
    assert_eq!(found(&stage, &format!("query={}", stage.ada.id)).await?, [ADA]);
    assert!(found(&stage, &format!("query={}&status=active", stage.ada.id)).await?.is_empty());
    // Nothing of it is a pattern.
    for query in ["%25", "_da", "a%25", "%5C", "*", "' OR 1=1 --", "nobody"] {
        assert!(found(&stage, &format!("query={query}")).await?.is_empty(), "{query}");
    }
    Ok(())
}

#[tokio::test]
async fn everything_wrong_with_a_query_is_told_at_once() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let query =
        "query=%20&status=gone&role=user&verified=maybe&cursor=a&cursor=b&limit=0&order=email&%C3%BC=1";
    let answer = stage.get(&format!("/auth/admin/users?{query}")).await?;
    assert_refused(&answer, 400, "VALIDATION_ERROR");
    let wrong = ["query", "status", "role", "verified", "cursor", "limit", "order", "\u{fc}"];
    assert_eq!(fields(&answer), wrong);
    let code = |place: usize| answer.text_at(&format!("/details/{place}/code")).to_owned();
    assert_eq!((code(0), code(4), code(5)), ("EMPTY".into(), "WRONG_TYPE".into(), "INVALID_FORMAT".into()));
    assert_eq!((code(6), code(7)), ("UNKNOWN_FIELD".into(), "UNKNOWN_FIELD".into()));
    for (query, field) in [
        ("limit=201", "limit"),
        ("limit=-1", "limit"),
        ("limit=1.5", "limit"),
        ("limit=%2B5", ""),
        ("limit=1&limit=2", "limit"),
        ("query=%00", "query"),
        ("query=%ff", "query"),
        ("status=", "status"),
        ("status=ACTIVE", "status"),
        ("verified=1", "verified"),
        ("Status=active", "Status"),
    ] {
        let answer = stage.get(&format!("/auth/admin/users?{query}")).await?;
        if field.is_empty() {
            assert_eq!(answer.status, 200, "{query}: {}", answer.text);
        } else {
            assert_refused(&answer, 400, "VALIDATION_ERROR");
            assert_eq!(fields(&answer), [field], "{query}");
        }
    }
    let long = format!("/auth/admin/users?query={}", "a".repeat(255));
    assert_eq!(fields(&stage.get(&long).await?), ["query"]);
    Ok(())
}

#[tokio::test]
async fn an_account_is_shown_with_what_belongs_to_it() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.server.log_in(&stage.ada).await?;
    let shown = stage.shown(&format!("/users/{}", stage.ada.id)).await?;
    assert_eq!((&shown["email"], &shown["session_count"]), (&json!(ADA), &json!(2)));
    assert_eq!((&shown["identities"], &shown["roles"]), (&json!([]), &json!(["user"])));
    assert_eq!(shown["lock"], json!({"failures": 0, "locked_until": null}));
    assert!(!shown.to_string().contains("argon2"), "no hash is shown: {shown}");
    Ok(())
}

#[tokio::test]
async fn a_lock_is_shown_and_lifted() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let stranger = stage.server.client().from_address("203.0.113.5");
    crate::support::fail(&stranger, ADA, 4).await?;
    let path = format!("/users/{}", stage.ada.id);
    assert_eq!(stage.shown(&path).await?["lock"], json!({"failures": 4, "locked_until": null}));
    crate::support::fail(&stranger, ADA, 1).await?;
    let locked = json!({"failures": 5, "locked_until": "2026-01-05T10:30:00.123456Z"});
    assert_eq!(stage.shown(&path).await?["lock"], locked);
    assert_eq!(stage.shown(&path).await?["lock"], locked, "looking counts nothing");
    assert_refused(&log_in(&stranger, ADA, PASSWORD).await?, 429, "ACCOUNT_LOCKED");

    let answer = stage.do_to_ada(Method::POST, "/unlock").await?;
    assert_eq!((answer.status, answer.text_at("/email")), (200, ADA), "{}", answer.text);
    stage.assert_recorded("unlock_user", &stage.ada.id, Some(&stage.ada)).await?;
    assert_eq!(stage.shown(&path).await?["lock"], json!({"failures": 0, "locked_until": null}));
    assert_eq!(log_in(&stranger, ADA, PASSWORD).await?.status, 200);
    let unlocked = stage.shown(&format!("/events?type=account_unlocked&user={}", stage.ada.id)).await?;
    assert_eq!(list(&unlocked, "events")?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_disabled_user_is_out_at_once_and_an_enabled_one_logs_in_again() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let (client, ada) = (stage.server.client(), stage.server.client_of(&stage.ada));
    let answer = stage.do_to_ada(Method::POST, "/disable").await?;
    assert_eq!((answer.status, answer.text_at("/status")), (200, "disabled"), "{}", answer.text);
    stage.assert_recorded("disable_user", &stage.ada.id, Some(&stage.ada)).await?;

    let refused = ada.get("/auth/me").await?;
    assert_refused(&refused, 401, "TOKEN_REVOKED");
    assert_eq!(refused.text_at("/details/0/message"), "An administrator ended the session; log in again");
    assert_refused(&refresh(&client, &stage.ada.refresh_token).await?, 401, "TOKEN_INVALID");
    assert_refused(&log_in(&client, ADA, PASSWORD).await?, 403, "ACCOUNT_DISABLED");
    // A wrong password learns nothing of that.
    assert_refused(&log_in(&client, ADA, "WrongGuess456?").await?, 401, "INVALID_CREDENTIALS");

    let again = stage.do_to_ada(Method::POST, "/disable").await?;
    assert_eq!((again.status, again.text_at("/status")), (200, "disabled"), "harmless: {}", again.text);
    let actions = stage.shown(&format!("/events?type=admin_action&user={}", stage.ada.id)).await?;
    assert_eq!(list(&actions, "events")?.len(), 2, "and recorded again");

    let answer = stage.do_to_ada(Method::POST, "/enable").await?;
    assert_eq!((answer.status, answer.text_at("/status")), (200, "active"), "{}", answer.text);
    stage.assert_recorded("enable_user", &stage.ada.id, Some(&stage.ada)).await?;
    assert_eq!(log_in(&client, ADA, PASSWORD).await?.status, 200);
    assert_eq!(ada.get("/auth/me").await?.status, 401, "the ended session stays ended");
    Ok(())
}

#[tokio::test]
async fn the_next_token_carries_the_roles_that_were_set() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let answer = stage.set_roles(&stage.ada, &["support", "user", "support"]).await?;
    assert_eq!((answer.status, &answer.json["roles"]), (200, &json!(["support", "user"])), "{}", answer.text);
    stage.assert_recorded("set_roles", &stage.ada.id, Some(&stage.ada)).await?;
    assert_eq!(stage.recorded("set_roles").await?["details"]["roles"], json!(["support", "user"]));
    let renewed = refresh(&stage.server.client(), &stage.ada.refresh_token).await?;
    let claims = part(renewed.text_at("/access_token"), 1)?;
    assert_eq!(claims["roles"], json!(["support", "user"]));
    Ok(())
}

#[tokio::test]
async fn roles_that_are_none_are_all_told() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let path = format!("/auth/admin/users/{}/roles", stage.ada.id);
    let many: Vec<_> = (0..33).map(|number| format!("role-{number}")).collect();
    for (roles, codes) in [
        (json!(null), vec!["REQUIRED"]),
        (json!("admin"), vec!["WRONG_TYPE"]),
        (json!([]), vec!["EMPTY"]),
        (json!(many), vec!["TOO_LONG"]),
        (json!(["Admin", "user", 7, ""]), vec!["INVALID_FORMAT", "WRONG_TYPE", "INVALID_FORMAT"]),
    ] {
        let answer = stage.admin().send(Method::PUT, &path, Some(&json!({"roles": roles}))).await?;
        assert_refused(&answer, 400, "VALIDATION_ERROR");
        let details = answer.json["details"].as_array().cloned().unwrap_or_default();
        assert_eq!(each(&details, "code"), [codes, vec!["REQUIRED"]].concat(), "{}", answer.text);
        assert_eq!(fields(&answer).last(), Some(&"reason"));
    }
    Ok(())
}

#[tokio::test]
async fn a_deleted_user_is_gone_and_the_address_is_free() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let answer = stage.do_to_ada(Method::DELETE, "").await?;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    stage.assert_recorded("delete_user", &stage.ada.id, Some(&stage.ada)).await?;
    let client = stage.server.client();
    assert_refused(&stage.server.client_of(&stage.ada).get("/auth/me").await?, 401, "TOKEN_REVOKED");
    assert_refused(&refresh(&client, &stage.ada.refresh_token).await?, 401, "TOKEN_INVALID");
    assert_refused(&log_in(&client, ADA, PASSWORD).await?, 401, "INVALID_CREDENTIALS");
    assert_refused(&stage.do_to_ada(Method::DELETE, "").await?, 404, "USER_NOT_FOUND");
    let events = stage.shown(&format!("/events?user={}&type=account_deleted", stage.ada.id)).await?;
    assert_eq!(list(&events, "events")?.len(), 1, "the record stays");
    stage.server.register(ADA).await?;
    Ok(())
}

/// Everything by which an administrator ceases to be one.
async fn leave(stage: &Stage, user: &User) -> anyhow::Result<Vec<archon_testkit::Answer>> {
    Ok(vec![
        stage.do_to(user, Method::POST, "/disable").await?,
        stage.set_roles(user, &["user"]).await?,
        stage.do_to(user, Method::DELETE, "").await?,
    ])
}

#[tokio::test]
async fn the_last_administrator_cannot_leave() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    // One who is shut does not count.
    let other = stage.server.register_administrator("other@example.com").await?;
    assert_eq!(stage.do_to(&other, Method::POST, "/disable").await?.status, 200);
    for answer in leave(&stage, &stage.root).await? {
        assert_refused(&answer, 409, "LAST_ADMINISTRATOR");
    }
    assert_eq!(stage.get("/auth/me").await?.status, 200, "nothing was done");
    let shown = stage.shown(&format!("/users/{}", stage.root.id)).await?;
    assert_eq!((&shown["status"], &shown["roles"]), (&json!("active"), &json!(["admin", "user"])));
    stage.assert_recorded("disable_user", &other.id, Some(&other)).await?;
    Ok(())
}

#[tokio::test]
async fn what_administrators_do_to_themselves_holds_at_once() -> anyhow::Result<()> {
    let mut stage = Stage::set().await?;
    stage.server.register_administrator("other@example.com").await?;
    let answer = stage.set_roles(&stage.root, &["user"]).await?;
    assert_eq!((answer.status, &answer.json["roles"]), (200, &json!(["user"])), "{}", answer.text);
    assert_refused(&stage.get("/auth/admin/users").await?, 403, "FORBIDDEN");

    stage.root = stage.server.register_administrator("third@example.com").await?;
    let answer = stage.do_to(&stage.root, Method::POST, "/disable").await?;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_refused(&stage.get("/auth/admin/users").await?, 401, "TOKEN_REVOKED");

    stage.root = stage.server.register_administrator("fourth@example.com").await?;
    let answer = stage.do_to(&stage.root, Method::DELETE, "").await?;
    assert_eq!(answer.status, 204, "{}", answer.text);
    assert_refused(&stage.get("/auth/admin/users").await?, 401, "TOKEN_REVOKED");
    Ok(())
}

#[tokio::test]
async fn users_read_what_was_done_to_their_account_but_not_by_whom() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    assert_eq!(stage.do_to_ada(Method::POST, "/unlock").await?.status, 200);
    let export = stage.server.client_of(&stage.ada).get("/auth/me/export").await?;
    let events = list(&export.json, "security_events")?;
    let action = events.iter().find(|event| event["type"] == "admin_action").cloned().unwrap_or_default();
    let told = json!({"action": "unlock_user", "target": stage.ada.id, "reason": super::REASON.trim()});
    assert_eq!(action["details"], told);
    for name in ["session_id", "ip_address", "user_agent", "request_id"] {
        assert_eq!(action[name], Value::Null, "{name}");
    }
    for hidden in [super::OFFICE, stage.root.id.as_str(), "the-request"] {
        assert!(!export.text.contains(hidden), "{hidden} in {}", export.text);
    }
    Ok(())
}
