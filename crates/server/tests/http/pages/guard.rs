//! Forms that a page of ours has not shown to the browser that sends them.

use archon_testkit::TestServer;
use reqwest::Method;

use super::browser::{ADA, Browser, FORM, Page, SESSION, encoded};
use crate::support::{PASSWORD, unlimited};

const SIGN_IN: &str = "/auth/pages/sign-in";

/// Every form, with what a browser would need to send for it to do something.
const FORMS: [(&str, &[(&str, &str)]); 11] = [
    (SIGN_IN, &[("email", ADA), ("password", PASSWORD)]),
    ("/auth/pages/register", &[("name", "Eve"), ("email", "eve@example.com"), ("password", PASSWORD)]),
    ("/auth/pages/forgot-password", &[("email", ADA)]),
    ("/auth/pages/reset-password", &[("token", "x"), ("new_password", PASSWORD)]),
    ("/auth/pages/verify-email", &[("token", "x")]),
    ("/auth/pages/change-password", &[("current_password", PASSWORD), ("new_password", "EvenBetter456?")]),
    ("/auth/pages/sessions/end-others", &[]),
    ("/auth/pages/resend-verification", &[]),
    ("/auth/pages/identities/link", &[("provider", "google")]),
    ("/auth/pages/identities/unlink", &[("provider", "google")]),
    ("/auth/pages/sign-out", &[]),
];

#[track_caller]
fn assert_distrusted(page: &Page, why: &str) {
    page.assert_is(403, "The form was not sent");
    assert!(page.html.text().contains(why), "{}", page.body);
    assert!(page.html.text().contains("nothing was done"), "{}", page.body);
    assert!(page.html.link("Open the form again").is_ok(), "{}", page.body);
    assert_eq!(page.set_cookie(SESSION), "");
}

async fn send(browser: &mut Browser, headers: &[(&str, &str)], secret: &str) -> anyhow::Result<Page> {
    let body = encoded(&[("form_token", secret), ("email", ADA), ("password", PASSWORD)]);
    browser.send(Method::POST, SIGN_IN, headers, Some(body)).await
}

/// A browser with the form to sign in open, and the secret that it holds.
async fn at_the_form(server: &TestServer) -> anyhow::Result<(Browser, String)> {
    let mut browser = Browser::new(server)?;
    browser.open(SIGN_IN).await?;
    let secret = browser.cookies.get(FORM).cloned().unwrap_or_default();
    assert_eq!(secret.len(), 43, "256 bits");
    Ok((browser, secret))
}

#[tokio::test]
async fn no_form_does_anything_without_its_secret() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let mut browser = Browser::registered(&server, ADA).await?;
    let session = browser.cookies.get(SESSION).cloned();
    for (path, fields) in FORMS {
        assert_distrusted(&browser.post(path, fields).await?, "The page was too old");
        let foreign: Vec<_> = fields.iter().copied().chain([("form_token", "A")]).collect();
        assert_distrusted(&browser.post(path, &foreign).await?, "The page was too old");
    }
    assert_eq!(browser.cookies.get(SESSION).cloned(), session);
    browser.open("/auth/pages/sessions").await?.assert_is(200, "Your sessions");
    Browser::signed_in(&server, ADA, PASSWORD).await?;
    assert!(server.register("eve@example.com").await.is_ok(), "nobody has registered her");
    Ok(())
}

#[tokio::test]
async fn a_form_with_its_secret_is_believed_once_and_again() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    server.register(ADA).await?;
    let (mut browser, secret) = at_the_form(&server).await?;
    assert_eq!(send(&mut browser, &[], &format!("{secret}x")).await?.status, 403);
    assert_eq!(send(&mut browser, &[], &secret).await?.status, 303, "an old browser says nothing more");
    Ok(())
}

#[tokio::test]
async fn without_the_cookie_the_page_says_what_may_be_in_the_way() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    server.register(ADA).await?;
    let (mut browser, secret) = at_the_form(&server).await?;
    browser.forget(FORM);
    let page = send(&mut browser, &[], &secret).await?;
    assert_distrusted(&page, "has not sent the cookie");
    assert!(page.html.text().contains("https://"), "{}", page.body);
    assert!(!page.set_cookie(FORM).is_empty(), "the way on is open");
    let form = browser.open(page.html.link("Open the form again")?).await?;
    let answer = browser.submit(&form, SIGN_IN, &[("email", ADA), ("password", PASSWORD)]).await?;
    assert_eq!(answer.status, 303);
    Ok(())
}

#[tokio::test]
async fn the_secret_of_another_browser_does_not_help() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    server.register(ADA).await?;
    let (_, hers) = at_the_form(&server).await?;
    let (mut browser, his) = at_the_form(&server).await?;
    assert_ne!(hers, his);
    assert_distrusted(&send(&mut browser, &[], &hers).await?, "The page was too old");
    for made_up in ["", "A", "null", "\u{0}"] {
        browser.cookies.insert(FORM.to_owned(), "A".to_owned());
        let page = send(&mut browser, &[], made_up).await?;
        assert_distrusted(&page, "has not sent the cookie");
    }
    Ok(())
}

#[tokio::test]
async fn what_the_browser_says_of_another_site_is_believed() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    server.register(ADA).await?;
    let (mut browser, secret) = at_the_form(&server).await?;
    let host = server.base_url().trim_start_matches("http://").to_owned();
    let own = server.base_url().to_owned();
    for headers in [
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("sec-fetch-site", "cross-site"), ("origin", own.as_str())],
        vec![("origin", "https://evil.example")],
        vec![("origin", "http://127.0.0.1")],
        vec![("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")],
        vec![("origin", "https://evil.example"), ("x-forwarded-host", "evil.example")],
        vec![("origin", "https://evil.example"), ("forwarded", "host=evil.example")],
    ] {
        assert_distrusted(&send(&mut browser, &headers, &secret).await?, "came from another site");
    }
    let https = format!("https://{host}");
    for headers in [
        vec![("origin", own.as_str()), ("sec-fetch-site", "same-origin")],
        vec![("origin", https.as_str())],
        vec![("origin", "null"), ("sec-fetch-site", "none")],
    ] {
        let (mut browser, secret) = at_the_form(&server).await?;
        assert_eq!(send(&mut browser, &headers, &secret).await?.status, 303, "{headers:?}");
    }
    Ok(())
}

#[tokio::test]
async fn behind_a_proxy_that_renames_the_host_the_configured_origin_counts() -> anyhow::Result<()> {
    let server = TestServer::builder().set("links.base_url", "https://Auth.example.com/").start().await?;
    server.register(ADA).await?;
    let (mut browser, secret) = at_the_form(&server).await?;
    let foreign = [("origin", "https://auth.example.com.evil.example"), ("host", "10.0.0.1:8181")];
    assert_distrusted(&send(&mut browser, &foreign, &secret).await?, "came from another site");
    let ours = [("origin", "https://auth.example.com"), ("host", "10.0.0.1:8181")];
    let answer = send(&mut browser, &ours, &secret).await?;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert!(!answer.header("strict-transport-security").is_empty());
    Ok(())
}

#[tokio::test]
async fn a_form_that_was_open_before_signing_in_or_out_does_not_work_after() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    server.register(ADA).await?;
    let mut browser = Browser::new(&server)?;
    let old = browser.open(SIGN_IN).await?;
    browser.sign_in(ADA, PASSWORD).await?;
    let refused = browser.submit(&old, SIGN_IN, &[("email", ADA), ("password", PASSWORD)]).await?;
    assert_distrusted(&refused, "The page was too old");
    let sessions = browser.open("/auth/pages/sessions").await?;
    browser.submit(&sessions, "/auth/pages/sign-out", &[]).await?;
    let refused = browser.submit(&sessions, "/auth/pages/sign-out", &[]).await?;
    assert_distrusted(&refused, "The page was too old");
    Ok(())
}
