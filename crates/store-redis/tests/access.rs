//! The ways to Redis: users, passwords, TLS, sockets, databases, clusters; and how often it is asked.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod fixture;

use std::collections::BTreeMap;
use std::error::Error as _;

use archon_contract::rate_limiter::per_minute;
use archon_contract::samples::{Samples, after, start};
use archon_domain::ports::{Probe, SessionCache};
use archon_domain::{
    Bucket, CacheAnswer, CachedProfile, CachedSession, Charge, Passage, RateKey, StoreErrorKind,
};
use archon_store_redis::{OpenError, RedisOptions, RedisStore};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use fixture::{Place, Server, connected};

/// Puts a session in and finds it live so many times.
async fn use_store(store: &RedisStore, passages: usize) {
    let samples = Samples::default();
    let session = samples.session(samples.user_id(), start());
    let lease = samples.lease();
    store.lease(&session.id, &lease).await.unwrap();
    let entry = CachedSession { session: session.clone(), revoked: Vec::new() };
    store.settle(&session.id, &lease, Some(&entry), start()).await.unwrap();
    for _ in 0..passages {
        let mut passage = samples.passage(&session);
        let key = RateKey::User(session.user);
        passage.charge = Some(Charge { bucket: Bucket::Default, key, quota: per_minute(2000) });
        let answer = store.pass(&passage, &samples.lease(), after(1)).await.unwrap();
        assert!(matches!(answer, CacheAnswer::Live { .. }));
    }
}

/// The kind and the cause of a probe's error.
async fn refusal(options: &RedisOptions) -> (StoreErrorKind, String) {
    let error = RedisStore::open(options).unwrap().probe().await.unwrap_err();
    (error.kind(), error.source().unwrap().to_string())
}

/// How often each command was run, those in scripts included.
async fn calls(place: &Place) -> BTreeMap<String, u64> {
    let info: String = place.run(&["INFO", "commandstats"]).await;
    let lines = info.lines().filter_map(|line| line.strip_prefix("cmdstat_")?.split_once(":calls="));
    lines.map(|(name, rest)| (name.to_owned(), rest.split(',').next().unwrap().parse().unwrap())).collect()
}

#[tokio::test]
async fn a_passage_is_one_round_trip() {
    let server = Server::start("");
    let place = Place::on(&server.url());
    let store = place.store().await;
    use_store(&store, 0).await;
    place.run::<()>(&["CONFIG", "RESETSTAT"]).await;
    use_store(&store, 1000).await;
    let mut calls = calls(&place).await;
    // Of the test itself.
    for own in ["info", "config|resetstat", "config", "auth", "client|setinfo", "client", "select"] {
        calls.remove(own);
    }
    assert_eq!(calls["evalsha"], 1003, "a lease, a settling and its index, and the passages: {calls:?}");
    let within: Vec<&str> = calls.keys().map(String::as_str).collect();
    assert_eq!(
        within,
        ["del", "evalsha", "get", "hdel", "hget", "hmget", "hset", "pexpire", "pttl", "sadd", "set"]
    );
    assert_eq!((calls["hmget"], calls["get"], calls["set"]), (1000, 2000, 1001));
}

#[tokio::test]
async fn a_passage_with_a_profile_is_one_round_trip_as_well() {
    let server = Server::start("");
    let place = Place::on(&server.url());
    let (store, samples) = (place.store().await, Samples::default());
    use_store(&store, 0).await;
    let user = samples.user("ada@example.com");
    let session = samples.session(user.id, start());
    let lease = samples.lease();
    store.lease(&session.id, &lease).await.unwrap();
    let entry = CachedSession { session: session.clone(), revoked: Vec::new() };
    store.settle(&session.id, &lease, Some(&entry), start()).await.unwrap();
    let asking = Passage { profile: true, ..samples.passage(&session) };
    store.pass(&asking, &lease, start()).await.unwrap();
    let entry = CachedProfile { profile: user.into(), expires_at: after(900) };
    store.settle_profile(session.user, &lease, Some(&entry), start()).await.unwrap();
    place.run::<()>(&["CONFIG", "RESETSTAT"]).await;
    for _ in 0..100 {
        let answer = store.pass(&asking, &samples.lease(), after(1)).await.unwrap();
        assert!(matches!(answer, CacheAnswer::Live { profile: Some(_), .. }), "{answer:?}");
    }
    let calls = calls(&place).await;
    assert_eq!((calls["evalsha"], calls["hmget"], calls["get"]), (100, 200, 100), "{calls:?}");
    assert!(!calls.contains_key("set"), "nothing is written: {calls:?}");
}

#[tokio::test]
async fn a_user_needs_no_more_than_is_documented() {
    let server = Server::start("");
    let admin = Place::on(&server.url());
    let mut place = Place::on(&server.url_of("archon", "secret"));
    admin
        .run::<()>(&[
            "ACL",
            "SETUSER",
            "archon",
            "on",
            ">secret",
            "resetkeys",
            &format!("~{}*", place.options.key_prefix),
            "+@read",
            "+@write",
            "+@scripting",
            "+@connection",
            "-@dangerous",
            "+info",
            "+cluster|slots",
            "+cluster|info",
        ])
        .await;
    let store = place.store().await;
    use_store(&store, 3).await;
    store.facts().await.unwrap();

    place.options.url = server.url_of("archon", "wrong");
    let (kind, cause) = refusal(&place.options).await;
    assert!(kind == StoreErrorKind::Internal && cause.contains("check the user and password"), "{cause}");
    place.options.url = format!("redis://127.0.0.1:{}", server.port);
    let (kind, cause) = refusal(&place.options).await;
    assert!(kind == StoreErrorKind::Internal && cause.contains("redis://user:password@"), "{cause}");
    admin.run::<()>(&["ACL", "SETUSER", "archon", "-info"]).await;
    place.options.url = server.url_of("archon", "secret");
    let (kind, cause) = refusal(&place.options).await;
    assert!(kind == StoreErrorKind::Internal && cause.contains("ACL SETUSER"), "{cause}");
}

#[tokio::test]
async fn sockets_and_databases_are_where_the_url_says() {
    let server = Server::start("");
    let place = Place::on(&server.socket_url());
    use_store(&connected(&place.options).await, 1).await;
    let mut options = RedisOptions::new(server.url().replace("/0", "/7"));
    options.key_prefix = "seventh:".to_owned();
    use_store(&connected(&options).await, 1).await;
    let admin = Place::on(&server.url());
    let keyspace: String = admin.run(&["INFO", "keyspace"]).await;
    assert!(keyspace.contains("db0:") && keyspace.contains("db7:"), "{keyspace}");
}

#[tokio::test]
async fn tls_is_verified_against_the_file_or_the_platform() {
    let folder = tempfile::tempdir().unwrap();
    let (authority, stranger) = (folder.path().join("ca.pem"), folder.path().join("stranger.pem"));
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    std::fs::write(&authority, parameters.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(&stranger, parameters.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()).unwrap();
    let issuer = Issuer::new(parameters, key);
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    std::fs::write(folder.path().join("server.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.path().join("server.key"), key.serialize_pem()).unwrap();
    let tls_port = 32_000 + u16::try_from(std::process::id() % 700).unwrap();
    let server = Server::start(&format!(
        "tls-port {tls_port}\ntls-cert-file {folder}/server.pem\ntls-key-file {folder}/server.key\n\
         tls-ca-cert-file {folder}/ca.pem\ntls-auth-clients no",
        folder = folder.path().display()
    ));
    let plain = server.url();
    let url = plain.replace("redis://", "rediss://").replace(&server.port.to_string(), &tls_port.to_string());
    let url = url.replace("127.0.0.1", "localhost");
    let mut place = Place::on(&plain);
    place.options.url.clone_from(&url);
    place.options.ca_file = Some(authority);
    use_store(&connected(&place.options).await, 3).await;

    place.options.ca_file = Some(stranger);
    let (kind, cause) = refusal(&place.options).await;
    assert!(kind == StoreErrorKind::Unavailable && cause.contains("certificate"), "{cause}");
    place.options.ca_file = None;
    let (_, cause) = refusal(&place.options).await;
    assert!(cause.contains("certificate"), "the platform does not know the authority: {cause}");
    place.options.ca_file = Some(folder.path().join("server.key"));
    assert!(matches!(RedisStore::open(&place.options), Err(OpenError::Certificates { .. })));
    place.options.url = plain;
}

#[tokio::test]
async fn a_cluster_is_recognised_by_itself_and_asked_for_only_where_there_is_one() {
    let place = Place::cluster();
    let first = place.options.url.split(',').next().unwrap().replace("redis-cluster://", "redis://");
    let mut options = place.options.clone();
    options.url = first;
    let store = connected(&options).await;
    let facts = store.facts().await.unwrap();
    assert!(facts.len() == 3 && facts.iter().all(|node| node.cluster && node.role == "master"), "{facts:?}");
    use_store(&store, 3).await;

    let server = Server::start("");
    for url in [
        server.url().replace("redis://", "redis-cluster://"),
        server.url().replace("@", &format!("@127.0.0.1:{},", server.port)),
    ] {
        let (kind, cause) = refusal(&RedisOptions::new(url)).await;
        assert!(kind == StoreErrorKind::Unavailable && cause.contains("not in cluster mode"), "{cause}");
    }
}

#[test]
fn nothing_shows_the_password() {
    let options = RedisOptions::new("redis://archon:hunter2@localhost");
    let store = RedisStore::open(&options).unwrap();
    assert!(!format!("{store:?} {options:?}").contains("hunter2"));
    let prefix = RedisOptions { key_prefix: "auth}".to_owned(), ..options };
    assert!(RedisStore::open(&prefix).unwrap_err().to_string().contains("hash tag"));
}
