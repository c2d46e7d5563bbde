//! A state is good for one callback: of its own provider, for its own purpose and user.

use archon_testkit::Answer;
use serde_json::{Value, json};

use super::events::{self, failure, reason};
use super::flow::{begin, begin_link, finish, finish_link, log_in, logged_in};
use super::providers::LocalProvider;
use super::service;
use super::visitor::Visitor;
use crate::support::Service;

fn ada_and_bob() -> Value {
    let user =
        |name: &str| json!({"email": format!("{name}@example.com"), "email_verified": true, "name": name});
    json!({"ada": user("ada"), "bob": user("bob")})
}

/// Makes sure that a callback was refused for its state, which is all that the answer says, and what was noted.
fn refused(service: &Service, answer: &Answer, provider: &str, why: &str) -> anyhow::Result<()> {
    assert_eq!((answer.status, answer.code()), (400, "INVALID_STATE"), "{why}: {}", answer.text);
    assert_eq!(answer.text_at("/message"), "Invalid state parameter", "{why}");
    assert_eq!(failure(service, answer)?, reason(provider, why));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_works_once_and_with_its_own_provider_only() -> anyhow::Result<()> {
    let (google, acme) = (LocalProvider::google(&ada_and_bob())?, LocalProvider::acme(&ada_and_bob())?);
    let mut service = service(&[&google, &acme], &[])?;
    let client = service.client().clone();
    let mut ada = Visitor::new("ada")?;

    let back = ada.log_in(&begin(&client, "google").await?.url).await?;
    assert_eq!(finish(&client, "google", &back).await?.status, 200);
    refused(&service, &finish(&client, "google", &back).await?, "google", "unknown_state")?;

    // At another provider's callback, which spends it all the same.
    let back = ada.log_in(&begin(&client, "google").await?.url).await?;
    let answer = finish(&client, "acme", &back).await?;
    refused(&service, &answer, "acme", "state_of_other_provider")?;
    refused(&service, &finish(&client, "google", &back).await?, "google", "unknown_state")?;

    // Forged, mangled, and as nobody would write one. The flow that was begun goes on.
    let back = ada.log_in(&begin(&client, "google").await?.url).await?;
    let own = back.get("state");
    for forged in
        ["A".repeat(43), own[..42].to_owned(), format!("{own}A"), own.to_uppercase(), "x".to_owned()]
    {
        let answer = finish(&client, "google", &back.with("state", &forged)).await?;
        refused(&service, &answer, "google", "unknown_state")?;
    }
    assert_eq!(finish(&client, "google", &back).await?.status, 200);

    // A path is anybody's text, and is not noted as it is.
    let answer = finish(&client, "nobody", &back).await?;
    refused(&service, &answer, "unknown", "unknown_state")?;
    service.terminate()?;
    service.logs_none_of(&back.secrets());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_works_for_its_own_purpose_and_user_only() -> anyhow::Result<()> {
    let (google, acme) = (LocalProvider::google(&ada_and_bob())?, LocalProvider::acme(&ada_and_bob())?);
    let service = service(&[&google, &acme], &[])?;
    let client = service.client().clone();
    let ada = logged_in(&client, &log_in(&client, "google", &mut Visitor::new("ada")?).await?)?;
    let bob = logged_in(&client, &log_in(&client, "google", &mut Visitor::new("bob")?).await?)?;
    let mut visitor = Visitor::new("ada")?;

    let back = visitor.log_in(&begin_link(&ada, "acme").await?.url).await?;
    let answer = finish(&client, "acme", &back).await?;
    refused(&service, &answer, "acme", "state_of_other_purpose")?;
    let back = visitor.log_in(&begin(&client, "acme").await?.url).await?;
    let answer = finish_link(&ada, "acme", &back).await?;
    refused(&service, &answer, "acme", "state_of_other_purpose")?;
    let back = visitor.log_in(&begin_link(&ada, "acme").await?.url).await?;
    let answer = finish_link(&bob, "acme", &back).await?;
    refused(&service, &answer, "acme", "state_of_other_user")?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cancels_is_told_so_and_the_flow_is_over() -> anyhow::Result<()> {
    let google = LocalProvider::google(&ada_and_bob())?;
    let service = service(&[&google], &[])?;
    let client = service.client().clone();
    let back = Visitor::new("ada")?.cancel(&begin(&client, "google").await?.url).await?;
    assert_eq!(back.get("error"), "access_denied");
    let answer = finish(&client, "google", &back).await?;
    assert_eq!((answer.status, answer.code()), (400, "OAUTH_DENIED"), "{}", answer.text);
    assert!(!answer.text.contains("aborted"), "the provider's own words: {}", answer.text);
    assert_eq!(events::failure(&service, &answer)?, reason("google", "denied"));
    refused(&service, &finish(&client, "google", &back).await?, "google", "unknown_state")
}
