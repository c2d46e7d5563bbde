//! Bodies that no honest client sends, to every route that takes one: each gets a 4xx in the envelope that
//! names the field, and nothing comes of it.

mod fields;
mod payloads;

use anyhow::ensure;
use archon_testkit::{Answer, Client, TestServer};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    PASSWORD, Tokens, assert_refused, confirm, fields, logged_in, me, registration, reset_token, sign_up,
};

/// What a field must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Object,
    Flag,
}

/// A field of a body. For texts: the status of an empty one, a blank one, one with a NUL, and one with
/// another control character, where 200 says that it is none of a refusal.
struct Field {
    name: &'static str,
    kind: Kind,
    required: bool,
    statuses: [u16; 4],
}

/// A route that takes a body.
struct BodyRoute {
    method: Method,
    path: &'static str,
    authenticated: bool,
    body: Value,
    fields: Vec<Field>,
}

const fn text(name: &'static str, statuses: [u16; 4]) -> Field {
    Field { name, kind: Kind::Text, required: true, statuses }
}

const fn optional(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false, statuses: [400; 4] }
}

fn route(
    method: Method,
    path: &'static str,
    authenticated: bool,
    body: Value,
    fields: Vec<Field>,
) -> BodyRoute {
    BodyRoute { method, path, authenticated, body, fields }
}

/// A password that is new may hold any character but NUL.
const NEW: [u16; 4] = [400, 400, 400, 200];

/// A password that is presented is compared, whatever it holds.
const PRESENTED: [u16; 4] = [400, 401, 401, 401];

fn routes(stage: &Stage) -> Vec<BodyRoute> {
    let mut register = registration("grace@example.com");
    register["metadata"] = json!({"locale": "en"});
    let log_in = json!({"email": "ada@example.com", "password": PASSWORD, "remember_me": false});
    let refresh = json!({"refresh_token": stage.tokens.refresh});
    let update = json!({"name": "Grace", "metadata": {"locale": "de"}});
    let change = json!({"current_password": PASSWORD, "new_password": "EvenBetter456?"});
    let verify = json!({"token": "q1VkE0vW7Q2yZb6bq8nJ0m6mC1dYH8m3r5n1o3x7fZs"});
    let reset = json!({"email": "ada@example.com"});
    let confirm = json!({"token": stage.reset_token, "new_password": "EvenBetter456?"});
    let callback = json!({
        "code": "code",
        "state": "q1VkE0vW7Q2yZb6bq8nJ0m6mC1dYH8m3r5n1o3x7fZs",
        "iss": "https://provider.example",
    });
    let brought_back = vec![text("code", [400; 4]), text("state", [400; 4]), optional("iss", Kind::Text)];
    let name_and_metadata = vec![optional("name", Kind::Text), optional("metadata", Kind::Object)];
    let user = vec![
        text("email", [400; 4]),
        text("password", NEW),
        text("name", [400; 4]),
        optional("metadata", Kind::Object),
    ];
    let credentials =
        vec![text("email", [400; 4]), text("password", PRESENTED), optional("remember_me", Kind::Flag)];
    let passwords = vec![text("current_password", PRESENTED), text("new_password", NEW)];
    let password = vec![text("password", PRESENTED)];
    vec![
        route(Method::POST, "/auth/register", false, register, user),
        route(Method::POST, "/auth/login", false, log_in, credentials),
        route(Method::POST, "/auth/refresh", false, refresh, vec![text("refresh_token", [401; 4])]),
        route(Method::PATCH, "/auth/me", true, update, name_and_metadata),
        route(Method::DELETE, "/auth/me", true, json!({"password": PASSWORD}), password),
        route(Method::PUT, "/auth/password", true, change, passwords),
        route(Method::POST, "/auth/password/reset", false, reset, vec![text("email", [400; 4])]),
        route(
            Method::POST,
            "/auth/password/reset/confirm",
            false,
            confirm,
            vec![text("token", [400; 4]), text("new_password", NEW)],
        ),
        route(Method::POST, "/auth/email/verify", false, verify, vec![text("token", [400; 4])]),
        route(
            Method::POST,
            "/auth/me/identities/google/authorize",
            true,
            json!({"redirect_uri": "https://app.example.com/callback"}),
            vec![text("redirect_uri", [400; 4])],
        ),
        route(Method::POST, "/auth/me/identities/google/callback", true, callback, brought_back),
    ]
}

/// A service with an account that nothing here may change.
struct Stage {
    server: TestServer,
    tokens: Tokens,
    reset_token: String,
    profile: Value,
}

impl Stage {
    async fn set() -> anyhow::Result<Self> {
        let builder = TestServer::builder().set("rate_limits.enabled", "false");
        let server = builder.set("lockout.max_failures", "1000").start().await?;
        let tokens = sign_up(&server.client(), "ada@example.com").await?;
        let profile = me(&server.client(), &tokens).await?.json;
        server.mails("ada@example.com", "welcome", 1).await?;
        server.mails("ada@example.com", "verify_email", 1).await?;
        let reset_token = reset_token(&server, "ada@example.com", 1).await?;
        Ok(Self { server, tokens, reset_token, profile })
    }

    fn client(&self, route: &BodyRoute) -> Client {
        let client = self.server.client();
        if route.authenticated { client.with_token(&self.tokens.access) } else { client }
    }

    /// Sends a body and asserts a refusal; `field` must be among those that its details name.
    async fn refuse(
        &self,
        route: &BodyRoute,
        body: &Value,
        field: &str,
        status: u16,
    ) -> anyhow::Result<Answer> {
        let answer = self.client(route).send(route.method.clone(), route.path, Some(body)).await?;
        let sent: String = body.to_string().chars().take(200).collect();
        let what = format!("{} {} {sent}: {} {}", route.method, route.path, answer.status, answer.text);
        ensure!(answer.status == status, "{what}");
        // Which of the two was wrong is nobody's business at log-in.
        let secret = route.path == "/auth/login" && status == 401;
        ensure!(secret || fields(&answer).contains(&field), "{what}");
        assert_refused(&answer, status, answer.code());
        Ok(answer)
    }

    /// Asserts that nothing has come of what was sent.
    async fn assert_unharmed(&self) -> anyhow::Result<()> {
        let client = self.server.client();
        assert_eq!(me(&client, &self.tokens).await?.json, self.profile);
        let mails = self.server.mailbox().messages();
        assert_eq!(mails.len(), 3, "the two of the registration, and the reset that was asked for");
        crate::support::refreshed(&client, &self.tokens.refresh).await?;
        logged_in(&client, "ada@example.com").await?;
        let confirmed = confirm(&client, &self.reset_token, "EvenBetter456?").await?;
        assert_eq!(confirmed.status, 200, "no refusal has spent the token: {}", confirmed.text);
        sign_up(&client, "grace@example.com").await?;
        Ok(())
    }
}

/// A body with one field changed.
fn with(route: &BodyRoute, name: &str, value: impl Into<Value>) -> Value {
    let mut body = route.body.clone();
    body[name] = value.into();
    body
}
