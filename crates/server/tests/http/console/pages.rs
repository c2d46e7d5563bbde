//! What all pages of the console have in common, and what the overview shows.

use std::time::Duration;

use reqwest::Method;

use super::{ADA, Console, PAGES, ROOT};
use crate::pages::browser::Browser;
use crate::support::{PASSWORD, dated, fail};

#[tokio::test]
async fn every_page_is_well_formed_and_guarded_by_get_and_by_head() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    let ada = Console::page_of(&console.ada);
    let more = [
        (ada.clone(), ADA),
        (format!("{ada}/disable"), "Disable this account?"),
        (format!("{ada}/enable"), "Enable this account?"),
        (format!("{ada}/unlock"), "Unlock this account?"),
        (format!("{ada}/end-sessions"), "End every session of this account?"),
        (format!("{ada}/roles"), "Set the roles of this account"),
        (format!("{ada}/delete"), "Delete this account?"),
    ];
    let pages = PAGES.iter().map(|(path, heading)| ((*path).to_owned(), *heading));
    for (path, heading) in pages.chain(more) {
        let page = console.browser.open(&path).await?;
        page.assert_is(200, heading);
        let policy = page.header("content-security-policy");
        for rule in ["default-src 'none'", "style-src 'self'", "form-action 'self'", "frame-ancestors 'none'"]
        {
            assert!(policy.split("; ").any(|given| given == rule), "{rule} in {policy}");
        }
        assert_eq!(page.header("cache-control"), "no-store");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        let current: Vec<_> =
            page.html.all("a").into_iter().filter(|link| link.has("aria-current")).collect();
        let section = current.iter().find(|link| path.starts_with(link.get("href")));
        assert!(section.is_some(), "the navigation says where {path} is: {}", page.body);
        assert!(page.html.text().contains("Times are in UTC."), "{}", page.body);
        let head = console.browser.send(Method::HEAD, &path, &[], None).await?;
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn the_style_sheet_asks_nobody_else() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    let sheet = console.browser.open("/auth/console/console.css").await?;
    assert_eq!((sheet.status, sheet.header("content-type")), (200, "text/css; charset=utf-8"));
    assert_eq!(sheet.header("cache-control"), "public, max-age=3600");
    for asking in ["url(", "@import", "http"] {
        assert!(!sheet.body.contains(asking), "{asking}");
    }
    Ok(())
}

#[tokio::test]
async fn the_overview_counts_what_has_happened_and_when() -> anyhow::Result<()> {
    let mut console = Console::at(dated().await?).await?;
    fail(&console.server.client(), ADA, 3).await?;
    console.server.lock(ADA).await?;
    for (window, step) in [("1h", "2 minutes"), ("24h", "1 hour"), ("7d", "6 hours"), ("<x>", "1 hour")] {
        let path = format!("/auth/console?{}", crate::pages::browser::encoded(&[("window", window)]));
        let page = console.browser.open(&path).await?;
        page.assert_is(200, "Overview");
        assert!(page.html.text().contains(&format!("One bar is {step}")), "{}", page.body);
        let summary = |name: &str| {
            page.html.by_id(&format!("{name}-desc")).map(|desc| desc.text.clone()).unwrap_or_default()
        };
        // The sixth is the one that meets the lock.
        assert_eq!(summary("failures").split(';').next(), Some("Failed log-ins: 6 in all"), "{window}");
        assert!(summary("locks").starts_with("Locked accounts: 1 in all; the most, 1, at 5 Jan 2026,"));
        // The API's log-ins and the one at the pages.
        assert!(summary("log-ins").starts_with("Log-ins: "), "{}", summary("log-ins"));
        assert!(summary("latency").contains("Figures are milliseconds."), "{}", summary("latency"));
        assert!(!summary("latency").contains("nothing is known"), "{}", summary("latency"));
    }
    Ok(())
}

#[tokio::test]
async fn what_is_over_is_no_part_of_a_short_window() -> anyhow::Result<()> {
    let mut console = Console::at(dated().await?).await?;
    fail(&console.server.client(), ADA, 2).await?;
    console.server.clock().advance(Duration::from_secs(2 * 3600));
    // The session is over by then.
    console.browser = Browser::signed_in(&console.server, ROOT, PASSWORD).await?;
    let mut summary = async |window: &str| -> anyhow::Result<String> {
        let page = console.browser.visit(&format!("/auth/console?window={window}")).await?;
        let desc = page.html.by_id("failures-desc");
        Ok(desc.map(|desc| desc.text.clone()).unwrap_or_default())
    };
    assert_eq!(summary("1h").await?, "Failed log-ins: none.");
    assert!(summary("24h").await?.starts_with("Failed log-ins: 2 in all"));
    Ok(())
}

#[tokio::test]
async fn an_account_is_shown_with_its_lock_sessions_and_latest_events() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    console.server.lock(ADA).await?;
    let page = console.browser.open(&Console::page_of(&console.ada)).await?;
    let text = page.html.text();
    for said in
        [&console.ada.id, "Ada Lovelace", "Locked until", "login_failed", "account_locked", "127.0.0.1"]
    {
        assert!(text.contains(said), "{said} in {text}");
    }
    assert!(page.html.link("End all sessions").is_ok() && page.html.link("Disable account").is_ok());
    assert!(page.html.link("Enable account").is_err(), "it is enabled");
    Ok(())
}
