//! Pages draw on the same budgets as the API's routes.

use archon_testkit::TestServer;

use super::browser::{ADA, Browser, Page};
use crate::support::{PASSWORD, WRONG, dated, log_in, seconds};

#[track_caller]
fn assert_budget(page: &Page, bucket: &str, limit: u32, remaining: u32) {
    let told = ["x-ratelimit-limit", "x-ratelimit-remaining"].map(|name| page.header(name).to_owned());
    assert_eq!(told, [limit.to_string(), remaining.to_string()], "{}", page.header("ratelimit-policy"));
    assert!(page.header("ratelimit-policy").starts_with(&format!("\"{bucket}\";q={limit};w=")));
}

#[tokio::test]
async fn signing_in_by_page_and_by_api_share_a_budget() -> anyhow::Result<()> {
    let server = dated().await?;
    let mut browser = Browser::new(&server)?;
    assert_budget(&browser.open("/auth/pages/sign-in").await?, "login", 20, 20);
    assert_budget(&browser.sign_in("nobody@example.com", WRONG).await?, "login", 20, 19);
    let invalid = browser.sign_in("no address", WRONG).await?;
    assert_budget(&invalid, "login", 20, 19);
    assert_eq!(
        log_in(&server.client(), "nobody1@example.com", WRONG).await?.header("x-ratelimit-remaining"),
        "18"
    );
    for place in 0..18 {
        assert_eq!(browser.sign_in(&format!("no{place}@example.com"), WRONG).await?.status, 401);
    }
    let refused = browser.sign_in("last@example.com", WRONG).await?;
    refused.assert_is(429, "Sign in");
    assert_eq!(refused.html.role("alert"), "There is a problem That was too often. Try again in 60 seconds.");
    assert_eq!(refused.header("retry-after"), "60");
    assert_budget(&refused, "login", 20, 0);
    browser.open("/auth/pages/sign-in").await?.assert_is(200, "Sign in");
    server.clock().advance(seconds(61));
    assert_eq!(browser.sign_in("last@example.com", WRONG).await?.status, 401);
    Ok(())
}

#[tokio::test]
async fn registering_by_page_and_by_api_share_a_budget() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    for place in 0..5 {
        server.register(&format!("api{place}@example.com")).await?;
        Browser::registered(&server, &format!("page{place}@example.com")).await?;
    }
    let mut browser = Browser::new(&server)?;
    let form = browser.open("/auth/pages/register").await?;
    assert_budget(&form, "register", 10, 0);
    let fields = [("name", "Ada"), ("email", ADA), ("password", PASSWORD)];
    let refused = browser.submit(&form, "/auth/pages/register", &fields).await?;
    refused.assert_is(429, "Create an account");
    assert!(refused.html.role("alert").contains("That was too often"), "{}", refused.body);
    Ok(())
}

#[tokio::test]
async fn whoever_is_signed_in_is_charged_as_a_user_and_anybody_else_as_a_client() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let mut browser = Browser::registered(&server, ADA).await?;
    assert_budget(&browser.open("/auth/pages/sessions").await?, "default", 300, 299);
    let mut elsewhere = Browser::new(&server)?.with("x-forwarded-for", "198.51.100.7");
    elsewhere.cookies.clone_from(&browser.cookies);
    assert_budget(&elsewhere.open("/auth/pages/change-password").await?, "default", 300, 298);
    let mut stranger = Browser::new(&server)?.with("x-forwarded-for", "198.51.100.8");
    assert_budget(&stranger.open("/auth/pages/nowhere").await?, "default", 300, 299);
    assert_budget(&stranger.open("/auth/pages/sessions").await?, "default", 300, 298);
    assert_budget(&stranger.post("/auth/pages/sign-out", &[]).await?, "default", 300, 297);
    Ok(())
}

#[tokio::test]
async fn who_opens_pages_too_often_is_told_on_a_page() -> anyhow::Result<()> {
    let server = TestServer::builder().set("rate_limits.default.limit", "3").start().await?;
    let mut browser = Browser::new(&server)?;
    for _ in 0..3 {
        assert_eq!(browser.open("/auth/pages/sign-in").await?.status, 200);
    }
    for path in ["/auth/pages/sign-in", "/auth/pages/page.css", "/auth/pages/nowhere", "/auth/pages"] {
        let refused = browser.open(path).await?;
        refused.assert_is(429, "That was too often");
        assert!(refused.html.text().contains("Try again in 60 seconds"), "{}", refused.body);
    }
    Ok(())
}
