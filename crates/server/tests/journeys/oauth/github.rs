//! GitHub's users, with their addresses as they have them.

use archon_testkit::{Answer, Client};
use serde_json::{Value, json};

use super::flow::{begin, finish, log_in, profile};
use super::providers::LocalProvider;
use super::visitor::Visitor;
use super::{events, service};

/// An address as `GET /user/emails` lists it.
fn address(email: &str, primary: bool, verified: bool) -> Value {
    let visibility = if primary { json!("private") } else { json!(null) };
    json!({"email": email, "primary": primary, "verified": verified, "visibility": visibility})
}

fn users() -> Value {
    let user = |id: u32, emails: Value| json!({"id": id, "name": "Ada", "email": null, "emails": emails});
    let hidden = address("1+hidden@users.noreply.github.com", false, true);
    let limit = |name: &str, value: &str| json!({"retry-after": value, "x-ratelimit-resource": name});
    let mut limited = user(5, json!([]));
    limited["limited"] = limit("core", "120");
    let mut public = user(
        2,
        json!([
            address("public@example.com", false, true),
            address("old@example.com", false, false),
            address("primary@example.com", true, true),
        ]),
    );
    public["email"] = json!("public@example.com");
    json!({
        "private": user(1, json!([hidden, address("private@example.com", true, true)])),
        "several": public,
        "unverified": user(3, json!([address("unverified@example.com", true, false)])),
        "nowhere": user(4, json!([address("4+nowhere@users.noreply.github.com", true, true)])),
        "limited": limited,
    })
}

async fn come(client: &Client, name: &str) -> anyhow::Result<Answer> {
    log_in(client, "github", &mut Visitor::new(name)?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_primary_address_counts_if_it_is_verified_and_none_is_made_up() -> anyhow::Result<()> {
    let github = LocalProvider::github(&users())?;
    let service = service(&[&github], &[])?;
    let client = service.client().clone();
    for (name, email, verified) in [
        ("private", "private@example.com", true),
        ("several", "primary@example.com", true),
        ("unverified", "unverified@example.com", false),
    ] {
        let me = profile(&client, &come(&client, name).await?).await?;
        assert_eq!((&me["email"], &me["email_verified"]), (&json!(email), &json!(verified)), "{name}");
    }

    let answer = come(&client, "nowhere").await?;
    assert_eq!((answer.status, answer.code()), (400, "OAUTH_EMAIL_REQUIRED"), "{}", answer.text);
    assert!(!answer.json["details"][0]["message"].as_str().unwrap_or_default().is_empty(), "the way out");
    assert_eq!(events::failure(&service, &answer)?, events::reason("github", "email_required"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_github_refuses_is_told_with_what_to_do() -> anyhow::Result<()> {
    let github = LocalProvider::github(&users())?;
    let mut service = service(&[&github], &[])?;
    let client = service.client().clone();

    let answer = come(&client, "limited").await?;
    assert_eq!((answer.status, answer.code()), (502, "PROVIDER_ERROR"), "{}", answer.text);
    assert_eq!(answer.header("retry-after"), "120");
    assert!(answer.text_at("/message").contains("user information"), "{}", answer.text);
    let failed = json!({"provider": "github", "reason": "provider_unavailable", "step": "user information"});
    assert_eq!(events::failure(&service, &answer)?, failed);

    // A code that GitHub does not know any more: it answers 200 with an error in it.
    let begun = begin(&client, "github").await?;
    let back = Visitor::new("private")?.log_in(&begun.url).await?.with("code", "0a1b2c3d4e5f6a7b8c9d");
    let answer = finish(&client, "github", &back).await?;
    assert_eq!((answer.status, answer.code()), (400, "OAUTH_CODE_REFUSED"), "{}", answer.text);
    let failed = json!({"provider": "github", "reason": "code_refused", "step": "token exchange"});
    assert_eq!(events::failure(&service, &answer)?, failed);
    service.terminate()?;
    service.logs_none_of(&back.secrets());
    Ok(())
}
