//! The cookies: how they are set, what they open, and when they go.

use archon_testkit::TestServer;

use super::browser::{ADA, Browser, FORM, SESSION};
use crate::support::{PASSWORD, assert_refused, days, me, part, seconds, sign_up};

const SESSIONS: &str = "/auth/pages/sessions";
const SIGN_IN: &str = "/auth/pages/sign-in";

/// What is said of a cookie beside its value.
fn attributes(line: &str) -> Vec<&str> {
    line.split("; ").skip(1).collect()
}

const BOUND: [&str; 4] = ["Path=/", "Secure", "HttpOnly", "SameSite=Lax"];

#[tokio::test]
async fn both_cookies_are_bound_to_this_host_and_hidden_from_scripts() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    server.register(ADA).await?;
    let mut browser = Browser::new(&server)?;
    let form = browser.open(SIGN_IN).await?;
    assert_eq!(attributes(form.set_cookie(FORM)), BOUND);
    assert_eq!(form.set_cookie(SESSION), "");
    assert_eq!(browser.open(SIGN_IN).await?.set_cookie(FORM), "", "one that is there stays");
    let before = browser.cookies.get(FORM).cloned();
    let answer = browser.submit(&form, SIGN_IN, &[("email", ADA), ("password", PASSWORD)]).await?;
    assert_eq!(attributes(answer.set_cookie(SESSION)), BOUND, "until the browser is closed");
    assert_eq!(attributes(answer.set_cookie(FORM)), BOUND);
    assert_ne!(browser.cookies.get(FORM).cloned(), before, "a new secret");
    Ok(())
}

#[tokio::test]
async fn who_asks_to_be_remembered_keeps_the_cookie_as_long_as_its_token_works() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    server.register(ADA).await?;
    let mut browser = Browser::new(&server)?;
    let form = browser.open(SIGN_IN).await?;
    let fields = [("email", ADA), ("password", PASSWORD), ("remember_me", "true")];
    let answer = browser.submit(&form, SIGN_IN, &fields).await?;
    assert_eq!(attributes(answer.set_cookie(SESSION)).last(), Some(&"Max-Age=604800"));
    server.clock().advance(days(3));
    browser.open(SESSIONS).await?.assert_is(200, "Your sessions");
    Ok(())
}

#[tokio::test]
async fn a_token_is_for_the_pages_and_for_nothing_else() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let browser = Browser::registered(&server, ADA).await?;
    let token = &browser.cookies[SESSION];
    let claims = part(token, 1)?;
    assert_eq!((&claims["type"], &claims["aud"]), (&"page".into(), &"archon-api/pages".into()));
    let api = server.client().with_token(token);
    for path in ["/auth/me", "/auth/sessions", "/auth/me/export"] {
        assert_refused(&api.get(path).await?, 401, "TOKEN_INVALID");
    }
    let refreshed = api.post("/auth/refresh", &serde_json::json!({"refresh_token": token})).await?;
    assert_refused(&refreshed, 401, "TOKEN_INVALID");
    let by_cookie = server.client().with_header("cookie", &format!("{SESSION}={token}"));
    assert_refused(&by_cookie.get("/auth/me").await?, 401, "TOKEN_MISSING");
    Ok(())
}

#[tokio::test]
async fn no_other_token_opens_the_pages() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let tokens = sign_up(&server.client(), ADA).await?;
    let elsewhere = TestServer::start().await?;
    let foreign = Browser::registered(&elsewhere, ADA).await?.cookies[SESSION].clone();
    let good = Browser::signed_in(&server, ADA, PASSWORD).await?.cookies[SESSION].clone();
    let cut = good[..good.len() - 2].to_owned();
    let bearer = Browser::new(&server)?
        .with("authorization", &format!("Bearer {}", tokens.access))
        .open(SESSIONS)
        .await?;
    bearer.assert_leads_to("/auth/pages/sign-in?next=/auth/pages/sessions");
    for token in
        [tokens.access, tokens.refresh, foreign, cut, "garbage".to_owned(), "..".to_owned(), "x".repeat(8000)]
    {
        let mut browser = Browser::new(&server)?;
        browser.cookies.insert(SESSION.to_owned(), token);
        let answer = browser.open(SESSIONS).await?;
        answer.assert_leads_to("/auth/pages/sign-in?next=/auth/pages/sessions&done=session-over");
        assert_eq!(answer.set_cookie(SESSION), format!("{SESSION}=; {}; Max-Age=0", BOUND.join("; ")));
        browser.visit(SESSIONS).await?.assert_is(200, "Sign in");
    }
    Ok(())
}

#[tokio::test]
async fn a_session_that_has_ended_is_refused_at_once() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let tokens = sign_up(&server.client(), ADA).await?;
    let mut browser = Browser::signed_in(&server, ADA, PASSWORD).await?;
    browser.open(SESSIONS).await?.assert_is(200, "Your sessions");
    let api = server.client().with_token(&tokens.access);
    assert_eq!(api.send(reqwest::Method::DELETE, "/auth/sessions", None).await?.status, 200);
    let page = browser.visit(SESSIONS).await?;
    page.assert_is(200, "Sign in");
    assert_eq!(page.html.role("status"), "Your session is over. Sign in to go on.");
    assert!(!browser.cookies.contains_key(SESSION));
    assert_eq!(me(&server.client(), &tokens).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_session_that_is_not_used_expires_for_the_pages_too() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let mut browser = Browser::registered(&server, ADA).await?;
    server.clock().advance(seconds(3599));
    browser.open(SESSIONS).await?.assert_is(200, "Your sessions");
    server.clock().advance(seconds(3599));
    browser.open(SESSIONS).await?.assert_is(200, "Your sessions");
    server.expire_sessions();
    browser.visit(SESSIONS).await?.assert_is(200, "Sign in");
    Ok(())
}

#[tokio::test]
async fn a_token_is_renewed_once_half_of_its_life_has_gone() -> anyhow::Result<()> {
    let builder = TestServer::builder().set("sessions.session_timeout", "86400");
    let server = builder.set("tokens.refresh_ttl", "10000").set("tokens.access_ttl", "900").start().await?;
    let mut browser = Browser::registered(&server, ADA).await?;
    let first = browser.cookies[SESSION].clone();
    server.clock().advance(seconds(4999));
    assert_eq!(browser.open(SESSIONS).await?.set_cookie(SESSION), "");
    server.clock().advance(seconds(2));
    let page = browser.open(SESSIONS).await?;
    assert_eq!(attributes(page.set_cookie(SESSION)), BOUND);
    assert_ne!(browser.cookies[SESSION], first);
    let mut lost = Browser::new(&server)?;
    lost.cookies.insert(SESSION.to_owned(), first.clone());
    lost.open(SESSIONS).await?.assert_is(200, "Your sessions");
    server.clock().advance(seconds(5100));
    browser.open(SESSIONS).await?.assert_is(200, "Your sessions");
    lost.cookies.insert(SESSION.to_owned(), first);
    assert_eq!(lost.open(SESSIONS).await?.status, 303, "the first has reached its end");
    Ok(())
}

#[tokio::test]
async fn a_token_is_not_renewed_beyond_the_end_of_its_session() -> anyhow::Result<()> {
    let builder = TestServer::builder().set("sessions.session_timeout", "5000");
    let builder =
        builder.set("sessions.remember_me_duration", "5000").set("sessions.absolute_lifetime", "5000");
    let server = builder.set("tokens.refresh_ttl", "10000").start().await?;
    let mut browser = Browser::registered(&server, ADA).await?;
    server.clock().advance(seconds(4000));
    let page = browser.open(SESSIONS).await?;
    page.assert_is(200, "Your sessions");
    assert_eq!(page.set_cookie(SESSION), "");
    Ok(())
}

#[tokio::test]
async fn who_asks_too_often_stays_signed_in() -> anyhow::Result<()> {
    let server = TestServer::builder().set("rate_limits.default.limit", "10").start().await?;
    let mut browser = Browser::registered(&server, ADA).await?;
    let mut last = browser.open(SESSIONS).await?;
    for _ in 0..10 {
        last = browser.open(SESSIONS).await?;
    }
    last.assert_is(429, "That was too often");
    assert!(last.html.text().contains("Try again in 60 seconds"), "{}", last.body);
    assert_eq!((last.header("retry-after"), last.set_cookie(SESSION)), ("60", ""));
    server.clock().advance(seconds(61));
    browser.open(SESSIONS).await?.assert_is(200, "Your sessions");
    Ok(())
}
