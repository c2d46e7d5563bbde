use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Account, CHEAP, PASSWORD, Service};

const ROOT: &str = "root@example.com";
const ADA: &str = "ada@example.com";

/// Makes an administrator; the id.
fn make_administrator(service: &Service, email: &str) -> anyhow::Result<String> {
    let create =
        ["user", "create", "--email", email, "--role", "admin", "--role", "user", "--email-verified"];
    let create = [&create[..], &["--password-stdin", "--reason", " The first administrator "]].concat();
    let created = service.command_reading(&create, &format!("{PASSWORD}\n"))?.success()?;
    Ok(created.trim().strip_prefix("created ").context("no id")?.to_owned())
}

/// What the command line says of the actions of administrators, the first first.
fn actions(service: &Service) -> anyhow::Result<Vec<Value>> {
    let printed = service.command(&["events", "tail", "--type", "admin_action", "--json"])?.success()?;
    let events = printed.lines().map(serde_json::from_str::<Value>);
    Ok(events.map(|event| event.map(|event| event["details"].clone())).collect::<Result<_, _>>()?)
}

#[tokio::test]
async fn the_first_administrator_is_made_on_the_command_line_and_uses_the_api() -> anyhow::Result<()> {
    let service = Service::start(&CHEAP)?;
    let root = make_administrator(&service, ROOT)?;
    let log_in = json!({"email": ROOT, "password": PASSWORD});
    let tokens = service.client().post("/auth/login", &log_in).await?;
    let admin = service.client().with_token(tokens.text_at("/access_token"));

    let ada = Account::register(service.client(), ADA).await?;
    let listed = admin.get("/auth/admin/users").await?;
    assert_eq!(listed.json["users"].as_array().map(Vec::len), Some(2), "{}", listed.text);
    let path = format!("/auth/admin/users/{}/disable", ada.id);
    let disabled = admin.send(Method::POST, &path, Some(&json!({"reason": "ticket 4711"}))).await?;
    assert_eq!((disabled.status, disabled.text_at("/status")), (200, "disabled"), "{}", disabled.text);
    assert_eq!(ada.me(service.client()).await?.status, 401);
    assert_eq!(ada.log_in(service.client(), PASSWORD).await?.code(), "ACCOUNT_DISABLED");

    let found = admin.get("/auth/admin/events?type=admin_action").await?;
    assert_eq!(found.json["events"].as_array().map(Vec::len), Some(2), "{}", found.text);
    let made = json!({
        "action": "create_user", "target": root, "actor": "command line", "reason": "The first administrator",
        "roles": ["admin", "user"],
    });
    let shut = json!({"action": "disable_user", "target": ada.id, "actor": root, "reason": "ticket 4711"});
    assert_eq!(actions(&service)?, [made, shut]);
    service.command(&["events", "verify"])?.success()?;
    Ok(())
}

#[tokio::test]
async fn the_command_line_leaves_an_administrator_too() -> anyhow::Result<()> {
    let service = Service::start(&CHEAP)?;
    make_administrator(&service, ROOT)?;
    for command in [&["disable", ROOT][..], &["set-role", ROOT, "user"], &["delete", ROOT]] {
        let refused = service.command(&[&["user"][..], command].concat())?;
        assert_eq!(refused.status, Some(1), "{refused:?}");
        let words = "this is the last active administrator, and nobody could administer the service any more";
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    assert_eq!(actions(&service)?.len(), 1, "what was refused is not recorded");
    make_administrator(&service, "other@example.com")?;
    service.command(&["user", "delete", ROOT])?.success()?;
    let gone = service.command(&["user", "show", ROOT])?;
    assert!(gone.stderr.contains("there is no such user"), "{}", gone.stderr);
    Ok(())
}

#[tokio::test]
async fn a_reason_that_is_none_stops_the_command() -> anyhow::Result<()> {
    let service = Service::start(&CHEAP)?;
    Account::register(service.client(), ADA).await?;
    for (reason, words) in [
        (" ", "must not be empty"),
        ("a\nb", "must not hold control characters"),
        (&"a".repeat(501), "at most 500"),
    ] {
        let refused = service.command(&["user", "disable", ADA, "--reason", reason])?;
        assert_eq!(refused.status, Some(2), "{refused:?}");
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    assert_eq!(actions(&service)?, Vec::<Value>::new());
    service.command(&["user", "disable", ADA])?.success()?;
    assert_eq!(
        actions(&service)?[0]["reason"],
        Value::Null,
        "a reason may be left to the shell's own record"
    );
    Ok(())
}
