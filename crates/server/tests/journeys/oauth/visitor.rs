//! A user's browser without a screen or scripts: follows redirects, keeps cookies, fills in forms.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use url::Url;

use super::REDIRECT_URI;

/// Somebody with an account at providers.
pub(super) struct Visitor {
    http: reqwest::Client,
    name: String,
    cookies: BTreeMap<String, String>,
}

/// What a provider has sent the user back to the front end with.
#[derive(Debug, Clone)]
pub(super) struct Return {
    /// As it came, for the service to read.
    pub(super) query: String,
    parameters: BTreeMap<String, String>,
}

impl Return {
    /// A parameter's value; empty where there is none.
    pub(super) fn get(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }

    /// The same with another value for a parameter.
    pub(super) fn with(&self, name: &str, value: &str) -> Self {
        let mut parameters = self.parameters.clone();
        parameters.insert(name.to_owned(), value.to_owned());
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&parameters).finish();
        Self { query, parameters }
    }

    /// What would leak with a log that holds it.
    pub(super) fn secrets(&self) -> Vec<String> {
        ["code", "state"].map(|name| self.get(name).to_owned()).into()
    }
}

/// Where the browser goes next.
enum Step {
    Open(Url),
    Send(Url, Vec<(String, String)>),
}

impl Visitor {
    /// Somebody who is called this at providers.
    pub(super) fn new(name: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().tls_certs_only([]);
        let http = http.redirect(reqwest::redirect::Policy::none()).build()?;
        Ok(Self { http, name: name.to_owned(), cookies: BTreeMap::new() })
    }

    /// Goes to a provider, logs in and agrees.
    pub(super) async fn log_in(&mut self, url: &str) -> anyhow::Result<Return> {
        let name = self.name.clone();
        self.visit(url, |page, at| {
            let form = Form::first(page).with_context(|| format!("{at} has no form: {page}"))?;
            Ok(Step::Send(at.join(&form.action)?, form.filled(&name)))
        })
        .await
    }

    /// Goes to a certified provider and turns back at its first page.
    pub(super) async fn cancel(&mut self, url: &str) -> anyhow::Result<Return> {
        self.visit(url, |page, at| {
            let link = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
            let link = link.filter(|link| link.ends_with("/abort")).last();
            Ok(Step::Open(at.join(link.with_context(|| format!("{at} has no way back: {page}"))?)?))
        })
        .await
    }

    async fn visit(
        &mut self,
        url: &str,
        act: impl Fn(&str, &Url) -> anyhow::Result<Step>,
    ) -> anyhow::Result<Return> {
        let mut step = Step::Open(Url::parse(url)?);
        for _ in 0..20 {
            if let Step::Open(url) = &step
                && url.as_str().starts_with(REDIRECT_URI)
            {
                let parameters = url.query_pairs().into_owned().collect();
                return Ok(Return { query: url.query().unwrap_or_default().to_owned(), parameters });
            }
            step = self.take(step, &act).await?;
        }
        bail!("the provider sends the browser round in circles")
    }

    async fn take(
        &mut self,
        step: Step,
        act: impl Fn(&str, &Url) -> anyhow::Result<Step>,
    ) -> anyhow::Result<Step> {
        let (at, request) = match step {
            Step::Open(url) => (url.clone(), self.http.get(url)),
            Step::Send(url, fields) => {
                let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
                let request = self.http.post(url.clone()).body(body);
                (url, request.header("content-type", "application/x-www-form-urlencoded"))
            }
        };
        let jar: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = request.header("cookie", jar.join("; ")).send().await?;
        for cookie in answer.headers().get_all("set-cookie") {
            let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').context("no cookie")?;
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let (status, location) = (answer.status(), answer.headers().get("location").cloned());
        match location {
            Some(location) => Ok(Step::Open(at.join(location.to_str()?)?)),
            None if status.is_success() => act(&answer.text().await?, &at),
            None => bail!("{at} answered {status}: {}", answer.text().await?),
        }
    }
}

/// A form of a provider's page.
struct Form {
    action: String,
    fields: Vec<(String, String)>,
}

impl Form {
    /// The first form of a page, with its fields and its first button.
    fn first(page: &str) -> Option<Self> {
        let (_, form) = page.split_once("<form")?;
        let (form, _) = form.split_once("</form>")?;
        let mut tags = form.split('<');
        let action = attribute(tags.next()?, "action")?;
        let (inputs, buttons): (Vec<&str>, Vec<&str>) = tags
            .filter(|tag| tag.starts_with("input") || tag.starts_with("button"))
            .partition(|tag| tag.starts_with("input"));
        let controls = inputs.into_iter().chain(buttons.into_iter().take(1));
        let fields = controls
            .filter_map(|tag| Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default())));
        Some(Self { action, fields: fields.collect() })
    }

    /// What a user of this name sends.
    fn filled(self, login: &str) -> Vec<(String, String)> {
        let fill = |(name, value): (String, String)| {
            let value = match name.as_str() {
                "login" => login.to_owned(),
                "password" => "whatever".to_owned(),
                _ => value,
            };
            (name, value)
        };
        self.fields.into_iter().map(fill).collect()
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, value) = tag.split_once(&format!(" {name}=\""))?;
    let value = value.split('"').next()?;
    Some(value.replace("&lt;", "<").replace("&quot;", "\"").replace("&amp;", "&"))
}
