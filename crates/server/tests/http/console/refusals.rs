//! What is refused is told on the page that asks, with everything that was typed, and nothing is done.

use super::{ADA, Console};
use crate::pages::browser::{Browser, Page};
use crate::support::PASSWORD;

/// What a field of a page shows.
fn value(page: &Page, field: &str) -> String {
    page.html.by_id(field).map(|field| field.get("value").to_owned()).unwrap_or_default()
}

#[tokio::test]
async fn without_a_reason_nothing_is_done() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    let ada = Console::page_of(&console.ada);
    let long = "a".repeat(501);
    for action in ["disable", "enable", "unlock", "end-sessions", "delete"] {
        let path = format!("{ada}/{action}");
        for (reason, told) in [
            ("", "Must not be empty."),
            ("  ", "Must not be empty."),
            (&*long, "Must be at most 500 characters long."),
            ("a\u{7}b", "Must not hold control characters."),
        ] {
            let page = console.confirm(&path, &[("reason", reason)]).await?;
            assert_eq!((page.status, page.html.error("reason")), (400, told), "{path}: {}", page.body);
            assert_eq!(value(&page, "reason"), reason);
            assert_eq!(page.html.link("Reason")?, "#reason");
        }
    }
    for path in
        ["/auth/console/keys/rotate", "/auth/console/mail/retry", "/auth/console/alerts/notices/retry"]
    {
        let page = console.confirm(path, &[]).await?;
        assert_eq!((page.status, page.html.error("reason")), (400, "Must not be empty."), "{path}");
    }
    assert!(console.actions().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn what_was_typed_stays_whatever_is_wrong_with_it() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    let path = format!("{}/roles", Console::page_of(&console.ada));
    let page = console.confirm(&path, &[("roles", "User boss"), ("reason", "promoted")]).await?;
    assert_eq!(page.status, 400);
    assert!(page.html.error("roles").contains("\"User\" is no role"), "{}", page.body);
    assert_eq!([value(&page, "roles"), value(&page, "reason")], ["User boss", "promoted"]);

    let path = "/auth/console/blocked-addresses/block";
    let fields = [("address", "10.0.0.0/8"), ("minutes", "soon"), ("reason", "")];
    let page = console.confirm(path, &fields).await?;
    assert_eq!(page.status, 400);
    assert!(page.html.error("address").starts_with("Must be an IP address"), "{}", page.body);
    assert!(page.html.error("minutes").starts_with("Must be a whole number of minutes"), "{}", page.body);
    assert_eq!(page.html.error("reason"), "Must not be empty.");
    assert_eq!([value(&page, "address"), value(&page, "minutes")], ["10.0.0.0/8", "soon"]);
    assert!(console.actions().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn the_last_administrator_stays_and_the_page_says_why() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    let root = Console::page_of(&console.root);
    for (action, fields) in [
        ("disable", vec![("reason", "holidays")]),
        ("delete", vec![("reason", "holidays")]),
        ("roles", vec![("roles", "user"), ("reason", "holidays")]),
    ] {
        let page = console.confirm(&format!("{root}/{action}"), &fields).await?;
        assert_eq!(page.status, 409, "{}", page.body);
        let alert = page.html.role("alert");
        assert!(alert.contains("This is the last active administrator"), "{alert}");
        assert_eq!(value(&page, "reason"), "holidays");
    }
    console.browser.open("/auth/console").await?.assert_is(200, "Overview");
    assert!(console.actions().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn nobody_blocks_themselves() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    let fields = [("address", "127.0.0.1"), ("reason", "oops")];
    let page = console.confirm("/auth/console/blocked-addresses/block", &fields).await?;
    assert_eq!(page.status, 409, "{}", page.body);
    assert!(page.html.role("alert").contains("own address"), "{}", page.body);
    assert!(console.actions().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn no_form_of_the_console_does_anything_without_its_secret() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    let ada = Console::page_of(&console.ada);
    let actions = ["disable", "enable", "unlock", "end-sessions", "roles", "delete"];
    let actions = actions.map(|action| format!("{ada}/{action}"));
    let others = ["blocked-addresses/block", "blocked-addresses/lift", "mail/retry", "keys/rotate"];
    let others = others.map(|path| format!("/auth/console/{path}"));
    let notices = "/auth/console/alerts/notices/retry".to_owned();
    for path in actions.into_iter().chain(others).chain([notices]) {
        for secret in [None, Some(("form_token", "A"))] {
            let fields = [("reason", "x"), ("roles", "admin"), ("address", "192.0.2.7"), ("minutes", "60")];
            let fields: Vec<_> = fields.into_iter().chain(secret).collect();
            let page = console.browser.post(&path, &fields).await?;
            page.assert_is(403, "The form was not sent");
            assert!(page.html.link("Open the form again")?.starts_with("/auth/console"), "{}", page.body);
        }
        let secret = console.browser.cookies["__Host-archon-form"].clone();
        let body = crate::pages::browser::encoded(&[("form_token", &secret), ("reason", "x")]);
        let headers = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
        let page = console.browser.send(reqwest::Method::POST, &path, &headers, Some(body)).await?;
        page.assert_is(403, "The form was not sent");
    }
    assert!(console.actions().await?.is_empty());
    Browser::signed_in(&console.server, ADA, PASSWORD).await?;
    Ok(())
}
