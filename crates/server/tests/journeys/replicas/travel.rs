//! A session that cannot have come so far ends on every replica, and operators see why.

use serde_json::Value;

use super::Installation;
use crate::support::geoip::{BERLIN, City, TOKYO, write_cities};
use crate::support::{Account, Folder, token_claims, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_used_on_another_continent_ends_everywhere() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let cities = folder.path().join("cities.mmdb");
    write_cities(&cities, "GeoLite2-City", &[BERLIN, TOKYO])?;
    let cities = format!("geoip.city_file={}", cities.display());
    let settings = ["--set", &cities, "--set", "server.trusted_proxies=127.0.0.1"];
    let installation = Installation::start(&settings).await?;
    let replica = |number: usize, city: City| installation.replica(number).from_address(city.address);
    let account = Account::register(&replica(0, BERLIN), "ada@example.com").await?;
    for number in 0..3 {
        assert_eq!(account.me(&replica(number, BERLIN)).await?.status, 200);
    }
    assert_eq!(account.me(&replica(2, TOKYO)).await?.code(), "TOKEN_REVOKED");
    for number in 0..3 {
        assert_eq!(account.me(&replica(number, BERLIN)).await?.code(), "TOKEN_REVOKED", "replica {number}");
    }
    assert_eq!(account.refresh(&replica(1, BERLIN)).await?.status, 401);

    let listed = || {
        let newest = installation.redis.command(&["LINDEX", "session_terminations", "0"])?;
        Ok(serde_json::from_str::<Value>(&newest).ok())
    };
    let newest = until("the end is listed", listed)?;
    let told = ["reason", "original_ip", "new_ip", "user_id"].map(|name| newest[name].as_str());
    assert_eq!(
        told,
        [Some("impossible_travel"), Some(BERLIN.address), Some(TOKYO.address), Some(&*account.id)]
    );
    assert_eq!(newest["session_id"], token_claims(&account.access)?["session_id"]);
    Ok(())
}
