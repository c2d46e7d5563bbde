//! What strangers put into names, addresses and links is shown as text and leads nowhere.

use archon_testkit::TestServer;

use super::browser::{ADA, Browser};
use crate::support::{PASSWORD, WRONG, unlimited};

/// Breaks out of text, of an attribute, and of a template.
const HOSTILE: [&str; 4] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onfocus='alert(1)",
    "{{ 7*7 }}{% raw %}",
];

#[tokio::test]
async fn names_are_shown_as_text() -> anyhow::Result<()> {
    let server = unlimited().await?;
    for (place, hostile) in HOSTILE.into_iter().enumerate() {
        let email = format!("ada{place}@example.com");
        let mut browser = Browser::new(&server)?;
        let form = browser.open("/auth/pages/register").await?;
        let fields = [("name", hostile), ("email", &email), ("password", PASSWORD)];
        assert_eq!(browser.submit(&form, "/auth/pages/register", &fields).await?.status, 303);
        // Every page is read by a parser that refuses scripts, pictures from elsewhere and inline handlers.
        let page = browser.open("/auth/pages/sessions").await?;
        assert!(page.html.text().contains(hostile), "{}", page.body);
    }
    Ok(())
}

#[tokio::test]
async fn what_was_typed_is_shown_again_as_text() -> anyhow::Result<()> {
    let server = unlimited().await?;
    for hostile in HOSTILE {
        let mut browser = Browser::new(&server)?;
        for (path, fields) in [
            ("/auth/pages/sign-in", vec![("email", hostile), ("password", WRONG)]),
            ("/auth/pages/register", vec![("email", hostile), ("name", hostile), ("password", hostile)]),
        ] {
            let form = browser.open(path).await?;
            let page = browser.submit(&form, path, &fields).await?;
            assert_eq!(page.status, 400, "{}", page.body);
            assert_eq!(
                page.html.by_id("email").map(|field| field.get("value").to_owned()).as_deref(),
                Some(hostile)
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn devices_are_shown_as_text() -> anyhow::Result<()> {
    let server = TestServer::builder().set("sessions.max_concurrent_sessions", "20").start().await?;
    server.register(ADA).await?;
    for hostile in ["<script>alert(1)</script>", "\"><img/src=x>", "'onfocus='alert(1)"] {
        let client = server.client().with_user_agent(hostile).from_address("<b>");
        crate::support::logged_in(&client, ADA).await?;
        let page = Browser::signed_in(&server, ADA, PASSWORD).await?.open("/auth/pages/sessions").await?;
        let shown = hostile.split(['/', ' ']).next().unwrap_or_default();
        assert!(page.html.text().contains(shown), "{}", page.body);
    }
    Ok(())
}

#[tokio::test]
async fn queries_put_no_words_into_our_mouth() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let mut browser = Browser::registered(&server, ADA).await?;
    let mut stranger = Browser::new(&server)?;
    let plain = browser.open("/auth/pages/sessions").await?.html.text().to_owned();
    let form = stranger.open("/auth/pages/sign-in").await?.html.text().to_owned();
    for done in [
        "Call+0800-EVIL",
        "%3Cscript%3E",
        "password-changed%00",
        "PASSWORD-CHANGED",
        "email-verified",
        "signed-out&done=signed-out",
    ] {
        assert_eq!(browser.open(&format!("/auth/pages/sessions?done={done}")).await?.html.text(), plain);
        assert_eq!(stranger.open(&format!("/auth/pages/sign-in?done={done}")).await?.html.text(), form);
    }
    Ok(())
}

#[tokio::test]
async fn nobody_is_led_to_another_host() -> anyhow::Result<()> {
    let server = unlimited().await?;
    server.register(ADA).await?;
    for next in [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/auth/pages/../../evil",
        "/auth/pages/sessions@evil.example",
        "/auth/pages/sessions/../sign-in",
        "/auth/pages/sessions?x",
        "\r\nset-cookie: a=b",
        "",
    ] {
        let mut browser = Browser::new(&server)?;
        let query = super::browser::encoded(&[("next", next)]);
        let form = browser.open(&format!("/auth/pages/sign-in?{query}")).await?;
        let fields = [("email", ADA), ("password", PASSWORD)];
        let answer = browser.submit(&form, "/auth/pages/sign-in", &fields).await?;
        answer.assert_leads_to("/auth/pages/sessions");
        let again = browser.open(&format!("/auth/pages/sign-in?{query}")).await?;
        again.assert_leads_to("/auth/pages/sessions");

        let mut browser = Browser::new(&server)?;
        let form = browser.open("/auth/pages/sign-in").await?;
        let fields = [("email", ADA), ("password", PASSWORD), ("next", next)];
        let answer = browser.submit(&form, "/auth/pages/sign-in", &fields).await?;
        answer.assert_leads_to("/auth/pages/sessions");
    }
    Ok(())
}

#[tokio::test]
async fn hosts_are_not_believed() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let mut browser =
        Browser::new(&server)?.with("host", "evil.example").with("x-forwarded-host", "evil.example");
    for path in ["/auth/pages/sign-in", "/auth/pages/nowhere", "/auth/pages", "/auth/pages/sessions"] {
        let page = browser.open(path).await?;
        assert!(!page.body.contains("evil") && !page.header("location").contains("evil"), "{}", page.body);
    }
    Ok(())
}
