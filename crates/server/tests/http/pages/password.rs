//! Changing the password.

use archon_testkit::TestServer;

use super::browser::{ADA, Browser};
use crate::support::{PASSWORD, WRONG, log_in, me, sign_up};

const CHANGE: &str = "/auth/pages/change-password";
const NEW: &str = "EvenBetter456?";

#[tokio::test]
async fn a_new_password_keeps_this_session_and_ends_every_other() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let tokens = sign_up(&server.client(), ADA).await?;
    let mut other = Browser::signed_in(&server, ADA, PASSWORD).await?;
    let mut browser = Browser::signed_in(&server, ADA, PASSWORD).await?;
    let form = browser.open(CHANGE).await?;
    let answer =
        browser.submit(&form, CHANGE, &[("current_password", PASSWORD), ("new_password", NEW)]).await?;
    answer.assert_leads_to("/auth/pages/sessions?done=password-changed");
    let page = browser.visit(answer.header("location")).await?;
    page.assert_is(200, "Your sessions");
    assert_eq!(page.html.role("status"), "Your password is changed. Every other session has ended.");
    assert_eq!(page.html.all("li").len(), 1);
    other.visit(CHANGE).await?.assert_is(200, "Sign in");
    assert_eq!(me(&server.client(), &tokens).await?.status, 401);
    assert_eq!(log_in(&server.client(), ADA, PASSWORD).await?.status, 401);
    assert_eq!(log_in(&server.client(), ADA, NEW).await?.status, 200);
    server.mail(ADA, "password_changed").await?;
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let mut browser = Browser::registered(&server, ADA).await?;
    let mut form = browser.open(CHANGE).await?;
    for (current, new, status, field, words) in [
        (WRONG, NEW, 401, "current_password", "Is not your current password."),
        (
            PASSWORD,
            "short",
            400,
            "new_password",
            "Must be at least 8 characters long. Must hold at least one upper-case letter.",
        ),
        (PASSWORD, ADA, 400, "new_password", "Must hold at least one upper-case letter."),
        (PASSWORD, PASSWORD, 400, "new_password", "Must be one that you have not used here before."),
        ("", "", 400, "current_password", "Must not be empty."),
    ] {
        form = browser.submit(&form, CHANGE, &[("current_password", current), ("new_password", new)]).await?;
        form.assert_is(status, "Change your password");
        assert!(form.html.error(field).starts_with(words), "{}", form.body);
        assert!(
            !form.body.contains("short\"") && !form.body.contains(WRONG) && !form.body.contains(PASSWORD)
        );
    }
    let answer =
        browser.submit(&form, CHANGE, &[("current_password", PASSWORD), ("new_password", NEW)]).await?;
    assert_eq!(answer.status, 303);
    Ok(())
}

#[tokio::test]
async fn guessing_the_current_password_locks_as_signing_in_does() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let mut browser = Browser::registered(&server, ADA).await?;
    let form = browser.open(CHANGE).await?;
    let fields = [("current_password", WRONG), ("new_password", NEW)];
    for _ in 0..5 {
        assert_eq!(browser.submit(&form, CHANGE, &fields).await?.status, 401);
    }
    let page = browser.submit(&form, CHANGE, &fields).await?;
    page.assert_is(429, "Change your password");
    assert!(page.html.role("alert").contains("Try again in 30 minutes"), "{}", page.body);
    assert_eq!(page.header("retry-after"), "1800");
    browser.open(CHANGE).await?.assert_is(200, "Change your password");
    Ok(())
}
