//! Signing in with a provider.

use archon_domain::{ProviderDescriptor, ProviderFault, Span};
use archon_testkit::TestServer;
use serde_json::json;

use super::browser::{ADA, Browser, Page, SESSION};
use super::provider::{Double, served_with};
use crate::support::{seconds, sign_up, verification_token};

const PROVIDER: &str = "__Host-archon-provider";
const SIGN_IN: &str = "/auth/pages/sign-in";
const BEGIN: &str = "/auth/pages/oauth/google";

#[tokio::test]
async fn the_pages_have_a_button_for_every_provider_that_is_configured() -> anyhow::Result<()> {
    let own = ProviderDescriptor {
        name: "books".to_owned(),
        display_name: "Books & <Co>".to_owned(),
        icon_url: Some("https://elsewhere.example/icon.png".to_owned()),
    };
    let builder =
        TestServer::builder().provider(Double::google("1", ADA)).provider(Double::new(own, "1", ADA));
    let server = builder.start().await?;
    let mut browser = Browser::new(&server)?;
    for (path, next) in [
        (SIGN_IN, "/auth/pages/sessions"),
        ("/auth/pages/sign-in?next=/auth/pages/change-password", "/auth/pages/change-password"),
        ("/auth/pages/register", "/auth/pages/sessions"),
    ] {
        let page = browser.open(path).await?;
        let to = |provider: &str| format!("/auth/pages/oauth/{provider}?next={next}");
        assert_eq!(page.html.link("Continue with Google")?, to("google"));
        assert_eq!(page.html.link("Continue with Books & <Co>")?, to("books"));
        assert!(!page.html.text().contains("GitHub"), "it is not configured: {}", page.body);
        assert!(!page.body.contains("elsewhere.example"), "no picture of another host: {}", page.body);
        let marks: Vec<_> = page.html.all("img").into_iter().map(|mark| mark.get("src").to_owned()).collect();
        assert!(marks.ends_with(&[
            "/auth/pages/assets/google.svg".to_owned(),
            "/auth/pages/assets/key.svg".to_owned()
        ]));
    }
    let plain = Browser::new(&TestServer::start().await?)?.open(SIGN_IN).await?;
    assert!(!plain.html.text().contains("Continue with"), "{}", plain.body);
    Ok(())
}

#[tokio::test]
async fn who_comes_back_from_the_provider_is_signed_in_where_they_wanted_to_go() -> anyhow::Result<()> {
    let google = Double::google("1", ADA);
    let builder = TestServer::builder().set("links.base_url", "https://auth.example.com/");
    let server = builder.provider(google.clone()).start().await?;
    let mut browser = Browser::new(&server)?;
    let form = browser.open("/auth/pages/sign-in?next=/auth/pages/change-password").await?;
    let away = browser.open(form.html.link("Continue with Google")?).await?;
    let state = super::provider::state_in(away.header("location"))?;
    away.assert_leads_to(&format!("https://google.example/authorize?a=1&state={state}"));
    let attributes = "Path=/; Secure; HttpOnly; SameSite=Lax";
    assert!(away.set_cookie(PROVIDER).ends_with(&format!("; {attributes}; Max-Age=600")));
    let expected = "https://auth.example.com/auth/pages/oauth/google/callback";
    assert_eq!(google.redirect_uri().as_deref(), Some(expected));

    let back = browser.return_from_google(&state).await?;
    back.assert_leads_to("/auth/pages/change-password");
    assert_eq!(back.set_cookie(PROVIDER), format!("{PROVIDER}=; {attributes}; Max-Age=0"));
    assert!(back.set_cookie(SESSION).ends_with(attributes), "until the browser is closed");
    let sessions = browser.open("/auth/pages/sessions").await?;
    sessions.assert_is(200, "Your sessions");
    assert!(sessions.html.text().contains("Ada at the provider"), "{}", sessions.body);
    assert!(!sessions.html.text().contains("not verified"), "the provider vouches: {}", sessions.body);
    browser.open(BEGIN).await?.assert_leads_to("/auth/pages/sessions");
    Ok(())
}

#[track_caller]
fn assert_not_begun_here(page: &Page) {
    page.assert_is(400, "Sign in");
    let words = page.html.role("alert");
    assert!(words.contains("it was begun in another browser or tab. Begin again."), "{}", page.body);
    assert!(page.html.link("Continue with Google").is_ok(), "{}", page.body);
    assert_eq!(page.set_cookie(SESSION), "");
}

#[tokio::test]
async fn a_flow_ends_only_in_the_browser_that_began_it() -> anyhow::Result<()> {
    let server = served_with(&Double::google("1", ADA)).await?;
    let mut browser = Browser::new(&server)?;
    let state = browser.go_to_google().await?;
    let mut stranger = Browser::new(&server)?;
    assert_not_begun_here(&stranger.return_from_google(&state).await?);
    let own = stranger.go_to_google().await?;
    for other in [&state, "", "garbage", &own[1..], &own.to_uppercase(), &format!("{own}&state={own}"), "%00"]
    {
        let page = stranger.return_from_google(other).await?;
        assert_not_begun_here(&page);
        assert_eq!(page.set_cookie(PROVIDER), "", "the stranger's own flow goes on");
    }
    stranger.return_from_google(&own).await?.assert_leads_to("/auth/pages/sessions");
    browser.return_from_google(&state).await?.assert_leads_to("/auth/pages/sessions");
    Ok(())
}

#[tokio::test]
async fn a_flow_ends_once_within_its_time_and_at_its_provider() -> anyhow::Result<()> {
    let github = Double::new(ProviderDescriptor::github(), "1", ADA);
    let builder = TestServer::builder().provider(Double::google("1", ADA)).provider(github);
    let server = builder.start().await?;
    let mut browser = Browser::new(&server)?;
    let state = browser.go_to_google().await?;
    let cookie = browser.cookies[PROVIDER].clone();
    browser.return_from_google(&state).await?.assert_leads_to("/auth/pages/sessions");
    browser.forget(SESSION);
    assert_not_begun_here(&browser.return_from_google(&state).await?);
    browser.cookies.insert(PROVIDER.to_owned(), cookie);
    let again = browser.return_from_google(&state).await?;
    assert_not_begun_here(&again);
    assert!(again.set_cookie(PROVIDER).ends_with("Max-Age=0"), "{}", again.set_cookie(PROVIDER));

    let state = browser.go_to_google().await?;
    server.clock().advance(seconds(600));
    assert_not_begun_here(&browser.return_from_google(&state).await?);

    let state = browser.go_to_google().await?;
    let page =
        browser.come_back(&format!("/auth/pages/oauth/github/callback?code=good&state={state}")).await?;
    assert_not_begun_here(&page);
    Ok(())
}

#[tokio::test]
async fn no_other_site_begins_a_flow() -> anyhow::Result<()> {
    let server = served_with(&Double::google("1", ADA)).await?;
    for site in ["cross-site", "same-site", "anything"] {
        let mut browser = Browser::new(&server)?.with("sec-fetch-site", site);
        let answer = browser.open(&format!("{BEGIN}?next=/auth/pages/identities")).await?;
        answer.assert_leads_to("/auth/pages/sign-in?next=/auth/pages/identities");
        assert_eq!(answer.set_cookie(PROVIDER), "");
    }
    for site in ["same-origin", "none"] {
        let mut browser = Browser::new(&server)?.with("sec-fetch-site", site);
        let answer = browser.open(BEGIN).await?;
        assert!(answer.header("location").starts_with("https://google.example/"), "{}", answer.body);
    }
    Ok(())
}

#[tokio::test]
async fn nobody_is_led_to_another_host_by_way_of_a_provider() -> anyhow::Result<()> {
    let server = served_with(&Double::google("1", ADA)).await?;
    for next in
        ["https://evil.example", "//evil.example", "/\\evil.example", "\r\nset-cookie: a=b", "/auth/docs"]
    {
        let query = super::browser::encoded(&[("next", next)]);
        let mut browser = Browser::new(&server)?;
        let away = browser.open(&format!("{BEGIN}?{query}")).await?;
        assert!(away.header("location").starts_with("https://google.example/"), "{next}");
        let state = super::provider::state_in(away.header("location"))?;
        browser.return_from_google(&state).await?.assert_leads_to("/auth/pages/sessions");

        let mut browser = Browser::new(&server)?;
        let state = browser.go_to_google().await?;
        let hostile: String = next.chars().filter(|letter| !letter.is_control()).collect();
        browser.cookies.insert(PROVIDER.to_owned(), format!("{state}.{hostile}"));
        browser.return_from_google(&state).await?.assert_leads_to("/auth/pages/sessions");
        let mut led = Browser::new(&server)?.with("sec-fetch-site", "cross-site");
        let answer = led.open(&format!("{BEGIN}?{query}")).await?;
        answer.assert_leads_to("/auth/pages/sign-in?next=/auth/pages/sessions");
    }
    Ok(())
}

#[tokio::test]
async fn addresses_put_no_words_into_our_mouth() -> anyhow::Result<()> {
    let server = served_with(&Double::google("1", ADA)).await?;
    let mut browser = Browser::new(&server)?;
    let state = browser.go_to_google().await?;
    for name in
        ["nowhere", "Call%200800-EVIL", "%3Cscript%3E", "google%0d%0aset-cookie:a=b", "%00", "%ff", "Google"]
    {
        for path in [format!("oauth/{name}"), format!("oauth/{name}/callback?state={state}&code=good")] {
            let page = browser.open(&format!("/auth/pages/{path}")).await?;
            page.assert_is(404, "There is no such page");
            assert!(!page.body.contains("EVIL") && page.header("set-cookie").is_empty(), "{}", page.body);
        }
    }
    let query = "error=access_denied&error_description=Call+0800-EVIL&error_uri=https://evil.example";
    let page = browser.come_back(&format!("/auth/pages/oauth/google/callback?{query}&state={state}")).await?;
    page.assert_is(400, "Sign in");
    assert!(!page.body.contains("EVIL") && !page.body.contains("evil"), "{}", page.body);
    Ok(())
}

#[tokio::test]
async fn a_provider_that_is_not_configured_is_refused_in_words() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let mut browser = Browser::new(&server)?;
    let page = browser.open(BEGIN).await?;
    page.assert_is(400, "Sign in");
    assert!(page.html.role("alert").contains("Nobody can log in with that provider here."), "{}", page.body);
    assert_eq!(page.set_cookie(PROVIDER), "");
    Ok(())
}

/// The page that somebody comes back to.
async fn comes_back(server: &TestServer, query: &str) -> anyhow::Result<Page> {
    let mut browser = Browser::new(server)?;
    let state = browser.go_to_google().await?;
    let page = browser.come_back(&format!("/auth/pages/oauth/google/callback?{query}&state={state}")).await?;
    assert!(!browser.cookies.contains_key(SESSION) && !browser.cookies.contains_key(PROVIDER));
    Ok(page)
}

#[track_caller]
fn assert_says(page: &Page, status: u16, words: &str) {
    page.assert_is(status, "Sign in");
    assert!(page.html.role("alert").contains(words), "{words}: {}", page.body);
    assert!(page.html.link("Continue with Google").is_ok(), "the way on is open: {}", page.body);
    for internal in ["/auth/email", "GET ", "POST ", "for the log only", "OAUTH"] {
        assert!(!page.html.text().contains(internal), "{internal}: {}", page.body);
    }
}

#[tokio::test]
async fn what_the_browser_brings_back_in_vain_is_told_in_words() -> anyhow::Result<()> {
    let server = served_with(&Double::google("1", ADA)).await?;
    for (query, status, words) in [
        ("error=access_denied", 400, "You have cancelled at Google. Nothing was done."),
        ("error=server_error", 502, "Google does not answer as it should."),
        ("error=what", 502, "Nothing was done. Try again in a while."),
        ("code=spent", 400, "Google has not let you through this time. Begin again."),
        ("", 400, "What Google has sent along is not what it should be. Begin again."),
        ("code=good&code=good", 400, "What Google has sent along is not what it should be. Begin again."),
        ("code=%00", 400, "What Google has sent along is not what it should be. Begin again."),
    ] {
        assert_says(&comes_back(&server, query).await?, status, words);
    }
    Ok(())
}

#[tokio::test]
async fn what_the_provider_says_in_vain_is_told_in_words() -> anyhow::Result<()> {
    let google = Double::google("1", ADA);
    let server = served_with(&google).await?;
    sign_up(&server.client(), ADA).await?;
    google.says("1", Some(ADA), false);
    let page = comes_back(&server, "code=good").await?;
    assert_says(&page, 409, "Google does not vouch that the address is yours.");
    assert_eq!(page.html.link("set a new one")?, "/auth/pages/forgot-password");
    let next = page.html.all("input").into_iter().find(|input| input.get("name") == "next");
    assert_eq!(next.map(|input| input.get("value")), Some("/auth/pages/identities"), "to link it there");
    google.says("1", None, false);
    let page = comes_back(&server, "code=good").await?;
    assert_says(&page, 400, "Google has not told your e-mail address");
    assert_eq!(page.html.link("create an account")?, "/auth/pages/register");
    for fault in [ProviderFault::Misconfigured, ProviderFault::InvalidAnswer] {
        google.says("1", Some(ADA), true);
        let mut browser = Browser::new(&server)?;
        let state = browser.go_to_google().await?;
        google.fails(fault);
        assert_says(&browser.return_from_google(&state).await?, 502, "Try again in a while.");
    }
    Ok(())
}

#[tokio::test]
async fn a_provider_that_is_away_is_named_with_when_to_come_back() -> anyhow::Result<()> {
    let google = Double::google("1", ADA);
    let server = served_with(&google).await?;
    let mut browser = Browser::new(&server)?;
    let state = browser.go_to_google().await?;
    let button = browser.open(SIGN_IN).await?.html.link("Continue with Google")?.to_owned();
    google.fails(ProviderFault::Unavailable { retry_after: Some(Span::seconds(40)) });
    let page = browser.return_from_google(&state).await?;
    assert_says(
        &page,
        502,
        "Google does not answer as it should. Nothing was done. Try again in 40 seconds.",
    );
    assert_eq!(page.header("retry-after"), "40");
    let page = browser.open(&button).await?;
    assert_says(&page, 502, "Try again in 40 seconds.");
    assert_eq!((page.header("retry-after"), page.set_cookie(PROVIDER)), ("40", ""));
    Ok(())
}

#[tokio::test]
async fn an_address_that_must_be_verified_is_told_in_words() -> anyhow::Result<()> {
    let google = Double::google("1", ADA);
    google.says("1", Some(ADA), false);
    let builder = TestServer::builder().set("registration.require_verified_email", "true");
    let server = builder.provider(google).start().await?;
    let page = comes_back(&server, "code=good").await?;
    assert_says(
        &page,
        403,
        "Your e-mail address is not verified yet. Open the link in the mail that is on its way.",
    );
    let token = verification_token(&server, ADA, 1).await?;
    server.client().post("/auth/email/verify", &json!({"token": token})).await?;
    let mut browser = Browser::new(&server)?;
    let state = browser.go_to_google().await?;
    browser.return_from_google(&state).await?.assert_leads_to("/auth/pages/sessions");
    Ok(())
}

#[tokio::test]
async fn who_goes_to_providers_too_often_is_told_when_to_come_back() -> anyhow::Result<()> {
    let server = served_with(&Double::google("1", ADA)).await?;
    let mut browser = Browser::new(&server)?;
    let button = browser.open(SIGN_IN).await?.html.link("Continue with Google")?.to_owned();
    for left in (0..20).rev() {
        let answer = browser.open(&button).await?;
        assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (303, &*left.to_string()));
        assert!(answer.header("ratelimit-policy").starts_with("\"oauth\";q=20;w=60"));
    }
    let page = browser.open(&button).await?;
    assert_says(&page, 429, "That was too often. Try again in 60 seconds.");
    assert_eq!(page.header("retry-after"), "60");
    Ok(())
}
