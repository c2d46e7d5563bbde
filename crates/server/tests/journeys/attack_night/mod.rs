//! A night of attacks on a service that a thousand people use meanwhile.

mod attackers;
mod receiver;
mod town;

use std::collections::BTreeMap;

use anyhow::Context as _;
use archon_testkit::Client;
use serde_json::json;
use tokio::sync::watch;

use crate::support::geoip::{BERLIN, TOKYO, write_cities};
use crate::support::{CHEAP, Folder, PASSWORD, Service, until};
use receiver::Receiver;

const ADMIN: &str = "night-watch@example.com";

/// What each attack is called, once.
const ATTACKS: [&str; 5] =
    ["failed_logins", "oauth_abuse", "password_spraying", "session_anomalies", "token_attacks"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_in_nobody_is_thrown_out_and_each_attack_is_told_once() -> anyhow::Result<()> {
    let receiver = Receiver::default();
    let service = service(&receiver.start()?)?;
    let base = service.client().clone();
    let watch_room = sign_in_administrator(&service).await?;

    let mut people = town::settle(&base).await?;
    // Who is robbed has to log in again: that is the protection, so they are not among those who live on.
    let robbed = people.split_off(people.len() - 6);
    let (travellers, spenders) = robbed.split_at(3);
    let (night, over) = watch::channel(false);
    let evening = tokio::spawn(town::live(people, over));

    attackers::stuff(&base, "person-7@example.com").await?;
    blocked(&base).await?;
    attackers::spray(&base).await?;
    for owner in spenders {
        owner.spend_twice().await?;
    }
    attackers::reuse(&base, spenders).await?;
    attackers::travel(&base, travellers).await?;
    attackers::forge(&base).await?;

    let told = told(&receiver).await?;
    night.send(true)?;
    let (people, noticed) = evening.await??;
    eprintln!("{} honest people: {noticed:?}; told: {told:?}", people.len());
    let once: BTreeMap<String, usize> = ATTACKS.iter().map(|attack| ((*attack).to_owned(), 1)).collect();
    assert_eq!(told, once, "each attack is told once");
    assert_eq!(shown(&watch_room).await?, once, "and shown once");
    assert!(noticed.log_ins > 0 && noticed.moves > 0, "{noticed:?}");

    // Who was robbed gets in again with the password; the chain of events holds.
    for person in &robbed {
        let answer = person.log_in().await?;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    service.command(&["events", "verify"])?.success()?;
    Ok(())
}

fn service(hook: &str) -> anyhow::Result<Service> {
    let folder = Folder::new()?;
    let database = folder.path().join("places.mmdb");
    let [homes, phones, abroad] = [
        BERLIN.with_network("81.0.0.0/8"),
        BERLIN.with_network("82.0.0.0/8"),
        TOKYO.with_network("190.0.0.0/8"),
    ];
    write_cities(&database, "GeoLite2-City", &[homes, phones, abroad])?;
    let configuration = format!(
        "[server]\ntrusted_proxies = [\"127.0.0.1/32\"]\n\n[geoip]\ncity_file = {database:?}\n\n\
         [oauth.google]\nclient_id = \"night\"\nclient_secret = \"night\"\n\n\
         [[alerts.webhooks]]\nname = \"night-watch\"\nurl = \"{hook}\"\nsecret = \"{}\"\n",
        receiver::SECRET,
    );
    std::fs::write(folder.path().join("archon-auth.toml"), configuration)?;
    Service::start_in(folder, &CHEAP)
}

async fn sign_in_administrator(service: &Service) -> anyhow::Result<Client> {
    let create =
        ["user", "create", "--email", ADMIN, "--name", "Night Watch", "--role", "admin", "--password-stdin"];
    service.command_reading(&create, PASSWORD)?.success()?;
    let client = service.client().from_address("80.1.1.1");
    let answer = client.post("/auth/login", &json!({"email": ADMIN, "password": PASSWORD})).await?;
    anyhow::ensure!(answer.status == 200, "{}", answer.text);
    Ok(client.with_token(answer.text_at("/access_token")))
}

/// Waits until who stuffs an account is blocked.
async fn blocked(base: &Client) -> anyhow::Result<()> {
    let client = base.from_address(attackers::STUFFER);
    let body = json!({"email": "new@example.com", "password": PASSWORD, "name": "New"});
    for _ in 0..50 {
        let answer = client.post("/auth/register", &body).await?;
        if (answer.status, answer.code()) == (403, "ADDRESS_BLOCKED") {
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    anyhow::bail!("who stuffs an account is not blocked")
}

/// Waits until every attack has been told; how often each was.
async fn told(receiver: &Receiver) -> anyhow::Result<BTreeMap<String, usize>> {
    let told = || {
        let kinds =
            receiver.told().into_iter().filter_map(|body| Some(body["data"]["type"].as_str()?.to_owned()));
        count(kinds)
    };
    let all = until("every attack is told", || Ok(Some(told()).filter(|told| told.len() >= ATTACKS.len())));
    all.with_context(|| format!("told so far: {:?}", told()))
}

/// How often each attack is shown to the administrator.
async fn shown(watch_room: &Client) -> anyhow::Result<BTreeMap<String, usize>> {
    let answer = watch_room.get("/auth/admin/alerts?limit=200").await?;
    anyhow::ensure!(answer.status == 200, "{}", answer.text);
    let alerts = answer.json["alerts"].as_array().cloned().unwrap_or_default();
    Ok(count(alerts.iter().filter_map(|alert| Some(alert["type"].as_str()?.to_owned()))))
}

fn count(words: impl Iterator<Item = String>) -> BTreeMap<String, usize> {
    words.fold(BTreeMap::new(), |mut counts, word| {
        *counts.entry(word).or_default() += 1;
        counts
    })
}
