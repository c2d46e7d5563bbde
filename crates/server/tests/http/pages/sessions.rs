//! Seeing and ending sessions.

use archon_testkit::TestServer;
use serde_json::Value;

use super::browser::{ADA, Browser, FORM, SESSION};
use crate::support::{PASSWORD, dated, me, seconds, sign_up, verification_token};

const SESSIONS: &str = "/auth/pages/sessions";
const END: &str = "/auth/pages/sessions/end";
const END_OTHERS: &str = "/auth/pages/sessions/end-others";
const SIGN_OUT: &str = "/auth/pages/sign-out";
const RESEND: &str = "/auth/pages/resend-verification";

#[tokio::test]
async fn the_list_names_devices_and_marks_this_one() -> anyhow::Result<()> {
    let server = dated().await?;
    let mut browser = Browser::registered(&server, ADA).await?;
    server.clock().advance(seconds(300));
    sign_up(&server.client(), "grace@example.com").await?;
    let other = server.client().with_user_agent("curl/8.5.0").from_address("2001:db8::7");
    crate::support::logged_in(&other, ADA).await?;
    server.clock().advance(seconds(120));
    let page = browser.open(SESSIONS).await?;
    let rows = page.html.all("li");
    assert_eq!(rows.len(), 2, "{}", page.body);
    assert_eq!(
        rows[0].text,
        "Firefox on Linux This device Address127.0.0.1 Last usedjust now Signed in5 January 2026, 10:00 UTC"
    );
    assert!(
        rows[1]
            .text
            .starts_with("curl Address2001:db8::7 Last used2 minutes ago Signed in5 January 2026, 10:05 UTC")
    );
    assert!(rows[1].text.ends_with("End session: curl, 2001:db8::7"), "{}", rows[1].text);
    let times: Vec<_> = page.html.all("time").iter().map(|time| time.get("datetime").to_owned()).collect();
    assert!(times.iter().all(|time| time.starts_with("2026-01-05T10:0")), "{times:?}");
    Ok(())
}

#[tokio::test]
async fn one_session_can_be_ended_and_ends_at_once() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let tokens = sign_up(&server.client(), ADA).await?;
    let mut browser = Browser::signed_in(&server, ADA, PASSWORD).await?;
    let page = browser.open(SESSIONS).await?;
    let answer = browser.submit(&page, END, &[]).await?;
    answer.assert_leads_to("/auth/pages/sessions?done=session-ended");
    assert_eq!(me(&server.client(), &tokens).await?.status, 401);
    let page = browser.visit(answer.header("location")).await?;
    assert_eq!(page.html.role("status"), "That session has ended.");
    assert_eq!((page.html.forms(END).len(), page.html.forms(END_OTHERS).len()), (0, 0));
    Ok(())
}

#[tokio::test]
async fn nobody_ends_the_sessions_of_others() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let grace = sign_up(&server.client(), "grace@example.com").await?;
    let mut browser = Browser::registered(&server, ADA).await?;
    browser.open(SESSIONS).await?;
    let secret = browser.cookies[FORM].clone();
    for session in [grace.session()?.as_str(), "", "garbage", "\u{0}", &"x".repeat(2000)] {
        let answer = browser.post(END, &[("form_token", &secret), ("session", session)]).await?;
        answer.assert_leads_to("/auth/pages/sessions?done=session-ended");
    }
    assert_eq!(me(&server.client(), &grace).await?.status, 200);
    browser.open(SESSIONS).await?.assert_is(200, "Your sessions");
    Ok(())
}

#[tokio::test]
async fn all_other_sessions_can_be_ended_at_once() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let tokens = sign_up(&server.client(), ADA).await?;
    let mut other = Browser::signed_in(&server, ADA, PASSWORD).await?;
    let mut browser = Browser::signed_in(&server, ADA, PASSWORD).await?;
    let page = browser.open(SESSIONS).await?;
    assert_eq!(page.html.forms(END).len(), 2);
    let answer = browser.submit(&page, END_OTHERS, &[]).await?;
    answer.assert_leads_to("/auth/pages/sessions?done=others-ended");
    assert_eq!(browser.visit(SESSIONS).await?.html.all("li").len(), 1);
    assert_eq!(me(&server.client(), &tokens).await?.status, 401);
    other.visit(SESSIONS).await?.assert_is(200, "Sign in");
    Ok(())
}

#[tokio::test]
async fn signing_out_ends_the_session_for_all_that_hold_it() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let tokens = sign_up(&server.client(), ADA).await?;
    let mut browser = Browser::signed_in(&server, ADA, PASSWORD).await?;
    let listed = |answer: archon_testkit::Answer| answer.json["sessions"].as_array().map(Vec::len);
    let api = server.client().with_token(&tokens.access);
    assert_eq!(listed(api.get("/auth/sessions").await?), Some(2));

    let kept = browser.cookies[SESSION].clone();
    let page = browser.open(SESSIONS).await?;
    let answer = browser.submit(&page, SIGN_OUT, &[]).await?;
    answer.assert_leads_to("/auth/pages/sign-in?done=signed-out");
    assert!(!browser.cookies.contains_key(SESSION));
    let page = browser.visit(answer.header("location")).await?;
    assert_eq!(page.html.role("status"), "You are signed out.");

    let mut thief = Browser::new(&server)?;
    thief.cookies.insert(SESSION.to_owned(), kept);
    thief.visit(SESSIONS).await?.assert_is(200, "Sign in");
    assert_eq!(listed(api.get("/auth/sessions").await?), Some(1));
    Ok(())
}

#[tokio::test]
async fn signing_out_without_a_session_signs_out() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    for session in [None, Some("garbage")] {
        let mut browser = Browser::new(&server)?;
        browser.open("/auth/pages/sign-in").await?;
        let secret = browser.cookies[FORM].clone();
        if let Some(session) = session {
            browser.cookies.insert(SESSION.to_owned(), session.to_owned());
        }
        let answer = browser.post(SIGN_OUT, &[("form_token", &secret)]).await?;
        answer.assert_leads_to("/auth/pages/sign-in?done=signed-out");
        assert!(!browser.cookies.contains_key(SESSION));
    }
    Ok(())
}

#[tokio::test]
async fn a_session_is_needed_to_do_what_the_page_offers() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let mut browser = Browser::new(&server)?;
    browser.open("/auth/pages/sign-in").await?;
    let secret = browser.cookies[FORM].clone();
    for path in [END, END_OTHERS, RESEND] {
        let answer = browser.post(path, &[("form_token", &secret)]).await?;
        answer.assert_leads_to("/auth/pages/sign-in?next=/auth/pages/sessions");
    }
    let answer = browser.post("/auth/pages/change-password", &[("form_token", &secret)]).await?;
    answer.assert_leads_to("/auth/pages/sign-in?next=/auth/pages/change-password");
    Ok(())
}

#[tokio::test]
async fn the_mail_that_verifies_can_be_sent_again_until_the_address_is_verified() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let mut browser = Browser::registered(&server, ADA).await?;
    let page = browser.open(SESSIONS).await?;
    assert!(page.html.text().contains("Your e-mail address is not verified"), "{}", page.body);
    for sent in 1..=3 {
        let answer = browser.submit(&page, RESEND, &[]).await?;
        answer.assert_leads_to("/auth/pages/sessions?done=mail-sent");
        assert_eq!(answer.header("x-ratelimit-remaining"), (3 - sent).to_string());
    }
    let refused = browser.submit(&page, RESEND, &[]).await?;
    refused.assert_is(429, "That was too often");
    assert!(refused.html.text().contains("in 60 minutes, at"), "{}", refused.body);
    let token = verification_token(&server, ADA, 4).await?;
    server.client().post("/auth/email/verify", &Value::from_iter([("token", token)])).await?;
    let verified = browser.open(SESSIONS).await?;
    assert!(verified.html.forms(RESEND).is_empty(), "{}", verified.body);
    server.clock().advance(seconds(3601));
    let mut browser = Browser::signed_in(&server, ADA, PASSWORD).await?;
    browser.open(SESSIONS).await?;
    let secret = browser.cookies[FORM].clone();
    let answer = browser.post(RESEND, &[("form_token", &secret)]).await?;
    answer.assert_leads_to("/auth/pages/sessions?done=already-verified");
    Ok(())
}
