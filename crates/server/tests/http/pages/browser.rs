//! A browser without scripts: it keeps cookies, fills in forms as they were shown, and sends what browsers send.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use archon_testkit::TestServer;
use reqwest::header::HeaderMap;
use reqwest::{Method, redirect};

use super::html::Html;
use crate::support::PASSWORD;

pub(crate) const ADA: &str = "ada@example.com";
pub(crate) const SESSION: &str = "__Host-archon-session";
pub(crate) const FORM: &str = "__Host-archon-form";

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

/// A browser with its cookies.
pub(crate) struct Browser {
    http: reqwest::Client,
    base_url: String,
    pub(crate) cookies: BTreeMap<String, String>,
    headers: BTreeMap<&'static str, String>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) html: Html,
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The `Set-Cookie` line of a cookie; empty where there is none.
    pub(crate) fn set_cookie(&self, name: &str) -> &str {
        let lines = self.headers.get_all("set-cookie").into_iter().filter_map(|line| line.to_str().ok());
        lines.into_iter().find(|line| line.split('=').next() == Some(name)).unwrap_or_default()
    }

    #[track_caller]
    pub(crate) fn assert_is(&self, status: u16, heading: &str) {
        assert_eq!((self.status, self.html.heading()), (status, heading), "{}", self.body);
    }

    #[track_caller]
    pub(crate) fn assert_leads_to(&self, path: &str) {
        assert_eq!((self.status, self.header("location")), (303, path), "{}", self.body);
    }

    /// What a form would send as it was shown.
    pub(crate) fn filled(
        &self,
        action: &str,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<Vec<(String, String)>> {
        let forms = self.html.forms(action);
        let form = forms.first().with_context(|| format!("no form to {action} in {}", self.body))?;
        let checked = |kind: &str, has: bool| kind != "checkbox" || has;
        let shown = form.iter().filter(|input| checked(input.get("type"), input.has("checked")));
        let mut values: BTreeMap<_, _> =
            shown.map(|input| (input.get("name").to_owned(), input.get("value").to_owned())).collect();
        values.remove("");
        for (name, value) in fields {
            ensure!(form.iter().any(|input| input.get("name") == *name), "no field {name} in {}", self.body);
            values.insert((*name).to_owned(), (*value).to_owned());
        }
        Ok(values.into_iter().collect())
    }
}

impl Browser {
    pub(crate) fn new(server: &TestServer) -> anyhow::Result<Self> {
        Self::at(server.base_url())
    }

    /// A browser of a service that listens here.
    pub(crate) fn at(base_url: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]);
        let http = http.redirect(redirect::Policy::none()).build()?;
        let headers = BTreeMap::from([("user-agent", FIREFOX.to_owned())]);
        Ok(Self { http, base_url: base_url.to_owned(), cookies: BTreeMap::new(), headers })
    }

    /// One that has registered, and is signed in by that.
    pub(crate) async fn registered(server: &TestServer, email: &str) -> anyhow::Result<Self> {
        let mut browser = Self::new(server)?;
        let form = browser.open("/auth/pages/register").await?;
        let fields = [("name", "Ada Lovelace"), ("email", email), ("password", PASSWORD)];
        let answer = browser.submit(&form, "/auth/pages/register", &fields).await?;
        ensure!(
            answer.status == 303 && browser.cookies.contains_key(SESSION),
            "not registered: {}",
            answer.body
        );
        Ok(browser)
    }

    /// One that has signed in.
    pub(crate) async fn signed_in(server: &TestServer, email: &str, password: &str) -> anyhow::Result<Self> {
        let mut browser = Self::new(server)?;
        let answer = browser.sign_in(email, password).await?;
        ensure!(
            answer.status == 303 && browser.cookies.contains_key(SESSION),
            "not signed in: {}",
            answer.body
        );
        Ok(browser)
    }

    /// Fills in the form to sign in.
    pub(crate) async fn sign_in(&mut self, email: &str, password: &str) -> anyhow::Result<Page> {
        let form = self.open("/auth/pages/sign-in").await?;
        self.submit(&form, "/auth/pages/sign-in", &[("email", email), ("password", password)]).await
    }

    /// The same browser with one more header on every request.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.to_owned());
        self
    }

    /// The same browser without its cookies.
    pub(crate) fn forget(&mut self, name: &str) {
        self.cookies.remove(name);
    }

    /// Follows a link.
    pub(crate) async fn open(&mut self, path: &str) -> anyhow::Result<Page> {
        self.send(Method::GET, path, &[], None).await
    }

    /// Follows a link, and then wherever the answers lead.
    pub(crate) async fn visit(&mut self, path: &str) -> anyhow::Result<Page> {
        let mut page = self.open(path).await?;
        for _ in 0..5 {
            if page.status != 303 {
                return Ok(page);
            }
            page = self.open(page.header("location")).await?;
        }
        anyhow::bail!("{path} leads in circles")
    }

    /// Fills in the first form of a page that goes to `action`, and sends it.
    pub(crate) async fn submit(
        &mut self,
        page: &Page,
        action: &str,
        fields: &[(&str, &str)],
    ) -> anyhow::Result<Page> {
        let fields = page.filled(action, fields)?;
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        self.post(action, &fields).await
    }

    /// Sends a form as Chromium and Firefox do from a page that sends no referrer.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Page> {
        let headers = [("origin", "null"), ("sec-fetch-site", "same-origin")];
        self.send(Method::POST, path, &headers, Some(encoded(fields))).await
    }

    /// Any request.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> anyhow::Result<Page> {
        let is_head = method == Method::HEAD;
        let mut request = self.http.request(method, format!("{}{path}", self.base_url));
        if let Some(body) = body {
            request = request.body(body);
        }
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        let own = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let mut all: BTreeMap<&str, &str> = own.collect();
        all.insert("content-type", "application/x-www-form-urlencoded");
        all.extend(headers.iter().copied());
        for (name, value) in all {
            request = request.header(name, value);
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = answer.text().await?;
        self.keep_cookies(&headers);
        let is_html = headers.get("content-type").is_some_and(|kind| kind == "text/html; charset=utf-8");
        let html = if is_html && !is_head { checked(&body)? } else { Html::parse("<!DOCTYPE html>")? };
        Ok(Page { status, headers, body, html })
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for line in headers.get_all("set-cookie").into_iter().filter_map(|line| line.to_str().ok()) {
            let Some((name, rest)) = line.split_once('=') else { continue };
            let value = rest.split(';').next().unwrap_or_default();
            if line.ends_with("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// Every page that any test sees is held to what all pages promise.
fn checked(body: &str) -> anyhow::Result<Html> {
    let html = Html::parse(body).with_context(|| body.to_owned())?;
    html.check().with_context(|| body.to_owned())?;
    Ok(html)
}

/// Fields as browsers encode them.
pub(crate) fn encoded(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| -> String {
        let letter = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            b' ' => "+".to_owned(),
            other => format!("%{other:02X}"),
        };
        text.bytes().map(letter).collect()
    };
    let pairs: Vec<_> =
        fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}
