//! The pages that links in mails lead to.

use archon_testkit::TestServer;
use reqwest::Method;
use serde_json::json;

use super::browser::{ADA, Browser};
use crate::support::{days, me, sign_up, verification_token};

const VERIFY: &str = "/auth/pages/verify-email";

#[tokio::test]
async fn the_button_verifies_and_opening_the_link_does_not() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let tokens = sign_up(&server.client(), ADA).await?;
    let token = verification_token(&server, ADA, 1).await?;
    let mut browser = Browser::new(&server)?;
    let link = format!("{VERIFY}?token={token}");
    for _ in 0..5 {
        assert_eq!(browser.send(Method::HEAD, &link, &[], None).await?.status, 200);
        browser.open(&link).await?.assert_is(200, "Verify your e-mail address");
        assert_eq!(me(&server.client(), &tokens).await?.json["email_verified"], false);
    }
    let form = browser.open(&link).await?;
    let answer = browser.submit(&form, VERIFY, &[]).await?;
    answer.assert_leads_to("/auth/pages/verify-email?done=email-verified");
    assert_eq!(me(&server.client(), &tokens).await?.json["email_verified"], true);
    let page = browser.visit(answer.header("location")).await?;
    page.assert_is(200, "Your e-mail address is verified");
    assert_eq!(page.html.link("Continue")?, "/auth/pages");
    browser.submit(&form, VERIFY, &[]).await?.assert_is(400, "This link does not work");
    Ok(())
}

#[tokio::test]
async fn links_that_do_not_work_say_what_to_do() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    sign_up(&server.client(), ADA).await?;
    let token = verification_token(&server, ADA, 1).await?;
    server.clock().advance(days(1));
    let mut browser = Browser::new(&server)?;
    let form = browser.open(&format!("{VERIFY}?token={token}")).await?;
    browser.submit(&form, VERIFY, &[]).await?.assert_is(400, "This link does not work");
    let twice = format!("?token={token}&token={token}");
    for query in
        ["", "?token=", "?token=garbage", "?token=%22%3E%3Cb%3E", "?token=%ff", "?done=anything", &twice]
    {
        for page in [VERIFY, "/auth/pages/reset-password"] {
            browser.open(&format!("{page}{query}")).await?.assert_is(400, "This link does not work");
        }
    }
    let dead = browser.open("/auth/pages/reset-password?token=x").await?;
    assert_eq!(dead.html.link("Ask for a new link")?, "/auth/pages/forgot-password");
    Ok(())
}

#[tokio::test]
async fn the_api_and_the_page_spend_the_same_token() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    sign_up(&server.client(), ADA).await?;
    let token = verification_token(&server, ADA, 1).await?;
    let mut browser = Browser::new(&server)?;
    let form = browser.open(&format!("{VERIFY}?token={token}")).await?;
    let answer = server.client().post("/auth/email/verify", &json!({"token": token})).await?;
    assert_eq!(answer.status, 200);
    browser.submit(&form, VERIFY, &[]).await?.assert_is(400, "This link does not work");
    Ok(())
}
