//! Lists: their conditions, their pages, and what is said where there is nothing.

use std::collections::BTreeSet;

use super::{ADA, Console};
use crate::pages::browser::{Browser, Page, encoded};
use crate::support::{PASSWORD, fail};

/// The texts of the cells of a column.
fn column(page: &Page, label: &str) -> Vec<String> {
    let cells = page.html.all("td").into_iter().filter(|cell| cell.get("data-label") == label);
    cells.map(|cell| cell.text.clone()).collect()
}

async fn list(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Page> {
    browser.open(&format!("{path}?{}", encoded(fields))).await
}

const USERS: &str = "/auth/console/users";
const EVENTS: &str = "/auth/console/events";

#[tokio::test]
async fn users_are_found_by_address_id_and_state() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    console.server.register("adam@example.com").await?;
    let id = console.ada.id.clone();
    let browser = &mut console.browser;
    let all = [
        (&[] as &[(&str, &str)], &[ADA, "adam@example.com", "root@example.com"] as &[&str]),
        (&[("query", " ADA"), ("status", ""), ("role", ""), ("verified", "")], &[ADA, "adam@example.com"]),
        (&[("query", "ada@")], &[ADA]),
        (&[("query", &id)], &[ADA]),
        (&[("role", "admin")], &["root@example.com"]),
        (&[("status", "disabled")], &[]),
        (&[("verified", "true")], &[]),
        (&[("query", "%")], &[]),
    ];
    for (fields, expected) in all {
        let page = list(browser, USERS, fields).await?;
        page.assert_is(200, "Users");
        // Accounts of one instant come in any order.
        let mut found = column(&page, "Account");
        found.sort();
        assert_eq!(found, expected, "{fields:?}");
        assert_eq!(page.html.text().contains("No account meets these conditions."), expected.is_empty());
        assert_eq!(page.html.link("Show all").is_ok(), !fields.is_empty());
        let typed = page.html.by_id("query").map(|field| field.get("value").to_owned());
        let query = fields.iter().find(|(name, _)| *name == "query").map(|(_, text)| text.trim());
        assert_eq!(typed.as_deref(), Some(query.unwrap_or_default()), "what was asked for stays");
    }
    Ok(())
}

#[tokio::test]
async fn pages_lead_forward_to_every_account_and_back_again() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    for place in 0..108 {
        console.server.register(&format!("user{place:03}@example.com")).await?;
    }
    for query in ["", "u"] {
        let start = format!("{USERS}?query={query}");
        let mut page = console.browser.open(&start).await?;
        assert!(page.html.link("Previous page").is_err() && page.html.link("First page").is_err());
        let (mut shown, mut pages) = (Vec::new(), Vec::new());
        loop {
            shown.extend(column(&page, "Account"));
            pages.push(column(&page, "Account"));
            let Ok(next) = page.html.link("Next page") else { break };
            let next = next.to_owned();
            page = console.browser.open(&next).await?;
        }
        let unique: BTreeSet<_> = shown.iter().collect();
        let expected = if query.is_empty() { 110 } else { 108 };
        assert_eq!((shown.len(), unique.len(), pages.len()), (expected, expected, 3));
        pages.pop();
        while let Some(expected) = pages.pop() {
            let previous = page.html.link("Previous page")?.to_owned();
            page = console.browser.open(&previous).await?;
            assert_eq!(column(&page, "Account"), expected);
        }
        assert!(page.html.link("Previous page").is_err());
    }
    Ok(())
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused_with_the_way_to_the_first_page() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    for cursor in ["x", "AAAA", "-", "AQAAAAAAAAAAAAAAAAAAAAAAbg"] {
        for path in [USERS, EVENTS, "/auth/console/alerts"] {
            let page = list(&mut console.browser, path, &[("cursor", cursor)]).await?;
            assert_eq!(page.status, 400, "{}", page.body);
            assert!(page.html.role("alert").contains("Begin at the first page."), "{}", page.body);
            assert!(page.html.link("First page").is_ok(), "{}", page.body);
        }
    }
    Ok(())
}

#[tokio::test]
async fn events_are_found_by_type_user_address_severity_and_time() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    let stranger = console.server.client().from_address("198.51.100.7");
    fail(&stranger, ADA, 2).await?;
    let id = console.ada.id.clone();
    let browser = &mut console.browser;
    let found = async |browser: &mut Browser, fields: &[(&str, &str)]| -> anyhow::Result<Vec<String>> {
        let page = list(browser, EVENTS, fields).await?;
        page.assert_is(200, "Events");
        Ok(column(&page, "Event"))
    };
    let failed = ["login_failed warning"; 2];
    assert_eq!(found(browser, &[("address", "198.51.100.7")]).await?, failed);
    assert_eq!(found(browser, &[("type", "login_failed"), ("user", &id)]).await?, failed);
    assert_eq!(found(browser, &[("severity", "warning"), ("user", &id)]).await?, failed);
    assert_eq!(found(browser, &[("type", "registered"), ("user", &id)]).await?, ["registered"]);
    assert!(found(browser, &[("severity", "critical")]).await?.is_empty());
    assert!(found(browser, &[("from", "2999-01-01T00:00")]).await?.is_empty());
    assert!(found(browser, &[("until", "2001-01-01T00:00:30")]).await?.is_empty());
    assert!(found(browser, &[("from", "2001-01-01T00:00")]).await?.len() > 4);
    Ok(())
}

#[tokio::test]
async fn conditions_that_make_no_sense_are_told_beside_their_fields() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    let fields = [("user", "<b>"), ("address", "here"), ("from", "yesterday"), ("type", "gossip")];
    let page = list(&mut console.browser, EVENTS, &fields).await?;
    page.assert_is(400, "Events");
    for (field, typed) in &fields[..3] {
        assert!(!page.html.error(field).is_empty(), "{field}: {}", page.body);
        assert_eq!(page.html.by_id(field).map(|field| field.get("value")), Some(*typed));
    }
    assert!(!page.html.error("type").is_empty());
    let page = list(&mut console.browser, USERS, &[("status", "gone"), ("verified", "maybe")]).await?;
    page.assert_is(400, "Users");
    assert!(!page.html.error("status").is_empty() && !page.html.error("verified").is_empty());
    let page = list(&mut console.browser, "/auth/console/alerts", &[("type", "x"), ("user", "y")]).await?;
    page.assert_is(400, "Alerts");
    Ok(())
}

#[tokio::test]
async fn an_attack_is_shown_as_one_alert_that_leads_to_its_events() -> anyhow::Result<()> {
    let server = archon_testkit::TestServer::builder().set("rate_limits.enabled", "false").start().await?;
    let mut console = Console::at(server).await?;
    let stranger = console.server.client().from_address("198.51.100.7");
    for guess in 0..12 {
        let email = format!("guess{guess}@example.com");
        crate::support::log_in(&stranger, &email, PASSWORD).await?;
    }
    let mut page = console.browser.open("/auth/console/alerts").await?;
    while column(&page, "Alert").is_empty() {
        page = console.browser.open("/auth/console/alerts").await?;
    }
    assert_eq!(column(&page, "Cause"), ["address 198.51.100.7"]);
    assert!(column(&page, "Alert")[0].contains("open"), "{}", page.body);
    let link = page.html.all("a").into_iter().map(|link| link.get("href").to_owned());
    let link = link.into_iter().find(|href| href.starts_with("/auth/console/alerts/")).unwrap_or_default();
    let alert = console.browser.open(&link).await?;
    alert.assert_is(200, "Alert: failed_logins");
    let events = console.browser.open(alert.html.link("Events of this address")?).await?;
    assert!(column(&events, "Event").len() >= 10, "{}", events.body);
    let overview = console.browser.open("/auth/console").await?;
    assert!(overview.html.text().contains("1 open alert"), "{}", overview.body);
    Ok(())
}

#[tokio::test]
async fn where_there_is_nothing_the_page_says_so() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    for (path, words) in [
        ("/auth/console/alerts", "No alert was raised yet."),
        ("/auth/console/alerts", "Every notice was told"),
        ("/auth/console/blocked-addresses", "No address is blocked."),
        ("/auth/console/mail", "No mail was given up."),
        ("/auth/console", "No alert is open."),
    ] {
        let page = console.browser.open(path).await?;
        assert!(page.html.text().contains(words), "{words} in {}", page.body);
    }
    Ok(())
}
