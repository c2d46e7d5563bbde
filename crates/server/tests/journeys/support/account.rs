//! A user of the service.

use anyhow::Context as _;
use archon_testkit::{Answer, Client};
use base64::Engine as _;
use serde_json::{Value, json};

pub(crate) const PASSWORD: &str = "SecurePass123!";

/// A registered user and its first tokens.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) email: String,
    pub(crate) id: String,
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Account {
    /// Registers a user with [`PASSWORD`].
    pub(crate) async fn register(client: &Client, email: &str) -> anyhow::Result<Self> {
        let answer = Self::try_register(client, email).await?;
        Self::of(email, &answer)
    }

    /// Asks for a registration, however it ends.
    pub(crate) async fn try_register(client: &Client, email: &str) -> anyhow::Result<Answer> {
        let body = json!({"email": email, "password": PASSWORD, "name": "Ada Lovelace"});
        client.post("/auth/register", &body).await
    }

    /// What a registration has answered.
    pub(crate) fn of(email: &str, answer: &Answer) -> anyhow::Result<Self> {
        anyhow::ensure!(answer.status == 201, "not registered: {} {}", answer.status, answer.text);
        Ok(Self {
            email: email.to_owned(),
            id: answer.text_at("/user/id").to_owned(),
            access: answer.text_at("/tokens/access_token").to_owned(),
            refresh: answer.text_at("/tokens/refresh_token").to_owned(),
        })
    }

    /// Logs in, however it ends.
    pub(crate) async fn log_in(&self, client: &Client, password: &str) -> anyhow::Result<Answer> {
        client.post("/auth/login", &json!({"email": self.email, "password": password})).await
    }

    /// Asks who the access token belongs to.
    pub(crate) async fn me(&self, client: &Client) -> anyhow::Result<Answer> {
        client.with_token(&self.access).get("/auth/me").await
    }

    /// Spends the refresh token.
    pub(crate) async fn refresh(&self, client: &Client) -> anyhow::Result<Answer> {
        client.post("/auth/refresh", &json!({"refresh_token": self.refresh})).await
    }
}

/// The header of a token, unverified.
pub(crate) fn token_header(token: &str) -> anyhow::Result<Value> {
    token_part(token, 0)
}

/// What a token says, unverified.
pub(crate) fn token_claims(token: &str) -> anyhow::Result<Value> {
    token_part(token, 1)
}

fn token_part(token: &str, place: usize) -> anyhow::Result<Value> {
    let part = token.split('.').nth(place).context("no token")?;
    Ok(serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part)?)?)
}
