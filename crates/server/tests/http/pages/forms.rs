//! Registering and signing in.

use archon_testkit::TestServer;

use super::browser::{ADA, Browser, SESSION};
use crate::support::{PASSWORD, WRONG, dated, unlimited};

const REGISTER: &str = "/auth/pages/register";
const SIGN_IN: &str = "/auth/pages/sign-in";

#[tokio::test]
async fn who_registers_is_signed_in_and_told_to_look_into_the_mailbox() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let mut browser = Browser::new(&server)?;
    let form = browser.open(REGISTER).await?;
    let fields = [("name", "Ada Lovelace"), ("email", ADA), ("password", PASSWORD)];
    let answer = browser.submit(&form, REGISTER, &fields).await?;
    answer.assert_leads_to("/auth/pages/sessions?done=registered");
    let page = browser.visit(answer.header("location")).await?;
    page.assert_is(200, "Your sessions");
    assert!(page.html.role("status").contains("Look into your mailbox"), "{}", page.body);
    assert!(page.html.text().contains(ADA) && page.html.text().contains("Ada Lovelace"), "{}", page.body);
    server.mail(ADA, "verify_email").await?;
    Ok(())
}

#[tokio::test]
async fn where_addresses_must_be_verified_nobody_is_signed_in_before() -> anyhow::Result<()> {
    let server = TestServer::builder().set("registration.require_verified_email", "true").start().await?;
    let mut browser = Browser::new(&server)?;
    let form = browser.open(REGISTER).await?;
    let fields = [("name", "Ada Lovelace"), ("email", ADA), ("password", PASSWORD)];
    let answer = browser.submit(&form, REGISTER, &fields).await?;
    answer.assert_leads_to("/auth/pages/register?done=mail-sent");
    browser.visit(answer.header("location")).await?.assert_is(200, "Look into your mailbox");
    assert!(!browser.cookies.contains_key(SESSION));

    let refused = browser.sign_in(ADA, PASSWORD).await?;
    refused.assert_is(403, "Sign in");
    assert!(
        refused.html.role("alert").contains("Open the link in the mail that is on its way."),
        "{}",
        refused.body
    );
    assert!(!browser.cookies.contains_key(SESSION));
    Ok(())
}

#[tokio::test]
async fn a_refused_registration_is_shown_again_with_everything_typed_but_the_password() -> anyhow::Result<()>
{
    let server = TestServer::start().await?;
    let mut browser = Browser::new(&server)?;
    let form = browser.open(REGISTER).await?;
    let fields = [("name", " "), ("email", "no address"), ("password", "short")];
    let page = browser.submit(&form, REGISTER, &fields).await?;
    page.assert_is(400, "Create an account");
    let value = |name: &str| page.html.by_id(name).map(|field| field.get("value").to_owned());
    assert_eq!([value("name"), value("email")], [Some(" ".to_owned()), Some("no address".to_owned())]);
    assert!(!page.body.contains("short\""), "{}", page.body);
    assert_eq!(page.html.error("name"), "Must not be empty.");
    assert_eq!(page.html.error("email"), "Must be an e-mail address such as name@example.com.");
    assert!(page.html.error("password").starts_with("Must be at least 8 characters long. Must hold"));
    for name in ["Name", "E-mail address", "Password"] {
        assert!(page.html.role("alert").contains(name), "{}", page.body);
        assert!(page.html.link(name)?.starts_with('#'));
    }
    assert_eq!(
        page.html.by_id("password").map(|field| field.get("aria-describedby").to_owned()).as_deref(),
        Some("password-hint password-error")
    );
    let fields = [("name", "Ada Lovelace"), ("email", ADA), ("password", PASSWORD)];
    assert_eq!(browser.submit(&page, REGISTER, &fields).await?.status, 303, "the form shown again works");
    Ok(())
}

#[tokio::test]
async fn who_has_an_account_already_is_shown_the_ways_on() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    server.register(ADA).await?;
    let mut browser = Browser::new(&server)?;
    let form = browser.open(REGISTER).await?;
    let fields = [("name", "Ada"), ("email", "Ada@Example.com"), ("password", PASSWORD)];
    let page = browser.submit(&form, REGISTER, &fields).await?;
    page.assert_is(409, "Create an account");
    assert_eq!(page.html.error("email"), "Has an account already.");
    assert_eq!(page.html.link("Sign in")?, SIGN_IN);
    assert_eq!(page.html.link("set a new password")?, "/auth/pages/forgot-password");
    Ok(())
}

#[tokio::test]
async fn signing_in_leads_to_the_page_that_was_asked_for() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    server.register(ADA).await?;
    let mut browser = Browser::new(&server)?;
    browser.sign_in(ADA, PASSWORD).await?.assert_leads_to("/auth/pages/sessions");
    let mut browser = Browser::new(&server)?;
    let answer = browser.open("/auth/pages/change-password").await?;
    answer.assert_leads_to("/auth/pages/sign-in?next=/auth/pages/change-password");
    let form = browser.open(answer.header("location")).await?;
    let wrong = browser.submit(&form, SIGN_IN, &[("email", ADA), ("password", WRONG)]).await?;
    let answer = browser.submit(&wrong, SIGN_IN, &[("email", ADA), ("password", PASSWORD)]).await?;
    answer.assert_leads_to("/auth/pages/change-password");
    browser.open("/auth/pages/change-password").await?.assert_is(200, "Change your password");
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_look_the_same() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    server.register(ADA).await?;
    for (email, remember_me) in [(ADA, true), ("nobody@example.com", false)] {
        let mut browser = Browser::new(&server)?;
        let form = browser.open(SIGN_IN).await?;
        let mut fields = vec![("email", email), ("password", WRONG)];
        fields.extend(remember_me.then_some(("remember_me", "true")));
        let page = browser.submit(&form, SIGN_IN, &fields).await?;
        page.assert_is(401, "Sign in");
        assert_eq!(
            page.html.role("alert"),
            "There is a problem The e-mail address or the password is wrong."
        );
        assert_eq!(
            page.html.by_id("email").map(|field| field.get("value").to_owned()).as_deref(),
            Some(email)
        );
        assert_eq!(page.html.by_id("remember_me").map(|field| field.has("checked")), Some(remember_me));
        assert!(!page.body.contains(WRONG) && !browser.cookies.contains_key(SESSION));
    }
    Ok(())
}

#[tokio::test]
async fn everything_missing_is_told_at_once() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let mut browser = Browser::new(&server)?;
    let form = browser.open(SIGN_IN).await?;
    let page = browser.submit(&form, SIGN_IN, &[]).await?;
    page.assert_is(400, "Sign in");
    assert_eq!([page.html.error("email"), page.html.error("password")], ["Must not be empty."; 2]);
    let secret = form.filled(SIGN_IN, &[])?.into_iter().find(|(name, _)| name == "form_token");
    let secret = secret.map(|(_, value)| value).unwrap_or_default();
    let page = browser.post(SIGN_IN, &[("form_token", &secret), ("remember_me", "yes")]).await?;
    page.assert_is(400, "Sign in");
    assert_eq!([page.html.error("email"), page.html.error("password")], ["Is required."; 2]);
    assert!(page.html.role("alert").contains("Must be true or false"), "{}", page.body);
    Ok(())
}

#[tokio::test]
async fn a_locked_account_says_until_when() -> anyhow::Result<()> {
    let server = dated().await?;
    server.register(ADA).await?;
    server.lock(ADA).await?;
    let mut browser = Browser::new(&server)?.with("x-forwarded-for", "198.51.100.7");
    for _ in 0..5 {
        browser.sign_in(ADA, WRONG).await?;
    }
    let page = browser.sign_in(ADA, PASSWORD).await?;
    page.assert_is(429, "Sign in");
    let alert = page.html.role("alert");
    assert!(
        alert.contains("Try again in 30 minutes, at 10:30 UTC") || alert.contains("at 10:31 UTC"),
        "{alert}"
    );
    assert_eq!(page.html.link("set a new one")?, "/auth/pages/forgot-password");
    assert_eq!(page.header("retry-after"), "1800");
    assert!(!browser.cookies.contains_key(SESSION));
    Ok(())
}

#[tokio::test]
async fn where_no_further_session_is_allowed_the_page_says_so() -> anyhow::Result<()> {
    let builder = TestServer::builder().set("sessions.max_concurrent_sessions", "1");
    let server = builder.set("sessions.terminate_old_sessions", "false").start().await?;
    server.register(ADA).await?;
    let page = Browser::new(&server)?.sign_in(ADA, PASSWORD).await?;
    page.assert_is(403, "Sign in");
    assert!(page.html.role("alert").contains("Sign out on one of them first"), "{}", page.body);
    Ok(())
}

#[tokio::test]
async fn international_addresses_and_names_come_through_whole() -> anyhow::Result<()> {
    let server = unlimited().await?;
    for (email, name) in
        [("ada+\"x\"@b\u{fc}cher.example", "x"), ("ada@b\u{fc}cher.example", "\u{c5}da & <Lovelace> \"1\"")]
    {
        let mut browser = Browser::new(&server)?;
        let form = browser.open(REGISTER).await?;
        let answer = browser
            .submit(&form, REGISTER, &[("name", name), ("email", email), ("password", PASSWORD)])
            .await?;
        if answer.status == 400 {
            assert_eq!(
                answer.html.by_id("email").map(|field| field.get("value").to_owned()).as_deref(),
                Some(email)
            );
            continue;
        }
        let page = browser.open("/auth/pages/sessions").await?;
        assert!(page.html.text().contains(name) && page.html.text().contains(email), "{}", page.body);
        Browser::signed_in(&server, email, PASSWORD).await?;
    }
    Ok(())
}
