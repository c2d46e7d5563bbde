//! What administrators do at the console is done, and recorded with who did it and why.

use anyhow::Context as _;
use archon_mail_lettre::Reception;
use serde_json::{Value, json};

use super::{ADA, Console};
use crate::support::{PASSWORD, assert_refused, fail, log_in};

const REASON: &str = "ticket 4711";

impl Console {
    /// Does something, and makes sure that it is recorded and that the page that follows tells of it.
    async fn does(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        action: &str,
        target: &str,
        told: &str,
    ) -> anyhow::Result<Value> {
        let fields: Vec<_> = fields.iter().copied().chain([("reason", REASON)]).collect();
        let done = self.confirm(path, &fields).await?;
        assert_eq!(done.status, 303, "{path}: {}", done.body);
        let page = self.browser.open(done.header("location")).await?;
        assert_eq!(page.html.role("status"), told, "{path}: {}", page.body);
        let expected = json!([action, target, self.root.id, REASON]);
        let said =
            |details: &Value| json!(["action", "target", "actor", "reason"].map(|name| &details[name]));
        let recorded: Vec<Value> =
            self.actions().await?.iter().map(|event| event["details"].clone()).collect();
        let found = recorded.iter().find(|details| said(details) == expected);
        Ok(found.with_context(|| format!("{expected} is not among {recorded:?}"))?.clone())
    }
}

#[tokio::test]
async fn an_account_is_disabled_and_enabled() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    let (ada, page) = (console.ada.clone(), Console::page_of(&console.ada));
    let told = "The account is disabled, and its sessions have ended.";
    console.does(&format!("{page}/disable"), &[], "disable_user", &ada.id, told).await?;
    let me = console.server.client_of(&ada).get("/auth/me").await?;
    assert_refused(&me, 401, "TOKEN_REVOKED");
    assert_refused(&log_in(&console.server.client(), ADA, PASSWORD).await?, 403, "ACCOUNT_DISABLED");
    let shown = console.browser.open(&page).await?;
    assert!(shown.html.text().contains("disabled") && shown.html.link("Enable account").is_ok());
    let told = "The account is enabled. Its user can log in again.";
    console.does(&format!("{page}/enable"), &[], "enable_user", &ada.id, told).await?;
    assert_eq!(log_in(&console.server.client(), ADA, PASSWORD).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_lock_is_lifted() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    console.server.lock(ADA).await?;
    let stranger = console.server.client().from_address("198.51.100.7");
    assert_refused(&log_in(&stranger, ADA, PASSWORD).await?, 429, "ACCOUNT_LOCKED");
    let (id, page) = (console.ada.id.clone(), Console::page_of(&console.ada));
    let told = "The account is unlocked: failed log-ins count from zero.";
    console.does(&format!("{page}/unlock"), &[], "unlock_user", &id, told).await?;
    assert_eq!(log_in(&stranger, ADA, PASSWORD).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn one_session_is_ended_and_then_all_of_them() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    let (first, page) = (console.ada.clone(), Console::page_of(&console.ada));
    let second = console.server.log_in(&first).await?;
    let claims = crate::support::part(&second.access_token, 1)?;
    let session = claims["session_id"].as_str().unwrap_or_default().to_owned();
    let path = format!("{page}/sessions/{session}/end");
    console.does(&path, &[], "end_session", &session, "The session has ended.").await?;
    let me = async |user| console.server.client_of(user).get("/auth/me").await.map(|answer| answer.status);
    assert_eq!((me(&second).await?, me(&first).await?), (401, 200));
    console.browser.open(&path).await?.assert_is(404, "There is no such page");
    let told = "Every session of this account has ended.";
    console.does(&format!("{page}/end-sessions"), &[], "end_sessions", &first.id, told).await?;
    assert_eq!(console.server.client_of(&first).get("/auth/me").await?.status, 401);
    Ok(())
}

#[tokio::test]
async fn roles_are_set() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    let (id, page) = (console.ada.id.clone(), Console::page_of(&console.ada));
    let path = format!("{page}/roles");
    let asked = console.browser.open(&path).await?;
    let roles = asked.html.by_id("roles").map(|field| field.get("value").to_owned());
    assert_eq!(roles.as_deref(), Some("user"), "the roles that there are can be changed");
    let fields = [("roles", "user, admin  auditor")];
    let latest = console.does(&path, &fields, "set_roles", &id, "The roles are set.").await?;
    assert_eq!(latest["roles"], json!(["admin", "auditor", "user"]));
    let shown = console.browser.open(&page).await?;
    assert!(shown.html.text().contains("admin, auditor, user"), "{}", shown.body);
    Ok(())
}

#[tokio::test]
async fn an_account_is_deleted() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    let (id, page) = (console.ada.id.clone(), Console::page_of(&console.ada));
    console.does(&format!("{page}/delete"), &[], "delete_user", &id, "The account is deleted.").await?;
    console.browser.open(&page).await?.assert_is(404, "There is no such account");
    assert_refused(&log_in(&console.server.client(), ADA, PASSWORD).await?, 401, "INVALID_CREDENTIALS");
    Ok(())
}

#[tokio::test]
async fn an_address_is_blocked_and_let_in_again() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    let stranger = console.server.client().from_address("2001:db8:7::9");
    fail(&stranger, "nobody@example.com", 1).await?;
    let path = "/auth/console/blocked-addresses/block?address=2001:db8:7::1";
    let fields = [("minutes", "90")];
    let network = "2001:db8:7::/64";
    console.does(path, &fields, "block_address", network, "The address is blocked.").await?;
    let refused = log_in(&stranger, ADA, PASSWORD).await?;
    assert_eq!((refused.status, refused.code()), (403, "ADDRESS_BLOCKED"), "{}", refused.text);
    let list = console.browser.open("/auth/console/blocked-addresses").await?;
    assert!(list.html.text().contains(network) && list.html.text().contains(REASON), "{}", list.body);
    let overview = console.browser.open("/auth/console").await?;
    assert!(overview.html.text().contains("1 blocked address"), "{}", overview.body);
    let lift = format!("/auth/console/blocked-addresses/lift?address={network}");
    console.does(&lift, &[], "lift_block", network, "The block is lifted.").await?;
    assert_eq!(log_in(&stranger, ADA, PASSWORD).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn mails_that_were_given_up_are_sent_again() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    // What was sent so far is out of the way.
    console.server.mail(ADA, "welcome").await?;
    console.server.mailbox().set_reception(Reception::Refuses);
    for count in 1..=2 {
        crate::support::forgot(&console.server.client(), ADA).await?;
        let mut page = console.browser.open("/auth/console/mail").await?;
        while page.html.all("td").iter().filter(|cell| cell.text == "password_reset").count() < count {
            page = console.browser.open("/auth/console/mail").await?;
        }
        assert!(page.html.text().contains(ADA) && page.html.text().contains("given up"), "{}", page.body);
    }
    console.server.mailbox().set_reception(Reception::Takes);
    let told = "What had failed is queued again, and is sent in a moment.";
    let page = console.browser.open("/auth/console/mail").await?;
    let one = page.html.all("a").into_iter().map(|link| link.get("href").to_owned());
    let one = one.into_iter().find(|path| path.ends_with("/retry") && path.matches('/').count() == 5);
    let one = one.unwrap_or_default();
    let id = one.split('/').nth(4).unwrap_or_default().to_owned();
    console.does(&one, &[], "retry_mail", &id, told).await?;
    console.server.mails(ADA, "password_reset", 1).await?;
    let all = "/auth/console/mail/retry";
    let latest = console.does(all, &[], "retry_mails", "every failed mail", told).await?;
    assert_eq!(latest["count"], json!(1));
    console.server.mails(ADA, "password_reset", 2).await?;
    Ok(())
}

#[tokio::test]
async fn the_signing_key_is_rotated() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    let done = console.confirm("/auth/console/keys/rotate", &[("reason", REASON)]).await?;
    assert_eq!(done.status, 303, "{}", done.body);
    let page = console.browser.open(done.header("location")).await?;
    assert!(page.html.role("status").starts_with("A new key is made."), "{}", page.body);
    let states: Vec<_> =
        page.html.all("td").into_iter().filter(|cell| cell.get("data-label") == "State").collect();
    let states: Vec<_> = states.iter().map(|cell| cell.text.as_str()).collect();
    assert_eq!(states, ["signing", "published"]);
    let actions = console.actions().await?;
    let [event] = &actions[..] else { panic!("{actions:?}") };
    let said = ["action", "reason"].map(|name| event["details"][name].as_str());
    assert_eq!(said, [Some("rotate_keys"), Some(REASON)]);
    Ok(())
}

#[tokio::test]
async fn notices_that_were_given_up_are_told_again() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    let path = "/auth/console/alerts/notices/retry";
    let told = "What had failed is queued again, and is sent in a moment.";
    let latest = console.does(path, &[], "retry_alert_notices", "every failed notice", told).await?;
    assert_eq!(latest["count"], json!(0));
    Ok(())
}
