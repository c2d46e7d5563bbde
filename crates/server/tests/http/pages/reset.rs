//! Forgotten passwords, from the page that asks for a mail to the new password.

use anyhow::Context as _;
use archon_testkit::TestServer;
use reqwest::Method;

use super::browser::{ADA, Browser, FORM, SESSION};
use crate::support::{PASSWORD, log_in, me, seconds, sign_up};

const FORGOT: &str = "/auth/pages/forgot-password";
const RESET: &str = "/auth/pages/reset-password";
const NEW: &str = "EvenBetter456?";

/// Asks for a mail on the page; returns the way to the page that its link leads to, once `count` have come.
async fn mailed_link(server: &TestServer, count: usize) -> anyhow::Result<String> {
    let mut browser = Browser::new(server)?;
    let form = browser.open(FORGOT).await?;
    browser
        .submit(&form, FORGOT, &[("email", ADA)])
        .await?
        .assert_leads_to("/auth/pages/forgot-password?done=mail-sent");
    let mails = server.mails(ADA, "password_reset", count).await?;
    let link = mails.last().and_then(|mail| mail.link()).context("no link")?;
    let (_, query) = link.split_once("/auth/pages/reset-password?").context("the link leads elsewhere")?;
    Ok(format!("{RESET}?{query}"))
}

#[tokio::test]
async fn the_link_in_the_mail_leads_to_a_new_password() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let tokens = sign_up(&server.client(), ADA).await?;
    let link = mailed_link(&server, 1).await?;
    let mut browser = Browser::new(&server)?;
    for _ in 0..5 {
        assert_eq!(browser.send(Method::HEAD, &link, &[], None).await?.status, 200);
        browser.open(&link).await?.assert_is(200, "Set a new password");
    }
    let form = browser.open(&link).await?;
    let answer = browser.submit(&form, RESET, &[("new_password", NEW)]).await?;
    answer.assert_leads_to("/auth/pages/reset-password?done=password-set");
    let page = browser.visit(answer.header("location")).await?;
    page.assert_is(200, "Your new password is set");
    assert_eq!(page.html.link("Sign in")?, "/auth/pages/sign-in");
    assert!(!browser.cookies.contains_key(SESSION), "nobody is signed in by that");

    assert_eq!(me(&server.client(), &tokens).await?.status, 401);
    assert_eq!(log_in(&server.client(), ADA, PASSWORD).await?.status, 401);
    browser.sign_in(ADA, NEW).await?.assert_leads_to("/auth/pages/sessions");
    browser.open(&link).await?.assert_is(400, "This link does not work");
    Ok(())
}

#[tokio::test]
async fn a_refused_password_leaves_the_link_good() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    sign_up(&server.client(), ADA).await?;
    let link = mailed_link(&server, 1).await?;
    let mut browser = Browser::new(&server)?;
    let mut form = browser.open(&link).await?;
    for (new, words) in [
        ("", "Must not be empty."),
        ("short", "Must be at least 8 characters long. Must hold"),
        (ADA, "Must hold at least one upper-case letter."),
        (PASSWORD, "Must be one that you have not used here before."),
    ] {
        form = browser.submit(&form, RESET, &[("new_password", new)]).await?;
        form.assert_is(400, "Set a new password");
        assert!(form.html.error("new_password").starts_with(words), "{}", form.body);
    }
    assert_eq!(browser.submit(&form, RESET, &[("new_password", NEW)]).await?.status, 303);
    Ok(())
}

#[tokio::test]
async fn a_link_that_was_used_or_is_too_old_does_not_work() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    sign_up(&server.client(), ADA).await?;
    let (first, second) = (mailed_link(&server, 1).await?, mailed_link(&server, 2).await?);
    let mut browser = Browser::new(&server)?;
    let (form, other) = (browser.open(&first).await?, browser.open(&second).await?);
    assert_eq!(browser.submit(&form, RESET, &[("new_password", NEW)]).await?.status, 303);
    for form in [form, other] {
        let page = browser.submit(&form, RESET, &[("new_password", "AnotherGood789!")]).await?;
        page.assert_is(400, "This link does not work");
        assert_eq!(page.html.link("Ask for a new link")?, FORGOT);
    }
    let third = mailed_link(&server, 3).await?;
    browser.open(&third).await?.assert_is(200, "Set a new password");
    server.clock().advance(seconds(3600));
    browser.open(&third).await?.assert_is(400, "This link does not work");
    let secret = browser.cookies[FORM].clone();
    let page = browser.post(RESET, &[("form_token", &secret), ("new_password", NEW)]).await?;
    page.assert_is(400, "Set a new password");
    assert!(page.html.role("alert").contains("token: Is required."), "{}", page.body);
    Ok(())
}

#[tokio::test]
async fn the_page_does_not_tell_whether_there_is_an_account() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    sign_up(&server.client(), ADA).await?;
    let mut seen = Vec::new();
    for email in [ADA, "nobody@example.com"] {
        let mut browser =
            Browser::new(&server)?.with("x-forwarded-for", &format!("198.51.100.{}", email.len()));
        let form = browser.open(FORGOT).await?;
        let answer = browser.submit(&form, FORGOT, &[("email", email)]).await?;
        let location = answer.header("location").to_owned();
        let page = browser.visit(&location).await?;
        page.assert_is(200, "Look into your mailbox");
        seen.push((answer.status, location, answer.body, page.body));
    }
    assert_eq!(seen[0], seen[1]);
    assert!(server.mailbox().messages_to("nobody@example.com").is_empty());
    let mut browser = Browser::new(&server)?;
    let form = browser.open(FORGOT).await?;
    let page = browser.submit(&form, FORGOT, &[("email", "<b>no address")]).await?;
    page.assert_is(400, "Forgot your password?");
    assert_eq!(page.html.error("email"), "Must be an e-mail address such as name@example.com.");
    Ok(())
}

#[tokio::test]
async fn asking_by_page_and_by_api_share_the_budgets_of_client_and_target() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let api = server.client().from_address("198.51.100.9");
    let body = serde_json::json!({"email": ADA});
    assert_eq!(api.post("/auth/password/reset", &body).await?.status, 200);
    for client in 0..4 {
        let mut browser = Browser::new(&server)?.with("x-forwarded-for", &format!("198.51.100.{client}"));
        let form = browser.open(FORGOT).await?;
        assert_eq!(form.header("x-ratelimit-remaining"), "5");
        assert_eq!(browser.submit(&form, FORGOT, &[("email", ADA)]).await?.status, 303);
    }
    let mut browser = Browser::new(&server)?;
    let form = browser.open(FORGOT).await?;
    let page = browser.submit(&form, FORGOT, &[("email", "Ada@Example.com")]).await?;
    page.assert_is(429, "Forgot your password?");
    assert!(page.html.role("alert").contains("That was too often. Try again in"), "{}", page.body);
    for other in 0..4 {
        let fields = [("email", format!("nobody{other}@example.com"))];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(browser.submit(&form, FORGOT, &fields).await?.status, 303);
    }
    let page = browser.submit(&form, FORGOT, &[("email", "last@example.com")]).await?;
    page.assert_is(429, "Forgot your password?");
    assert_eq!(page.header("x-ratelimit-remaining"), "0");
    Ok(())
}

#[tokio::test]
async fn a_new_password_lifts_the_lock() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    server.register(ADA).await?;
    server.lock(ADA).await?;
    let link = mailed_link(&server, 1).await?;
    let mut browser = Browser::new(&server)?;
    browser.sign_in(ADA, PASSWORD).await?.assert_is(429, "Sign in");
    let form = browser.open(&link).await?;
    assert_eq!(browser.submit(&form, RESET, &[("new_password", NEW)]).await?.status, 303);
    browser.sign_in(ADA, NEW).await?.assert_leads_to("/auth/pages/sessions");
    Ok(())
}
