//! Impossible travel, by a database of where addresses are.

use std::fs;

use archon_testkit::Client;
use serde_json::{Value, json};

use crate::support::geoip::{BERLIN, TOKYO, write_cities};
use crate::support::{Account, CHEAP, Folder, PASSWORD, Service, archon_auth};

const CITIES: [&str; 4] =
    ["--set", "geoip.city_file=cities.mmdb", "--set", "server.trusted_proxies=127.0.0.1"];

#[test]
fn a_database_that_cannot_be_used_stops_the_start() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    for (name, text, reason) in [
        ("missing.mmdb", None, "it cannot be read"),
        ("cities.tar.gz", Some("no database"), "unpack it if it is an archive"),
    ] {
        if let Some(text) = text {
            fs::write(folder.path().join(name), text)?;
        }
        let setting = format!("geoip.city_file={name}");
        let run =
            archon_auth(&folder, &["--port", "0", "--set", "metrics.port=0", "--set", &setting], &[], "")?;
        assert_eq!(run.status, Some(1), "{run:?}");
        for words in ["the section geoip of the configuration", name, reason] {
            assert!(run.stderr.contains(words), "{words:?} is missing in: {}", run.stderr);
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_used_on_another_continent_ends_its_session() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let cities = folder.path().join("cities.mmdb");
    write_cities(&cities, "GeoLite2-City", &[BERLIN, TOKYO])?;
    let service = Service::start_in(folder.clone(), &[&CHEAP[..], &CITIES].concat())?;
    let (berlin, tokyo) =
        (service.client().from_address(BERLIN.address), service.client().from_address(TOKYO.address));
    let account = Account::register(&berlin, "ada@example.com").await?;
    assert_eq!(account.me(&berlin).await?.status, 200);
    let stolen = account.me(&tokyo).await?;
    assert_eq!((stolen.status, stolen.code()), (401, "TOKEN_REVOKED"), "{}", stolen.text);
    assert_eq!(account.me(&berlin).await?.status, 401);
    assert_eq!(account.refresh(&berlin).await?.code(), "TOKEN_INVALID");

    // A file that is broken on its way leaves what is in use.
    fs::write(&cities, "half a file")?;
    service.process().signal("HUP")?;
    service.process().line("that it cannot use the file", |line| {
        line.contains("the GeoIP databases in use stay as they are").then_some(())
    })?;
    let refresh = again(&account, &berlin).await?;
    let stolen = tokyo.post("/auth/refresh", &json!({"refresh_token": refresh})).await?;
    assert_eq!((stolen.status, stolen.code()), (401, "TOKEN_INVALID"), "{}", stolen.text);

    // Another one takes its place, by which nobody knows where Tokyo is.
    write_cities(&cities, "DBIP-City-Lite", &[BERLIN])?;
    service.process().signal("HUP")?;
    service.process().line("that it has read the file", |line| {
        (line.contains("read a GeoIP database") && line.contains("DBIP-City-Lite")).then_some(())
    })?;
    let refresh = again(&account, &berlin).await?;
    assert_eq!(tokyo.post("/auth/refresh", &json!({"refresh_token": refresh})).await?.status, 200);

    let ended = events(&service, "session_terminated")?;
    assert_eq!(ended.len(), 2, "{ended:?}");
    for event in ended {
        assert_eq!((&event["severity"], &event["user_id"]), (&json!("critical"), &json!(account.id)));
        let details = &event["details"];
        let told = ["reason", "original_ip", "new_ip", "user_id"].map(|name| details[name].as_str());
        assert_eq!(
            told,
            [Some("impossible_travel"), Some(BERLIN.address), Some(TOKYO.address), Some(&*account.id)]
        );
    }
    Ok(())
}

/// Logs in once more; the refresh token.
async fn again(account: &Account, client: &Client) -> anyhow::Result<String> {
    let answer = account.log_in(client, PASSWORD).await?;
    anyhow::ensure!(answer.status == 200, "not logged in: {}", answer.text);
    Ok(answer.text_at("/refresh_token").to_owned())
}

/// The events of a type, as the command shows them.
fn events(service: &Service, kind: &str) -> anyhow::Result<Vec<Value>> {
    let printed = service.command(&["events", "tail", "--type", kind, "--json"])?.success()?;
    printed.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}
