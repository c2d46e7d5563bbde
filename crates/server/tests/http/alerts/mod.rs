//! Alerts and blocked addresses (CONTRACT section 8; docs/alerts.md).

mod administration;
mod blocks;
mod documented_receiver;
mod events;
mod receiver;
mod webhooks;

use anyhow::ensure;
use archon_testkit::{Client, TestServer, TestServerBuilder, User};
use serde_json::{Value, json};

use crate::support::{WRONG, log_in, seconds};
use receiver::Receiver;

const ADA: &str = "ada@example.com";
const ROOT: &str = "root@example.com";

/// Where the attacker sits, and where the administrator does.
const STRANGER: &str = "198.51.100.7";
const OFFICE: &str = "203.0.113.9";

/// What webhooks are signed with.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A service that tells a receiver of alerts, and an administrator.
struct Stage {
    server: TestServer,
    receiver: Receiver,
    root: User,
}

impl Stage {
    async fn set() -> anyhow::Result<Self> {
        Self::set_with(|builder| builder).await
    }

    async fn set_with(change: impl FnOnce(TestServerBuilder) -> TestServerBuilder) -> anyhow::Result<Self> {
        let receiver = Receiver::start()?;
        let builder = TestServer::builder().seed(1).set("rate_limits.enabled", "false");
        let server = change(told_to(builder, &receiver.url)).start().await?;
        let root = server.register_administrator(ROOT).await?;
        let body = json!({"email": ROOT, "password": root.password});
        let answer = server.client().from_address(OFFICE).post("/auth/login", &body).await?;
        let access_token = answer.text_at("/access_token").to_owned();
        Ok(Self { server, receiver, root: User { access_token, ..root } })
    }

    /// The administrator at work.
    fn admin(&self) -> Client {
        self.server.client_of(&self.root).from_address(OFFICE)
    }

    /// What a path under `/auth/admin` answers that must answer.
    async fn shown(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.admin().get(&format!("/auth/admin{path}")).await?;
        ensure!(answer.status == 200, "{path}: {} {}", answer.status, answer.text);
        Ok(answer.json)
    }

    fn stranger(&self) -> Client {
        self.server.client().from_address(STRANGER)
    }

    /// Fails to log in from an address, so many times, a moment after each other.
    async fn fail(&self, address: &str, times: usize) -> anyhow::Result<()> {
        let client = self.server.client().from_address(address);
        for _ in 0..times {
            self.server.clock().advance(seconds(1));
            let answer = log_in(&client, "nobody@example.com", WRONG).await?;
            ensure!(answer.status != 200, "let in");
        }
        Ok(())
    }

    /// Fails from the stranger's address until that is an alert, which the receiver is told.
    async fn attack(&self) -> anyhow::Result<Value> {
        self.fail(STRANGER, 10).await?;
        Ok(self.receiver.messages(1).await?.remove(0).body)
    }
}

/// With the settings of a webhook.
fn told_to(builder: TestServerBuilder, url: &str) -> TestServerBuilder {
    builder
        .set("alerts.webhooks.0.name", "pager")
        .set("alerts.webhooks.0.url", url)
        .set("alerts.webhooks.0.secret", SECRET)
}
