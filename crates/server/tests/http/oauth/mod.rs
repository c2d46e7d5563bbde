//! Logging in with a provider, and linking providers to an account (CONTRACT section 7).

mod disabled;
mod failures;
mod fields;
mod hijack;
mod linking;
mod log_in;
mod races;
mod states;

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use archon_contract::ToldProvider;
use archon_testkit::{Answer, Client, TestServer, TestServerBuilder};
use serde_json::{Value, json};

use crate::support::{Tokens, confirm, sign_up, verification_token};

const ADA: &str = "ada@example.com";

/// The address that clients may have users sent back to.
const REDIRECT_URI: &str = "https://app.example.com/callback";

/// A service and two providers that say what they are told; the second comes on top of the three well-known.
struct Stage {
    server: TestServer,
    google: Arc<ToldProvider>,
    other: Arc<ToldProvider>,
}

impl Stage {
    async fn set() -> anyhow::Result<Self> {
        Self::set_with(TestServer::builder().set("rate_limits.enabled", "false")).await
    }

    async fn set_with(builder: TestServerBuilder) -> anyhow::Result<Self> {
        let (google, other) = (ToldProvider::new("google"), ToldProvider::new("other"));
        let builder = builder.set("oauth.redirect_uris", &format!("{REDIRECT_URI},http://127.0.0.1/cb"));
        let server = builder.provider(google.clone()).provider(other.clone()).start().await?;
        Ok(Self { server, google, other })
    }

    fn client(&self) -> Client {
        self.server.client()
    }

    /// Begins to log in; the state.
    async fn begin(&self, provider: &str) -> anyhow::Result<String> {
        state_of(&authorize(&self.client(), provider, REDIRECT_URI).await?)
    }

    /// Logs in from beginning to end.
    async fn log_in(&self, provider: &str, code: &str) -> anyhow::Result<Answer> {
        let state = self.begin(provider).await?;
        finish(&self.client(), provider, code, &state).await
    }

    /// Logs in as whom the provider vouches for.
    async fn logged_in(&self, code: &str) -> anyhow::Result<Tokens> {
        let answer = self.log_in("google", code).await?;
        ensure!(answer.status == 200, "not logged in: {} {}", answer.status, answer.text);
        Tokens::at(&answer, "")
    }

    /// A user whose address is verified, logged in.
    async fn verified(&self, email: &str) -> anyhow::Result<Client> {
        let tokens = sign_up(&self.client(), email).await?;
        let token = verification_token(&self.server, email, 1).await?;
        let answer = self.client().post("/auth/email/verify", &json!({"token": token})).await?;
        ensure!(answer.status == 200, "not verified: {}", answer.text);
        Ok(self.client().with_token(&tokens.access))
    }

    /// Links a provider from beginning to end.
    async fn link(&self, user: &Client, provider: &str, code: &str) -> anyhow::Result<Answer> {
        let state = state_of(&begin_link(user, provider).await?)?;
        link(user, provider, &json!({"code": code, "state": state})).await
    }
}

async fn authorize(client: &Client, provider: &str, redirect_uri: &str) -> anyhow::Result<Answer> {
    client.get(&format!("/auth/oauth/{provider}/authorize?redirect_uri={redirect_uri}")).await
}

async fn finish(client: &Client, provider: &str, code: &str, state: &str) -> anyhow::Result<Answer> {
    client.get(&format!("/auth/oauth/{provider}/callback?code={code}&state={state}")).await
}

async fn begin_link(user: &Client, provider: &str) -> anyhow::Result<Answer> {
    let body = json!({"redirect_uri": REDIRECT_URI});
    user.post(&format!("/auth/me/identities/{provider}/authorize"), &body).await
}

async fn link(user: &Client, provider: &str, body: &Value) -> anyhow::Result<Answer> {
    user.post(&format!("/auth/me/identities/{provider}/callback"), body).await
}

fn state_of(answer: &Answer) -> anyhow::Result<String> {
    ensure!(answer.status == 200, "not begun: {} {}", answer.status, answer.text);
    Ok(answer.text_at("/state").to_owned())
}

/// The user's security events of a type, the newest first.
async fn events_of(user: &Client, kind: &str) -> anyhow::Result<Vec<Value>> {
    let export = user.get("/auth/me/export").await?;
    let events = export.json["security_events"].as_array().context("there is no list of events")?;
    Ok(events.iter().filter(|event| event["type"] == kind).cloned().collect())
}

/// Sets a password by the link from a mail, which is the way to one for an account without.
async fn set_password(server: &TestServer, email: &str, password: &str) -> anyhow::Result<()> {
    let token = crate::support::reset_token(server, email, 1).await?;
    let answer = confirm(&server.client(), &token, password).await?;
    ensure!(answer.status == 200, "no password: {}", answer.text);
    Ok(())
}
