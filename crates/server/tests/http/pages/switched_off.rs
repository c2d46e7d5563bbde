//! A deployment with a front end of its own shows no pages.

use archon_testkit::TestServer;
use reqwest::Method;

use crate::support::{assert_refused, sign_up};

#[tokio::test]
async fn without_pages_there_is_nothing_below_their_paths() -> anyhow::Result<()> {
    let builder = TestServer::builder().set("pages.enabled", "false");
    let server = builder.set("links.base_url", "https://app.example.com").start().await?;
    sign_up(&server.client(), "ada@example.com").await?;
    for path in [
        "/auth/pages",
        "/auth/pages/",
        "/auth/pages/sign-in",
        "/auth/pages/sessions",
        "/auth/pages/identities",
        "/auth/pages/oauth/google",
        "/auth/pages/oauth/google/callback?state=x&code=x",
        "/auth/pages/assets/google.svg",
        "/auth/pages/page.css",
        "/auth/pages/icon.svg",
        "/auth/pages/nowhere",
        "/auth/pages/verify-email?token=x",
    ] {
        for method in [Method::GET, Method::POST] {
            let answer = server.client().send(method, path, None).await?;
            assert_refused(&answer, 404, "NOT_FOUND");
            assert_eq!(answer.header("set-cookie"), "");
        }
    }
    let mail = server.mail("ada@example.com", "verify_email").await?;
    assert!(
        mail.link()
            .is_some_and(|link| link.starts_with("https://app.example.com/auth/pages/verify-email?token="))
    );
    let welcome = server.mail("ada@example.com", "welcome").await?;
    assert!(
        !welcome.text.contains("https://"),
        "no button leads to a page that is not there: {}",
        welcome.text
    );
    Ok(())
}
