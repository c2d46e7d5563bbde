//! The operator console, as a browser without scripts meets it.

mod access;
mod actions;
mod hostile;
mod lists;
mod pages;
mod refusals;

use archon_testkit::{TestServer, User};
use serde_json::Value;

use crate::pages::browser::{Browser, Page};
use crate::support::{PASSWORD, unlimited};

const ROOT: &str = "root@example.com";
const ADA: &str = "ada@example.com";

/// Every page of the console that needs no id, with its heading.
const PAGES: [(&str, &str); 11] = [
    ("/auth/console", "Overview"),
    ("/auth/console/users", "Users"),
    ("/auth/console/events", "Events"),
    ("/auth/console/alerts", "Alerts"),
    ("/auth/console/alerts/notices/retry", "Try every notice again?"),
    ("/auth/console/blocked-addresses", "Blocked addresses"),
    ("/auth/console/blocked-addresses/block", "Block an address"),
    ("/auth/console/mail", "Mail"),
    ("/auth/console/mail/retry", "Send every mail again?"),
    ("/auth/console/keys", "Signing keys"),
    ("/auth/console/keys/rotate", "Rotate the signing key?"),
];

/// A service with an administrator at its console, and a user.
struct Console {
    server: TestServer,
    root: User,
    ada: User,
    browser: Browser,
}

impl Console {
    async fn open() -> anyhow::Result<Self> {
        Self::at(unlimited().await?).await
    }

    async fn at(server: TestServer) -> anyhow::Result<Self> {
        let root = server.register_administrator(ROOT).await?;
        let ada = server.register(ADA).await?;
        let browser = Browser::signed_in(&server, ROOT, PASSWORD).await?;
        Ok(Self { server, root, ada, browser })
    }

    /// The page of an account.
    fn page_of(user: &User) -> String {
        format!("/auth/console/users/{}", user.id)
    }

    /// Opens a page that asks, fills it in and sends it.
    async fn confirm(&mut self, path: &str, fields: &[(&str, &str)]) -> anyhow::Result<Page> {
        let asked = self.browser.open(path).await?;
        assert_eq!(asked.status, 200, "{path}: {}", asked.body);
        let action = path.split('?').next().unwrap_or_default();
        self.browser.submit(&asked, action, fields).await
    }

    /// What administrators have done so far, the latest first, as the API tells it.
    async fn actions(&self) -> anyhow::Result<Vec<Value>> {
        let client = self.server.client_of(&self.root);
        let answer = client.get("/auth/admin/events?type=admin_action&limit=200").await?;
        assert_eq!(answer.status, 200, "{}", answer.text);
        Ok(answer.json["events"].as_array().cloned().unwrap_or_default())
    }
}
