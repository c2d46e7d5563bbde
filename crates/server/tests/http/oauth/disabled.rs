//! An account that an administrator has shut opens to no provider.

use reqwest::Method;
use serde_json::json;

use super::{ADA, Stage};
use crate::support::{assert_refused, me};

#[tokio::test]
async fn a_disabled_account_opens_to_no_provider() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let root = stage.server.register_administrator("root@example.com").await?;
    let admin = stage.server.client_of(&root);
    stage.google.vouch("code", "google-1", ADA);
    let tokens = stage.logged_in("code").await?;
    let id = me(&stage.client(), &tokens).await?.text_at("/id").to_owned();
    let shown = admin.get(&format!("/auth/admin/users/{id}")).await?;
    let identity = &shown.json["identities"][0];
    assert_eq!(
        (&identity["provider"], &identity["subject"]),
        (&json!("google"), &json!("google-1")),
        "{}",
        shown.text
    );
    assert_eq!(shown.json["has_password"], false);

    let because = json!({"reason": "a test"});
    let act = async |action: &str| {
        let path = format!("/auth/admin/users/{id}/{action}");
        admin.send(Method::POST, &path, Some(&because)).await
    };
    assert_eq!(act("disable").await?.status, 200);
    assert_refused(&me(&stage.client(), &tokens).await?, 401, "TOKEN_REVOKED");
    assert_refused(&stage.log_in("google", "code").await?, 403, "ACCOUNT_DISABLED");
    // Nor to another one, by the address that it vouches for.
    stage.other.vouch("other", "other-1", ADA);
    assert_refused(&stage.log_in("other", "other").await?, 403, "ACCOUNT_DISABLED");

    assert_eq!(act("enable").await?.status, 200);
    let again = stage.logged_in("code").await?;
    assert_eq!(me(&stage.client(), &again).await?.text_at("/id"), id);
    Ok(())
}
