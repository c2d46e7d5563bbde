//! Many first log-ins of one user at once, on stores whose writers really race.

use futures::future::try_join_all;
use serde_json::json;

use super::flow::{begin, finish};
use super::providers::LocalProvider;
use super::visitor::Visitor;
use super::{service, settings, shared_stores};
use crate::support::servers::OwnRedis;
use crate::support::{Database, Folder, Service, read_sqlite};

const FLOWS: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_first_log_ins_open_one_account_on_sqlite() -> anyhow::Result<()> {
    let google = ada()?;
    let service = service(&[&google], &[])?;
    all_are_let_in(&service).await?;
    let counted = "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM oauth_identities)";
    let rows = read_sqlite(&service.folder().data().join("archon.db"), counted, &[])?;
    assert_eq!(rows, [json!([1, 1])]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_first_log_ins_open_one_account_on_postgresql_with_redis() -> anyhow::Result<()> {
    let (google, database, redis) = (ada()?, Database::create()?, OwnRedis::start()?);
    let settings = [settings(&[&google]), shared_stores(&database, &redis)].concat();
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let mut service = Service::start_in(Folder::new()?, &settings)?;
    all_are_let_in(&service).await?;
    let counted = "SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM oauth_identities)";
    assert_eq!(database.run(counted)?.trim(), "1|1");
    service.terminate()?;
    Ok(())
}

fn ada() -> anyhow::Result<LocalProvider> {
    let user =
        json!({"sub": "ada", "email": "ada@example.com", "email_verified": true, "name": "Ada Lovelace"});
    LocalProvider::google_of(&user)
}

async fn all_are_let_in(service: &Service) -> anyhow::Result<()> {
    let client = service.client();
    let returns = (0..FLOWS).map(|_| async {
        let begun = begin(client, "google").await?;
        Visitor::new("ada")?.log_in(&begun.url).await
    });
    let returns = try_join_all(returns).await?;
    let answers = try_join_all(returns.iter().map(|back| finish(client, "google", back))).await?;
    for answer in answers {
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    Ok(())
}
