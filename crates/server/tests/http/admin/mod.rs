//! The administration API (CONTRACT section 8).

mod events;
mod keys;
mod mail;
mod paging;
mod refusals;
mod sessions;
mod users;

use anyhow::{Context as _, ensure};
use archon_testkit::{Answer, Client, TestServer, TestServerBuilder, User};
use reqwest::Method;
use serde_json::{Value, json};

const ROOT: &str = "root@example.com";
const ADA: &str = "ada@example.com";

/// Where the administrator sits.
const OFFICE: &str = "198.51.100.9";

/// Why everything is done here; white space around it is dropped.
const REASON: &str = " It is a test, ticket 4711. ";

/// A service with an administrator and a user, both logged in.
struct Stage {
    server: TestServer,
    root: User,
    ada: User,
}

impl Stage {
    async fn set() -> anyhow::Result<Self> {
        Self::set_with(TestServer::builder().seed(1)).await
    }

    async fn set_with(builder: TestServerBuilder) -> anyhow::Result<Self> {
        let server = builder.set("rate_limits.enabled", "false").start().await?;
        let root = server.register_administrator(ROOT).await?;
        let log_in = json!({"email": ROOT, "password": root.password});
        let answer = server.client().from_address(OFFICE).post("/auth/login", &log_in).await?;
        let token = |name: &str| answer.text_at(name).to_owned();
        let (access_token, refresh_token) = (token("/access_token"), token("/refresh_token"));
        let root = User { access_token, refresh_token, ..root };
        let ada = server.register(ADA).await?;
        Ok(Self { server, root, ada })
    }

    /// The administrator at work.
    fn admin(&self) -> Client {
        self.server.client_of(&self.root).from_address(OFFICE).with_header("x-request-id", "the-request")
    }

    async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.admin().get(path).await
    }

    /// What a path under `/auth/admin` answers that must answer.
    async fn shown(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.get(&format!("/auth/admin{path}")).await?;
        ensure!(answer.status == 200, "{path}: {} {}", answer.status, answer.text);
        Ok(answer.json)
    }

    /// Acts on Ada: `do_to_ada(Method::POST, "/disable")`.
    async fn do_to_ada(&self, method: Method, action: &str) -> anyhow::Result<Answer> {
        self.do_to(&self.ada, method, action).await
    }

    async fn do_to(&self, user: &User, method: Method, action: &str) -> anyhow::Result<Answer> {
        let path = format!("/auth/admin/users/{}{action}", user.id);
        self.admin().send(method, &path, Some(&because())).await
    }

    async fn set_roles(&self, user: &User, roles: &[&str]) -> anyhow::Result<Answer> {
        let path = format!("/auth/admin/users/{}/roles", user.id);
        let body = json!({"roles": roles, "reason": REASON});
        self.admin().send(Method::PUT, &path, Some(&body)).await
    }

    /// The event of an action, of which there may have been others at the same instant.
    async fn recorded(&self, action: &str) -> anyhow::Result<Value> {
        let answer = self.shown("/events?type=admin_action&limit=200").await?;
        let mut events = list(&answer, "events")?.iter();
        let event = events.find(|event| event["details"]["action"] == action).cloned();
        event.with_context(|| format!("no {action} in {answer}"))
    }

    /// Holds the record of an action to what was done, and to whom or what.
    async fn assert_recorded(&self, action: &str, target: &str, user: Option<&User>) -> anyhow::Result<()> {
        let event = self.recorded(action).await?;
        let details = &event["details"];
        let told = ["action", "target", "actor", "reason"].map(|name| details[name].as_str().unwrap_or(""));
        assert_eq!(told, [action, target, self.root.id.as_str(), REASON.trim()], "{event}");
        assert_eq!(event["user_id"].as_str(), user.map(|user| user.id.as_str()), "{event}");
        let request = ["ip_address", "request_id", "severity"].map(|name| event[name].as_str().unwrap_or(""));
        assert_eq!(request, [OFFICE, "the-request", "warning"], "{event}");
        assert!(event["session_id"].is_string(), "{event}");
        Ok(())
    }
}

fn because() -> Value {
    json!({"reason": REASON})
}

/// A list in an answer.
fn list<'a>(answer: &'a Value, name: &str) -> anyhow::Result<&'a Vec<Value>> {
    answer[name].as_array().with_context(|| format!("{name} is no list in {answer}"))
}

/// One field of everything in a list.
fn each(list: &[Value], field: &str) -> Vec<String> {
    list.iter().map(|item| item[field].as_str().unwrap_or_default().to_owned()).collect()
}
