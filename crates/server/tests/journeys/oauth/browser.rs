//! The way to providers and back by the service's own pages, in a real browser.

use serde_json::{Value, json};

use super::providers::LocalProvider;
use super::service;
use crate::browser::{browsed_origin, look};
use crate::support::servers::OwnMailServer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_sign_in_with_providers_and_link_and_unlink_them() -> anyhow::Result<()> {
    let providers = providers()?;
    let mail_server = OwnMailServer::start_guarded(json!({}))?;
    let service = service(&providers.each_ref(), &["--set", &mail_server.setting()])?;
    let origin = browsed_origin(&service)?;
    let mut origins = json!({});
    for provider in &providers {
        let back = ["oauth", "identities"]
            .map(|page| format!("{origin}/auth/pages/{page}/{}/callback", provider.name));
        provider.register(&back).await?;
        origins[provider.name] = json!(provider.origin);
    }
    look("providers", &[], &service, mail_server, &[("ARCHON_TEST_PROVIDERS", origins.to_string())])
}

/// Everybody whom `scripts/browser/providers.mjs` sends there.
fn providers() -> anyhow::Result<[LocalProvider; 3]> {
    let user = |email: &str, name: &str| json!({"email": email, "email_verified": true, "name": name});
    let mut grace = user("grace@example.com", "Grace Hopper");
    grace["xms_edov"] = json!(true);
    let address =
        |email: &str| json!([{"email": email, "primary": true, "verified": true, "visibility": "private"}]);
    let octavia =
        |id: u32, emails: Value| json!({"id": id, "name": "Octavia", "email": null, "emails": emails});
    Ok([
        LocalProvider::google(&json!({
            "ada": user("ada@example.com", "Ada Lovelace"),
            "mallory": user("mallory@example.com", "Mallory"),
        }))?,
        LocalProvider::microsoft(&json!({
            "grace": grace,
            // An address that an administrator somewhere has made up.
            "eve": user("ada@example.com", "Eve"),
        }))?,
        LocalProvider::github(&json!({
            "octavia": octavia(583_231, address("octavia@example.com")),
            "hidden": octavia(583_232, address("583232+hidden@users.noreply.github.com")),
        }))?,
    ])
}
