//! Replicas share the flows that are under way.

use serde_json::json;

use super::flow::{begin, finish, profile};
use super::providers::LocalProvider;
use super::visitor::Visitor;
use super::{settings, shared_stores};
use crate::support::servers::OwnRedis;
use crate::support::{Database, Folder, Service};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flow_begins_at_one_replica_and_ends_at_another_once() -> anyhow::Result<()> {
    let google =
        LocalProvider::google(&json!({"ada": {"email": "ada@example.com", "email_verified": true}}))?;
    let (database, redis) = (Database::create()?, OwnRedis::start()?);
    let settings = [settings(&[&google]), shared_stores(&database, &redis)].concat();
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    let mut here = Service::start_in(Folder::new()?, &settings)?;
    let mut there = Service::start_in(Folder::new()?, &settings)?;
    let mut ada = Visitor::new("ada")?;

    let back = ada.log_in(&begin(here.client(), "google").await?.url).await?;
    let answer = finish(there.client(), "google", &back).await?;
    assert_eq!(profile(here.client(), &answer).await?["email"], "ada@example.com");
    for replica in [&here, &there] {
        let again = finish(replica.client(), "google", &back).await?;
        assert_eq!((again.status, again.code()), (400, "INVALID_STATE"), "{}", again.text);
    }

    // Redis itself lets flows expire, by a clock that can be turned.
    let back = ada.log_in(&begin(here.client(), "google").await?.url).await?;
    let key = redis.command(&["KEYS", "*oauth:state:*"])?;
    let left: u64 = redis.command(&["PTTL", &key])?.parse()?;
    assert!((500_000..=600_000).contains(&left), "{left} ms");
    assert_eq!(redis.command(&["PEXPIRE", &key, "0"])?, "1");
    let late = finish(there.client(), "google", &back).await?;
    assert_eq!((late.status, late.code()), (400, "INVALID_STATE"), "{}", late.text);
    let request = late.header("x-request-id");
    there.terminate()?;
    let noted = format!("SELECT details FROM security_events WHERE request_id = '{request}'");
    assert_eq!(database.run(&noted)?.trim(), r#"{"provider":"google","reason":"unknown_state"}"#);
    here.terminate()?;
    Ok(())
}
