//! Whose account it is that somebody comes into.

use serde_json::{Value, json};

use super::flow::{identities, log_in, logged_in, profile};
use super::providers::LocalProvider;
use super::visitor::Visitor;
use super::{events, service};
use crate::support::{Account, PASSWORD};

fn user(email: &str) -> Value {
    json!({"email": email, "email_verified": true, "name": "Ada Lovelace"})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_whose_address_changes_at_the_provider_stays_the_same_user() -> anyhow::Result<()> {
    let google =
        LocalProvider::google(&json!({"ada": user("ada@example.com"), "bob": user("bob@example.com")}))?;
    let service = service(&[&google], &[])?;
    let client = service.client().clone();
    let mut ada = Visitor::new("ada")?;
    let before = profile(&client, &log_in(&client, "google", &mut ada).await?).await?;
    let bob = profile(&client, &log_in(&client, "google", &mut Visitor::new("bob")?).await?).await?;
    assert_ne!(before["id"], bob["id"]);

    // Her new address is one that nobody has, and then one that somebody has.
    for email in ["countess@example.com", "bob@example.com"] {
        google.change(&json!({"accounts": {"ada": user(email)}})).await?;
        let answer = log_in(&client, "google", &mut ada).await?;
        let after = profile(&client, &answer).await?;
        assert_eq!((&after["id"], &after["email"]), (&before["id"], &before["email"]), "{email}");
        assert_eq!(events::noted(&service, &answer, "oauth_login")?["how"], "known");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_registered_somebody_elses_address_is_thrown_out_by_its_owner() -> anyhow::Result<()> {
    let google = LocalProvider::google(&json!({"ada": user("Ada@Example.com")}))?;
    let service = service(&[&google], &[])?;
    let client = service.client().clone();
    let thief = Account::register(&client, "ada@example.com").await?;
    assert_eq!(thief.me(&client).await?.status, 200);

    let answer = log_in(&client, "google", &mut Visitor::new("ada")?).await?;
    let ada = profile(&client, &answer).await?;
    assert_eq!((&ada["id"], &ada["email_verified"]), (&json!(thief.id), &json!(true)));
    assert_eq!(events::noted(&service, &answer, "oauth_login")?["how"], "reclaimed");
    events::noted(&service, &answer, "session_terminated")?;

    let me = thief.me(&client).await?;
    assert_eq!((me.status, me.code()), (401, "TOKEN_REVOKED"), "{}", me.text);
    assert_eq!(thief.refresh(&client).await?.status, 401);
    assert_eq!(thief.log_in(&client, PASSWORD).await?.status, 401, "the password is gone");
    let own = identities(&logged_in(&client, &answer)?).await?;
    assert_eq!(own, [("google".to_owned(), "Ada@Example.com".to_owned())]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_the_provider_does_not_vouch_for_opens_nobodys_account() -> anyhow::Result<()> {
    let mut users = json!({"ada": user("ada@example.com")});
    let microsoft = LocalProvider::microsoft(&users)?;
    users["ada"]["email_verified"] = json!(false);
    let acme = LocalProvider::acme(&users)?;
    let service = service(&[&microsoft, &acme], &[])?;
    let client = service.client().clone();
    let ada = Account::register(&client, "ada@example.com").await?;
    // Microsoft says of nobody that the address is verified, whatever its answer says.
    for provider in ["microsoft", "acme"] {
        let answer = log_in(&client, provider, &mut Visitor::new("ada")?).await?;
        assert_eq!((answer.status, answer.code()), (409, "ACCOUNT_EXISTS"), "{provider}: {}", answer.text);
        assert_eq!(events::failure(&service, &answer)?, events::reason(provider, "account_exists"));
    }
    assert_eq!(ada.log_in(&client, PASSWORD).await?.status, 200, "her password is hers");
    Ok(())
}
