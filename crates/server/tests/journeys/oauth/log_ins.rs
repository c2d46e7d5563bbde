//! The whole way through the API, for every kind of provider.

use serde_json::json;

use super::flow::{begin, begin_link, finish, finish_link, identities, log_in, logged_in, profile};
use super::providers::{LocalProvider, secret};
use super::visitor::Visitor;
use super::{events, service};
use crate::support::Service;

const PROVIDERS: [&str; 4] = ["google", "github", "microsoft", "acme"];

/// One provider of each kind, with one user each, whose address is her name at `example.com`.
fn everybody() -> anyhow::Result<[LocalProvider; 4]> {
    let claims =
        |name: &str| json!({"email": format!("{name}@example.com"), "email_verified": true, "name": name});
    let mut grace = claims("grace");
    grace["xms_edov"] = json!(true);
    Ok([
        LocalProvider::google(&json!({"ada": claims("ada")}))?,
        LocalProvider::github(&json!({"octavia": {
            "id": 583_231, "name": null, "email": null,
            "emails": [{"email": "octavia@example.com", "primary": true, "verified": true, "visibility": "private"}],
        }}))?,
        LocalProvider::microsoft(&json!({"grace": grace}))?,
        LocalProvider::acme(&json!({"barbara": claims("barbara")}))?,
    ])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_of_every_kind_of_provider_log_in_and_nothing_secret_is_logged() -> anyhow::Result<()> {
    let providers = everybody()?;
    let mut service = service(&providers.each_ref(), &[])?;
    let client = service.client().clone();
    let mut secrets: Vec<String> = PROVIDERS.map(secret).into();
    for (provider, name) in PROVIDERS.into_iter().zip(["ada", "octavia", "grace", "barbara"]) {
        let begun = begin(&client, provider).await?;
        assert_eq!(begun.parameter("code_challenge_method")?, "S256");
        let back = Visitor::new(name)?.log_in(&begun.url).await?;
        let answer = finish(&client, provider, &back).await?;
        assert_eq!(answer.status, 200, "{provider}: {}", answer.text);
        assert_eq!((answer.text_at("/token_type"), answer.header("cache-control")), ("Bearer", "no-store"));
        let me = profile(&client, &answer).await?;
        assert_eq!(me["email"], format!("{name}@example.com"), "{provider}");
        assert_eq!((&me["name"], &me["email_verified"]), (&json!(name), &json!(true)), "{provider}");
        let own = identities(&logged_in(&client, &answer)?).await?;
        assert_eq!(own, [(provider.to_owned(), format!("{name}@example.com"))]);
        let details = events::noted(&service, &answer, "oauth_login")?;
        assert_eq!(details, json!({"provider": provider, "how": "opened"}));
        secrets.extend(back.secrets());
        secrets.extend(
            ["access_token", "refresh_token"].map(|token| answer.text_at(&format!("/{token}")).to_owned()),
        );
        secrets.push(format!("{name}@example.com"));
    }
    listed(&service).await?;
    service.terminate()?;
    service.logs_none_of(&secrets);
    Ok(())
}

async fn listed(service: &Service) -> anyhow::Result<()> {
    let answer = service.client().get("/auth/oauth/providers").await?;
    let names: Vec<_> = answer.json["providers"].as_array().into_iter().flatten().collect();
    let names: Vec<_> = names.iter().map(|provider| (&provider["name"], &provider["enabled"])).collect();
    assert_eq!(json!(names), json!(PROVIDERS.map(|name| (name, true))), "{}", answer.text);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_provider_is_linked_and_the_first_unlinked_but_never_the_last() -> anyhow::Result<()> {
    let providers = everybody()?;
    let mut service = service(&providers.each_ref(), &[])?;
    let client = service.client().clone();
    let mut ada = Visitor::new("ada")?;
    let first = log_in(&client, "google", &mut ada).await?;
    let (user, me) = (logged_in(&client, &first)?, profile(&client, &first).await?);

    let begun = begin_link(&user, "acme").await?;
    let back = Visitor::new("barbara")?.log_in(&begun.url).await?;
    let linked = finish_link(&user, "acme", &back).await?;
    assert_eq!((linked.status, linked.text_at("/display_name")), (200, "Acme Works"), "{}", linked.text);
    assert!(!linked.text.contains("subject"), "{}", linked.text);
    let again = log_in(&client, "acme", &mut Visitor::new("barbara")?).await?;
    assert_eq!(profile(&client, &again).await?["id"], me["id"], "another way into the same account");

    let unlinked = user.send(reqwest::Method::DELETE, "/auth/me/identities/google", None).await?;
    assert_eq!(unlinked.status, 204, "{}", unlinked.text);
    let refused = user.send(reqwest::Method::DELETE, "/auth/me/identities/acme", None).await?;
    assert_eq!((refused.status, refused.code()), (409, "LAST_WAY_IN"), "{}", refused.text);
    assert_eq!(identities(&user).await?, [("acme".to_owned(), "barbara@example.com".to_owned())]);

    // Google still vouches for the address, which is linked anew.
    let returned = log_in(&client, "google", &mut ada).await?;
    assert_eq!(profile(&client, &returned).await?["id"], me["id"]);
    assert_eq!(events::noted(&service, &returned, "oauth_login")?["how"], "linked");

    // Somebody else cannot link what is Ada's.
    let other = log_in(&client, "github", &mut Visitor::new("octavia")?).await?;
    let other = logged_in(&client, &other)?;
    let begun = begin_link(&other, "acme").await?;
    let back = Visitor::new("barbara")?.log_in(&begun.url).await?;
    let taken = finish_link(&other, "acme", &back).await?;
    assert_eq!((taken.status, taken.code()), (409, "IDENTITY_TAKEN"), "{}", taken.text);
    assert_eq!(events::failure(&service, &taken)?, events::reason("acme", "identity_taken"));
    service.terminate()?;
    service.logs_none_of(&back.secrets());
    Ok(())
}
