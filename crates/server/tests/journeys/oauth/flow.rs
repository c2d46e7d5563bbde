//! A front end that logs its users in with providers through the API.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use archon_testkit::{Answer, Client};
use serde_json::{Value, json};
use url::Url;

use super::REDIRECT_URI;
use super::visitor::{Return, Visitor};

/// A flow as the service has begun it.
#[derive(Debug, Clone)]
pub(super) struct Begun {
    pub(super) url: String,
    pub(super) state: String,
}

impl Begun {
    fn of(answer: &Answer) -> anyhow::Result<Self> {
        ensure!(answer.status == 200, "no flow was begun: {} {}", answer.status, answer.text);
        let text = |pointer| answer.text_at(pointer).to_owned();
        Ok(Self { url: text("/authorization_url"), state: text("/state") })
    }

    /// A parameter of the request to the provider.
    pub(super) fn parameter(&self, name: &str) -> anyhow::Result<String> {
        let parameters: BTreeMap<String, String> =
            Url::parse(&self.url)?.query_pairs().into_owned().collect();
        parameters.get(name).cloned().with_context(|| format!("no {name} in {}", self.url))
    }
}

/// Asks to begin a log-in, however that ends.
pub(super) async fn try_begin(client: &Client, provider: &str) -> anyhow::Result<Answer> {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("redirect_uri", REDIRECT_URI)
        .finish();
    client.get(&format!("/auth/oauth/{provider}/authorize?{query}")).await
}

/// Begins a log-in.
pub(super) async fn begin(client: &Client, provider: &str) -> anyhow::Result<Begun> {
    Begun::of(&try_begin(client, provider).await?)
}

/// Hands over what the provider has sent back, however that ends.
pub(super) async fn finish(client: &Client, provider: &str, back: &Return) -> anyhow::Result<Answer> {
    client.get(&format!("/auth/oauth/{provider}/callback?{}", back.query)).await
}

/// The whole log-in of somebody, however that ends.
pub(super) async fn log_in(client: &Client, provider: &str, visitor: &mut Visitor) -> anyhow::Result<Answer> {
    let begun = begin(client, provider).await?;
    let back = visitor.log_in(&begun.url).await?;
    ensure!(back.get("state") == begun.state, "another state has come back");
    finish(client, provider, &back).await
}

/// A client of somebody who has logged in.
pub(super) fn logged_in(client: &Client, answer: &Answer) -> anyhow::Result<Client> {
    ensure!(answer.status == 200, "not logged in: {} {}", answer.status, answer.text);
    Ok(client.with_token(answer.text_at("/access_token")))
}

/// Whose tokens these are.
pub(super) async fn profile(client: &Client, answer: &Answer) -> anyhow::Result<Value> {
    let me = logged_in(client, answer)?.get("/auth/me").await?;
    ensure!(me.status == 200, "the access token does not work: {}", me.text);
    Ok(me.json)
}

/// Begins to link a provider to the account of a client with a token.
pub(super) async fn begin_link(client: &Client, provider: &str) -> anyhow::Result<Begun> {
    let body = json!({"redirect_uri": REDIRECT_URI});
    Begun::of(&client.post(&format!("/auth/me/identities/{provider}/authorize"), &body).await?)
}

/// Hands over what the provider has sent back to link it, however that ends.
pub(super) async fn finish_link(client: &Client, provider: &str, back: &Return) -> anyhow::Result<Answer> {
    let mut body = json!({"code": back.get("code"), "state": back.get("state")});
    if !back.get("iss").is_empty() {
        body["iss"] = back.get("iss").into();
    }
    client.post(&format!("/auth/me/identities/{provider}/callback"), &body).await
}

/// What is linked to the account of a client with a token, as provider and address.
pub(super) async fn identities(client: &Client) -> anyhow::Result<Vec<(String, String)>> {
    let answer = client.get("/auth/me/identities").await?;
    ensure!(answer.status == 200, "{}", answer.text);
    let text = |identity: &Value, name: &str| identity[name].as_str().unwrap_or_default().to_owned();
    let identities = answer.json["identities"].as_array().context("no list")?;
    Ok(identities.iter().map(|identity| (text(identity, "provider"), text(identity, "email"))).collect())
}
