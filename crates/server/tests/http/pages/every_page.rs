//! What all pages have in common.

use archon_testkit::TestServer;
use reqwest::Method;

use super::browser::{ADA, Browser, Page, encoded};
use crate::support::unlimited;

const TOKEN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Pages that anybody can open, with what they answer.
const OPEN: [(&str, u16, &str); 11] = [
    ("/auth/pages/sign-in", 200, "Sign in"),
    ("/auth/pages/register", 200, "Create an account"),
    ("/auth/pages/register?done=mail-sent", 200, "Look into your mailbox"),
    ("/auth/pages/forgot-password", 200, "Forgot your password?"),
    ("/auth/pages/forgot-password?done=mail-sent", 200, "Look into your mailbox"),
    ("/auth/pages/reset-password", 400, "This link does not work"),
    ("/auth/pages/reset-password?done=password-set", 200, "Your new password is set"),
    ("/auth/pages/verify-email", 400, "This link does not work"),
    (
        "/auth/pages/verify-email?token=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        200,
        "Verify your e-mail address",
    ),
    ("/auth/pages/verify-email?done=email-verified", 200, "Your e-mail address is verified"),
    ("/auth/pages/nowhere", 404, "There is no such page"),
];

#[track_caller]
fn assert_guarded(page: &Page) {
    let policy = page.header("content-security-policy");
    for rule in [
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.split("; ").any(|given| given == rule), "{rule} in {policy}");
    }
    assert_eq!(policy.split("; ").count(), 6, "{policy}");
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert!(!page.header("x-request-id").is_empty() && !page.header("ratelimit").is_empty());
}

#[tokio::test]
async fn every_page_is_well_formed_and_guarded_by_get_and_by_head() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let limited = TestServer::start().await?;
    for server in [&server, &limited] {
        let mut browser = Browser::registered(server, ADA).await?;
        let session = [
            ("/auth/pages/sessions", 200, "Your sessions"),
            ("/auth/pages/change-password", 200, "Change your password"),
            ("/auth/pages/identities", 200, "Ways to log in"),
        ];
        for (path, status, heading) in session.into_iter().chain(OPEN) {
            let mut stranger = Browser::new(server)?;
            let visitor = if heading.starts_with("Your s")
                || ["/auth/pages/change-password", "/auth/pages/identities"].contains(&path)
            {
                &mut browser
            } else {
                &mut stranger
            };
            let page = visitor.open(path).await?;
            page.assert_is(status, heading);
            let head = visitor.send(Method::HEAD, path, &[], None).await?;
            assert_eq!((head.status, head.body.as_str()), (status, ""), "{path}");
            assert_eq!(head.header("content-length"), page.body.len().to_string(), "{path}");
        }
    }
    let mut browser = Browser::new(&limited)?;
    for (path, _, _) in OPEN {
        assert_guarded(&browser.open(path).await?);
    }
    Ok(())
}

#[tokio::test]
async fn errors_below_the_pages_are_pages_that_say_what_to_do() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let mut browser = Browser::new(&server)?;
    for path in ["/auth/pages/nowhere", "/auth/pages/sessions/x/y", "/auth/pages/%00", "/auth/pages/%ff"] {
        let page = browser.open(path).await?;
        page.assert_is(404, "There is no such page");
        assert!(page.html.text().contains(page.header("x-request-id")), "{}", page.body);
        assert_eq!(page.html.link("Go to the start")?, "/auth/pages");
        assert_guarded(&page);
    }
    let accept = [("accept", "application/problem+json")];
    let page = browser.send(Method::GET, "/auth/pages/nowhere", &accept, None).await?;
    page.assert_is(404, "There is no such page");
    for (method, path, allow) in [
        (Method::PUT, "/auth/pages/sign-in", "GET, HEAD, POST"),
        (Method::GET, "/auth/pages/sign-out", "POST"),
        (Method::GET, "/auth/pages/sessions/end", "POST"),
        (Method::POST, "/auth/pages/sessions", "GET, HEAD"),
        (Method::DELETE, "/auth/pages/page.css", "GET, HEAD"),
    ] {
        let page = browser.send(method, path, &[], None).await?;
        page.assert_is(405, "This page cannot be opened like that");
        assert_eq!(page.header("allow"), allow, "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn what_a_form_may_not_hold_is_refused_as_a_page() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let mut browser = Browser::new(&server)?;
    let path = "/auth/pages/sign-in";
    browser.open(path).await?;
    let form = |text: &str| Some(text.to_owned());
    let much = "a".repeat(65_537);
    for (status, kind, body) in [
        (415, "application/json", form("{}")),
        (415, "text/plain", form("email=a")),
        (415, "multipart/form-data; boundary=x", form("--x--")),
        (415, "application/x-www-form-urlencoded; charset=latin1", form("email=a")),
        (413, "application/x-www-form-urlencoded", form(&much)),
        (400, "application/x-www-form-urlencoded", form("email=a&email=b")),
        (400, "application/x-www-form-urlencoded", form("email=%ff")),
    ] {
        let page = browser.send(Method::POST, path, &[("content-type", kind)], body).await?;
        assert_eq!(page.status, status, "{kind}: {}", page.body);
        assert!(page.html.text().contains("Request"), "{}", page.body);
        assert_guarded(&page);
    }
    let full = encoded(&[("filler", &"a".repeat(65_000))]);
    assert_eq!(browser.send(Method::POST, path, &[], Some(full)).await?.status, 403, "read, and not ours");
    Ok(())
}

#[tokio::test]
async fn fields_say_what_they_are_to_password_managers() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let mut browser = Browser::registered(&server, ADA).await?;
    let mut stranger = Browser::new(&server)?;
    let mut pages = Vec::new();
    for path in ["/auth/pages/sign-in", "/auth/pages/register", "/auth/pages/forgot-password"] {
        pages.push(stranger.open(path).await?);
    }
    pages.push(browser.open("/auth/pages/change-password").await?);
    let said: Vec<_> = pages.iter().flat_map(|page| page.html.all("input")).collect();
    let said: Vec<_> =
        said.iter().filter(|input| input.has("autocomplete") && !input.has("hidden")).collect();
    let said: Vec<_> = said.iter().map(|input| (input.get("name"), input.get("autocomplete"))).collect();
    let expected = [
        ("email", "username"),
        ("password", "current-password"),
        ("name", "name"),
        ("email", "email"),
        ("password", "new-password"),
        ("email", "username"),
        ("current_password", "current-password"),
        ("new_password", "new-password"),
    ];
    assert_eq!(said, expected);
    assert!(stranger.open(&format!("/auth/pages/verify-email?token={TOKEN}")).await?.status == 200);
    Ok(())
}

#[tokio::test]
async fn the_style_sheet_and_the_icon_ask_nobody_else() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let mut browser = Browser::new(&server)?;
    for path in [
        "page.css",
        "icon.svg",
        "assets/google.svg",
        "assets/github.svg",
        "assets/microsoft.svg",
        "assets/key.svg",
    ] {
        let path = format!("/auth/pages/{path}");
        let kind = if path.ends_with(".css") { "text/css; charset=utf-8" } else { "image/svg+xml" };
        let asset = browser.open(&path).await?;
        assert_eq!((asset.status, asset.header("content-type")), (200, kind));
        assert_eq!(asset.header("cache-control"), "public, max-age=3600");
        assert_eq!(asset.header("set-cookie"), "", "what is cached holds no cookie");
        for asking in ["url(", "@import", "href", "<script", "<style"] {
            assert!(!asset.body.contains(asking), "{asking} in {path}");
        }
    }
    for path in ["/auth/pages/assets/x.svg", "/auth/pages/assets/..%2fpage.css", "/auth/pages/assets/"] {
        browser.open(path).await?.assert_is(404, "There is no such page");
    }
    Ok(())
}

#[tokio::test]
async fn the_start_leads_to_where_one_can_do_something() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    for path in ["/auth/pages", "/auth/pages/"] {
        Browser::new(&server)?.open(path).await?.assert_leads_to("/auth/pages/sign-in");
    }
    let mut browser = Browser::registered(&server, ADA).await?;
    browser.open("/auth/pages").await?.assert_leads_to("/auth/pages/sessions");
    browser.open("/auth/pages/sign-in").await?.assert_leads_to("/auth/pages/sessions");
    Ok(())
}

#[tokio::test]
async fn pages_and_mails_call_the_service_by_its_name() -> anyhow::Result<()> {
    let server = TestServer::builder().set("pages.service_name", "Books & <Co>").start().await?;
    let mut browser = Browser::registered(&server, ADA).await?;
    let page = browser.open("/auth/pages/sessions").await?;
    assert_eq!(page.html.all("title")[0].text, "Your sessions - Books & <Co>");
    assert!(server.mail(ADA, "welcome").await?.text.contains("Books & <Co>"));
    Ok(())
}
