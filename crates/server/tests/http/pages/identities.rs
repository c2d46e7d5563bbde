//! Linking and unlinking providers.

use archon_domain::ProviderFault;
use archon_testkit::TestServer;
use serde_json::json;

use super::browser::{ADA, Browser, FORM, Page, SESSION};
use super::provider::{Double, served_with};
use crate::support::{PASSWORD, sign_up, verification_token};

const IDENTITIES: &str = "/auth/pages/identities";
const LINK: &str = "/auth/pages/identities/link";
const UNLINK: &str = "/auth/pages/identities/unlink";

/// A browser whose user has a password and a verified address.
async fn verified(server: &TestServer, email: &str) -> anyhow::Result<Browser> {
    let browser = Browser::registered(server, email).await?;
    let token = verification_token(server, email, 1).await?;
    let answer = server.client().post("/auth/email/verify", &json!({"token": token})).await?;
    anyhow::ensure!(answer.status == 200, "{}", answer.text);
    Ok(browser)
}

/// A browser whose user has opened the account with Google.
async fn from_google(server: &TestServer) -> anyhow::Result<Browser> {
    let mut browser = Browser::new(server)?;
    let state = browser.go_to_google().await?;
    browser.return_from_google(&state).await?.assert_leads_to("/auth/pages/sessions");
    Ok(browser)
}

/// What the page says of each way to log in.
fn ways(page: &Page) -> Vec<&str> {
    page.html.all("li").into_iter().map(|way| way.text.as_str()).collect()
}

#[tokio::test]
async fn a_provider_is_linked_used_and_unlinked() -> anyhow::Result<()> {
    let google = Double::google("1", "ada@gmail.example");
    let builder = TestServer::builder().provider(google.clone()).seed(1);
    let server = builder.set("links.base_url", "https://auth.example.com").start().await?;
    let mut browser = verified(&server, ADA).await?;
    let sessions = browser.open("/auth/pages/sessions").await?;
    let page = browser.open(sessions.html.link("Ways to log in")?).await?;
    page.assert_is(200, "Ways to log in");
    let password = "Password Set Change password";
    assert_eq!(ways(&page), [password, "Google Not linked Link Google"]);

    let state = browser.go_and_link().await?;
    let expected = "https://auth.example.com/auth/pages/identities/google/callback";
    assert_eq!(google.redirect_uri().as_deref(), Some(expected));
    let back = browser.return_to_link(&state).await?;
    back.assert_leads_to("/auth/pages/identities?done=provider-linked");
    let page = browser.visit(back.header("location")).await?;
    assert_eq!(page.html.role("status"), "The provider is linked. You can log in with it from now on.");
    let linked = "Google ada@gmail.example Linked on 5 January 2026, 10:00 UTC Unlink Google";
    assert_eq!(ways(&page), [password, linked]);

    let mut other = from_google(&server).await?;
    let sessions = other.open("/auth/pages/sessions").await?;
    assert!(sessions.html.text().contains(ADA), "the same account: {}", sessions.body);

    let answer = browser.submit(&page, UNLINK, &[]).await?;
    answer.assert_leads_to("/auth/pages/identities?done=provider-unlinked");
    let page = browser.visit(answer.header("location")).await?;
    assert_eq!(page.html.role("status"), "The provider is unlinked. It lets nobody in any more.");
    assert_eq!(ways(&page), [password, "Google Not linked Link Google"]);
    Ok(())
}

#[tokio::test]
async fn the_way_to_the_provider_is_a_page_that_leads_on() -> anyhow::Result<()> {
    let server = served_with(&Double::google("1", ADA)).await?;
    let mut browser = verified(&server, ADA).await?;
    let page = browser.open(IDENTITIES).await?;
    let leave = browser.submit(&page, LINK, &[]).await?;
    leave.assert_is(200, "Continue at Google");
    let address = leave.html.link("Continue at Google")?;
    assert!(address.starts_with("https://google.example/authorize?a=1&state="), "{address}");
    let refresh = leave.html.all("meta").into_iter().find(|meta| meta.has("http-equiv"));
    let expected = format!("0; url={address}");
    assert_eq!(
        refresh.map(|meta| (meta.get("http-equiv"), meta.get("content"))),
        Some(("refresh", &*expected))
    );
    assert!(leave.set_cookie("__Host-archon-provider").ends_with("HttpOnly; SameSite=Lax; Max-Age=600"));
    assert_eq!(leave.header("referrer-policy"), "no-referrer");
    Ok(())
}

#[tokio::test]
async fn the_last_way_to_log_in_stays() -> anyhow::Result<()> {
    let server = served_with(&Double::google("1", ADA)).await?;
    let mut browser = from_google(&server).await?;
    let page = browser.open(IDENTITIES).await?;
    assert!(page.html.text().contains("Password Not set Set a password"), "{}", page.body);
    let refused = browser.submit(&page, UNLINK, &[]).await?;
    refused.assert_is(409, "Ways to log in");
    assert!(refused.html.role("alert").contains("Google is your only way to log in, so it stays linked."));
    assert_eq!(refused.html.link("Set a password")?, "/auth/pages/forgot-password");
    assert!(refused.html.text().contains("Unlink Google"), "{}", refused.body);
    Ok(())
}

#[tokio::test]
async fn what_belongs_to_another_account_is_not_linked() -> anyhow::Result<()> {
    let server = served_with(&Double::google("1", "grace@example.com")).await?;
    from_google(&server).await?;
    let mut browser = verified(&server, ADA).await?;
    let state = browser.go_and_link().await?;
    let refused = browser.return_to_link(&state).await?;
    refused.assert_is(409, "Ways to log in");
    let words = "Your account at Google is linked to another account here.";
    assert!(refused.html.role("alert").contains(words), "{}", refused.body);
    assert!(refused.html.text().contains("Google Not linked"), "{}", refused.body);
    Ok(())
}

#[tokio::test]
async fn who_has_not_verified_the_address_links_nothing() -> anyhow::Result<()> {
    let server = served_with(&Double::google("1", "ada@gmail.example")).await?;
    let mut browser = Browser::registered(&server, ADA).await?;
    let page = browser.open(IDENTITIES).await?;
    assert!(page.html.forms(LINK).is_empty(), "{}", page.body);
    assert!(page.html.text().contains("Your e-mail address is not verified"), "{}", page.body);
    assert_eq!(page.html.link("Your sessions")?, "/auth/pages/sessions");
    let secret = browser.cookies[FORM].clone();
    let answer = browser.post(LINK, &[("form_token", &secret), ("provider", "google")]).await?;
    answer.assert_leads_to(IDENTITIES);
    Ok(())
}

/// The attack of RFC 6749 section 10.12: somebody has the victim's browser end a flow that is not the victim's, so
/// that the attacker's account at the provider opens the victim's account here.
#[tokio::test]
async fn nobody_links_an_account_of_theirs_to_another_user() -> anyhow::Result<()> {
    let server = served_with(&Double::google("1", "eve@gmail.example")).await?;
    let mut victim = verified(&server, ADA).await?;
    let mut eve = verified(&server, "eve@example.com").await?;
    let hers = eve.go_and_link().await?;
    let log_in = Browser::new(&server)?.go_to_google().await?;
    for state in [&hers, &log_in] {
        let refused = victim.return_to_link(state).await?;
        refused.assert_is(400, "Ways to log in");
        assert!(
            refused.html.role("alert").contains("was begun in another browser or tab"),
            "{}",
            refused.body
        );
    }
    // Even where she has found a way to plant the cookie.
    let planted = eve.cookies["__Host-archon-provider"].clone();
    victim.cookies.insert("__Host-archon-provider".to_owned(), planted);
    victim.return_to_link(&hers).await?.assert_is(400, "Ways to log in");
    let page = victim.open(IDENTITIES).await?;
    assert!(page.html.text().contains("Google Not linked"), "{}", page.body);
    Ok(())
}

#[tokio::test]
async fn a_flow_to_log_in_links_nothing_and_one_to_link_logs_nobody_in() -> anyhow::Result<()> {
    let server = served_with(&Double::google("1", "ada@gmail.example")).await?;
    let mut browser = verified(&server, ADA).await?;
    let session = browser.cookies[SESSION].clone();
    browser.forget(SESSION);
    let state = browser.go_to_google().await?;
    browser.cookies.insert(SESSION.to_owned(), session);
    browser.return_to_link(&state).await?.assert_is(400, "Ways to log in");

    let state = browser.go_and_link().await?;
    browser.forget(SESSION);
    browser.return_from_google(&state).await?.assert_is(400, "Sign in");
    assert!(!browser.cookies.contains_key(SESSION));
    Ok(())
}

#[tokio::test]
async fn who_is_signed_out_meanwhile_is_led_to_sign_in() -> anyhow::Result<()> {
    let server = served_with(&Double::google("1", "ada@gmail.example")).await?;
    let mut browser = verified(&server, ADA).await?;
    let state = browser.go_and_link().await?;
    browser.forget(SESSION);
    let answer = browser.return_to_link(&state).await?;
    answer.assert_leads_to("/auth/pages/sign-in?next=/auth/pages/identities");
    let form = browser.open(answer.header("location")).await?;
    let fields = [("email", ADA), ("password", PASSWORD)];
    browser.submit(&form, "/auth/pages/sign-in", &fields).await?.assert_leads_to(IDENTITIES);
    Ok(())
}

#[tokio::test]
async fn what_fails_on_the_way_is_told_on_the_page() -> anyhow::Result<()> {
    let google = Double::google("1", "ada@gmail.example");
    let server = served_with(&google).await?;
    let mut browser = verified(&server, ADA).await?;
    let page = browser.open(IDENTITIES).await?;
    let state = browser.go_and_link().await?;
    let path = "/auth/pages/identities/google/callback";
    let cancelled = browser.come_back(&format!("{path}?error=access_denied&state={state}")).await?;
    cancelled.assert_is(400, "Ways to log in");
    assert!(cancelled.html.role("alert").contains("You have cancelled at Google."), "{}", cancelled.body);
    browser
        .come_back("/auth/pages/identities/nowhere/callback")
        .await?
        .assert_is(404, "There is no such page");

    google.fails(ProviderFault::Unavailable { retry_after: None });
    let away = browser.submit(&page, LINK, &[]).await?;
    away.assert_is(502, "Ways to log in");
    assert!(away.html.role("alert").contains("Google does not answer as it should."), "{}", away.body);
    let secret = browser.cookies[FORM].clone();
    for name in ["", "nowhere", "github", "<script>", "a\r\nb"] {
        let refused = browser.post(LINK, &[("form_token", &secret), ("provider", name)]).await?;
        refused.assert_is(400, "Ways to log in");
        assert!(refused.html.role("alert").contains("Nobody can log in with that provider here."));
        let gone = browser.post(UNLINK, &[("form_token", &secret), ("provider", name)]).await?;
        gone.assert_leads_to("/auth/pages/identities?done=provider-unlinked");
    }
    Ok(())
}

#[tokio::test]
async fn addresses_at_providers_are_shown_as_text() -> anyhow::Result<()> {
    let google = Double::google("1", "\"<script>\"@example.com");
    let server = served_with(&google).await?;
    sign_up(&server.client(), "grace@example.com").await?;
    let mut browser = verified(&server, ADA).await?;
    let state = browser.go_and_link().await?;
    browser.return_to_link(&state).await?.assert_leads_to("/auth/pages/identities?done=provider-linked");
    let page = browser.open(IDENTITIES).await?;
    assert!(page.html.text().contains("\"<script>\"@example.com Linked on"), "{}", page.body);
    Ok(())
}
