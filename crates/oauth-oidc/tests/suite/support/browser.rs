//! A user's browser: follows redirects, keeps cookies, and stops at our callback.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use archon_domain::AuthorizationResponse;
use openidconnect::url::Url;

/// The end of the way: what the provider sent back to our callback.
pub(crate) struct Return {
    pub(crate) response: AuthorizationResponse,
    pub(crate) state: String,
}

/// Goes to the provider and lets it log its only user in.
pub(crate) async fn visit(url: &str, redirect_uri: &str) -> anyhow::Result<Return> {
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
    let mut cookies: BTreeMap<String, String> = BTreeMap::new();
    let mut url = Url::parse(url)?;
    for _ in 0..20 {
        if url.as_str().starts_with(redirect_uri) {
            return arrived(&url);
        }
        let jar: Vec<String> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = client.get(url.clone()).header("cookie", jar.join("; ")).send().await?;
        for cookie in answer.headers().get_all("set-cookie") {
            let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').context("no cookie")?;
            cookies.insert(name.to_owned(), value.to_owned());
        }
        let Some(location) = answer.headers().get("location").and_then(|value| value.to_str().ok()) else {
            bail!("{url} answered {} and no way on: {}", answer.status(), answer.text().await?);
        };
        url = url.join(location)?;
    }
    bail!("the provider sends the browser round in circles")
}

fn arrived(url: &Url) -> anyhow::Result<Return> {
    let mut pairs: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    let issuer = pairs.remove("iss");
    let code = pairs.remove("code").with_context(|| format!("no code: {pairs:?}"))?;
    let state = pairs.remove("state").context("no state")?;
    Ok(Return { response: AuthorizationResponse { code, issuer }, state })
}
