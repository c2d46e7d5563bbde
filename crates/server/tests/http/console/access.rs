//! Who may come in.

use archon_testkit::TestServer;
use reqwest::Method;

use super::{ADA, Console, PAGES, ROOT};
use crate::pages::browser::{Browser, SESSION};
use crate::support::{PASSWORD, assert_refused, unlimited};

const FORBIDDEN: &str = "This is for administrators";

#[tokio::test]
async fn nobody_is_led_to_sign_in_and_back_to_the_page_that_was_asked_for() -> anyhow::Result<()> {
    let console = Console::open().await?;
    let user = Console::page_of(&console.ada);
    for path in ["/auth/console", "/auth/console/users", "/auth/console/keys", &user] {
        let mut browser = Browser::new(&console.server)?;
        let answer = browser.open(path).await?;
        answer.assert_leads_to(&format!("/auth/pages/sign-in?next={path}"));
        let form = browser.open(answer.header("location")).await?;
        let fields = [("email", ROOT), ("password", PASSWORD)];
        let signed_in = browser.submit(&form, "/auth/pages/sign-in", &fields).await?;
        signed_in.assert_leads_to(path);
        assert_eq!(browser.open(path).await?.status, 200);
    }
    let mut browser = Browser::new(&console.server)?;
    let ask = format!("{user}/disable");
    browser.open(&ask).await?.assert_leads_to(&format!("/auth/pages/sign-in?next={user}"));
    Ok(())
}

#[tokio::test]
async fn a_user_is_told_that_this_is_for_administrators_and_shown_a_way_out() -> anyhow::Result<()> {
    let console = Console::open().await?;
    let mut browser = Browser::signed_in(&console.server, ADA, PASSWORD).await?;
    let root = Console::page_of(&console.root);
    let asks = ["disable", "roles", "delete"].map(|action| format!("{root}/{action}"));
    let paths = PAGES.iter().map(|(path, _)| *path).chain([root.as_str()]);
    for path in paths.chain(asks.iter().map(String::as_str)) {
        let page = browser.open(path).await?;
        page.assert_is(403, FORBIDDEN);
        assert!(page.html.text().contains(ADA), "{}", page.body);
        assert_eq!(page.html.link("Go to your sessions")?, "/auth/pages/sessions");
        assert_eq!(page.html.forms("/auth/pages/sign-out").len(), 1, "{}", page.body);
    }
    let secret = browser.cookies["__Host-archon-form"].clone();
    for action in &asks {
        let fields = [("form_token", secret.as_str()), ("reason", "mine now"), ("roles", "admin")];
        browser.post(action, &fields).await?.assert_is(403, FORBIDDEN);
    }
    assert!(console.actions().await?.is_empty(), "nothing was done");
    Ok(())
}

#[tokio::test]
async fn whose_role_is_taken_is_out_with_the_next_click() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    console.server.set_roles(&console.ada, &["admin", "user"]).await?;
    let mut ada = Browser::signed_in(&console.server, ADA, PASSWORD).await?;
    ada.open("/auth/console").await?.assert_is(200, "Overview");
    let path = format!("{}/roles", Console::page_of(&console.ada));
    let done = console.confirm(&path, &[("roles", "user"), ("reason", "left the team")]).await?;
    assert_eq!(done.status, 303, "{}", done.body);
    ada.open("/auth/console").await?.assert_is(403, FORBIDDEN);
    assert!(ada.cookies.contains_key(SESSION), "she stays signed in");
    Ok(())
}

#[tokio::test]
async fn an_api_token_opens_no_page_of_the_console() -> anyhow::Result<()> {
    let console = Console::open().await?;
    let mut browser = Browser::new(&console.server)?;
    browser.cookies.insert(SESSION.to_owned(), console.root.access_token.clone());
    assert_eq!(browser.open("/auth/console").await?.status, 303);
    let bearer = console.root.authorization();
    let mut browser = Browser::new(&console.server)?.with("authorization", &bearer);
    assert_eq!(browser.open("/auth/console").await?.status, 303, "a header is no cookie");
    Ok(())
}

#[tokio::test]
async fn switched_off_there_is_nothing() -> anyhow::Result<()> {
    for setting in ["console.enabled", "pages.enabled"] {
        let builder = TestServer::builder().set(setting, "false").set("rate_limits.enabled", "false");
        let server = builder.set("links.base_url", "https://app.example.com").start().await?;
        server.register_administrator(ROOT).await?;
        let nowhere = ["/auth/console/", "/auth/console/console.css", "/auth/console/nowhere"];
        for path in PAGES.iter().map(|(path, _)| *path).chain(nowhere) {
            for method in [Method::GET, Method::POST] {
                let answer = server.client().send(method, path, None).await?;
                assert_refused(&answer, 404, "NOT_FOUND");
                assert_eq!(answer.header("set-cookie"), "");
            }
        }
    }
    let server = unlimited().await?;
    assert_eq!(server.client().get("/auth/console/console.css").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn errors_below_the_console_are_pages_that_lead_back() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    let unknown = "019b8d2c-8f4a-7c3e-9f10-a1b2c3d4e5f6";
    for (path, heading) in [
        ("/auth/console/nowhere".to_owned(), "There is no such page"),
        ("/auth/console/users/x".to_owned(), "There is no such page"),
        (format!("/auth/console/users/{unknown}"), "There is no such account"),
        (format!("/auth/console/users/{unknown}/disable"), "There is no such account"),
        (format!("{}/promote", Console::page_of(&console.ada)), "There is no such page"),
        (format!("/auth/console/alerts/{unknown}"), "There is no such page"),
    ] {
        let page = console.browser.open(&path).await?;
        page.assert_is(404, heading);
        assert_eq!(page.html.link("Go to the start")?, "/auth/console");
    }
    let page = console.browser.send(Method::POST, "/auth/console/users", &[], None).await?;
    page.assert_is(405, "This page cannot be opened like that");
    assert_eq!(page.header("allow"), "GET, HEAD");
    Ok(())
}
