//! What happens when Redis forgets, is restarted, is silent, is full, or holds what does not belong there.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod fixture;

use std::error::Error as _;
use std::time::{Duration, Instant};

use archon_contract::attempts::{account, known, rule};
use archon_contract::rate_limiter::per_minute;
use archon_contract::samples::{Samples, after, start};
use archon_domain::ports::{LoginAttempts, Noticeboard, OauthStates, Probe, RateLimiter, SessionCache};
use archon_domain::{
    Bucket, CacheAnswer, CachedProfile, CachedSession, Charge, Notice, OauthFlow, OauthPurpose, Passage,
    ProfileVersion, RateKey, Session, Span, StoreError, StoreErrorKind, TokenPurpose, User,
};
use archon_store_redis::{RedisOptions, RedisStore};

use fixture::{Cluster, Place, Server, connected, run};

/// Everything that the store can do, on one session.
struct Drill {
    samples: Samples,
    session: Session,
    passage: Passage,
}

impl Drill {
    fn new() -> Self {
        let samples = Samples::default();
        let session = samples.session(samples.user_id(), start());
        let mut passage = samples.passage(&session);
        let quota = per_minute(1000);
        passage.charge = Some(Charge { bucket: Bucket::Default, key: RateKey::User(session.user), quota });
        Self { samples, session, passage }
    }

    async fn put(&self, store: &RedisStore) -> Result<(), StoreError> {
        let lease = self.samples.lease();
        store.lease(&self.session.id, &lease).await?;
        let entry = CachedSession { session: self.session.clone(), revoked: Vec::new() };
        store.settle(&self.session.id, &lease, Some(&entry), start()).await
    }

    async fn put_profile(&self, store: &RedisStore) -> Result<(), StoreError> {
        let (lease, asking) = (self.samples.lease(), self.asking());
        store.pass(&asking, &lease, after(1)).await?;
        let user = User { id: self.session.user, ..self.samples.user("ada@example.com") };
        let entry = CachedProfile { profile: user.into(), expires_at: after(900) };
        store.settle_profile(self.session.user, &lease, Some(&entry), after(1)).await
    }

    /// The passage of somebody who asks for the profile.
    fn asking(&self) -> Passage {
        Passage { profile: true, ..self.samples.passage(&self.session) }
    }

    async fn is_live(&self, store: &RedisStore) -> Result<bool, StoreError> {
        let answer = store.pass(&self.passage, &self.samples.lease(), after(1)).await?;
        Ok(matches!(answer, CacheAnswer::Live { .. }))
    }

    async fn count(&self, store: &RedisStore) -> Result<(), StoreError> {
        for counter in [account("ada"), known("ada", "192.0.2.1")] {
            LoginAttempts::begin(store, &counter, &rule(), start() - Span::days(1), after(1)).await?;
            store.fail(&counter, &rule(), after(1)).await?;
            store.withdraw(&counter, after(1)).await?;
            store.succeed(&counter, after(1)).await?;
        }
        store.clear(account("ada").email()).await
    }

    async fn log_in_elsewhere(&self, store: &RedisStore) -> Result<(), StoreError> {
        let state = self.samples.one_time_token();
        let flow = OauthFlow {
            provider: "google".to_owned(),
            redirect_uri: String::new(),
            pkce_verifier: String::new(),
            nonce: None,
            purpose: OauthPurpose::LogIn,
            expires_at: after(600),
        };
        OauthStates::begin(store, &state, flow, start()).await?;
        OauthStates::consume(store, &state, after(1)).await.map(drop)
    }

    async fn post(&self, store: &RedisStore) -> Result<(), StoreError> {
        let token = self.samples.one_time_token();
        let issued = self.samples.token(self.session.user, TokenPurpose::VerifyEmail);
        let mail = self.samples.mail(&self.samples.user("ada@example.com"), start()).mail.id;
        let notices = vec![
            Notice::TokenIssued { token, issued },
            Notice::SessionTerminated {
                session: self.session.id.clone(),
                user: self.session.user,
                reason: archon_domain::TerminationReason::Logout,
                original_address: None,
                new_address: None,
                at: start(),
            },
            Notice::Mails { pending: vec![mail], failed: vec![mail] },
        ];
        store.post(notices, start()).await
    }

    /// Calls everything; the first error.
    async fn all(&self, store: &RedisStore) -> Result<(), StoreError> {
        self.put(store).await?;
        self.is_live(store).await?;
        self.put_profile(store).await?;
        let current = ProfileVersion { user: self.session.user, updated_at: after(2), last_login_at: None };
        store.forget_outdated(&[current]).await?;
        store.forget_profiles(&[self.session.user]).await?;
        let touch = self.session.touched(after(2), &archon_contract::samples::policy());
        store.touch(&[touch]).await?;
        store.blacklist(&self.passage.token, "listed", start()).await?;
        store.blacklisted(&self.passage.token).await?;
        store.forget(std::slice::from_ref(&self.session.id)).await?;
        let key = RateKey::User(self.session.user);
        store.take(Bucket::Login, &key, per_minute(5), after(1)).await?;
        store.peek(Bucket::Login, &key, per_minute(5), after(1)).await?;
        self.count(store).await?;
        self.log_in_elsewhere(store).await?;
        self.post(store).await
    }
}

fn kind(result: Result<impl Sized, StoreError>) -> Option<StoreErrorKind> {
    result.err().map(|error| error.kind())
}

const AWAY: Option<StoreErrorKind> = Some(StoreErrorKind::Unavailable);

/// The cause of an error, which says what to do.
fn cause(result: Result<impl Sized, StoreError>) -> String {
    result.err().unwrap().source().unwrap().to_string()
}

#[tokio::test]
async fn a_store_is_unavailable_until_it_is_probed_at_first() {
    let place = Place::single();
    let (store, drill) = (RedisStore::open(&place.options).unwrap(), Drill::new());
    assert_eq!(kind(drill.is_live(&store).await), AWAY);
    assert!(!store.is_connected());
    store.probe().await.unwrap();
    assert!(store.is_connected());
    drill.all(&store).await.unwrap();
}

#[tokio::test]
async fn emptying_redis_between_any_two_calls_is_no_error_and_opens_nothing() {
    let server = Server::start("");
    let (place, drill) = (Place::on(&server.url()), Drill::new());
    let store = place.store().await;
    let lease = drill.samples.lease();
    let entry = CachedSession { session: drill.session.clone(), revoked: Vec::new() };
    for step in 0..7 {
        let calls = async |now: usize| {
            if now == step {
                place.run::<()>(&["FLUSHALL"]).await;
            }
        };
        calls(0).await;
        store.lease(&drill.session.id, &lease).await.unwrap();
        calls(1).await;
        store.settle(&drill.session.id, &lease, Some(&entry), start()).await.unwrap();
        calls(2).await;
        assert_eq!(drill.is_live(&store).await.unwrap(), step != 1 && step != 2);
        calls(3).await;
        drill.count(&store).await.unwrap();
        calls(4).await;
        store.forget(std::slice::from_ref(&drill.session.id)).await.unwrap();
        calls(5).await;
        assert!(!drill.is_live(&store).await.unwrap());
        calls(6).await;
        drill.all(&store).await.unwrap();
        place.run::<()>(&["FLUSHALL"]).await;
    }
}

#[tokio::test]
async fn scripts_that_were_flushed_are_loaded_again() {
    let server = Server::start("");
    let (place, drill) = (Place::on(&server.url()), Drill::new());
    let store = place.store().await;
    drill.put(&store).await.unwrap();
    for _ in 0..3 {
        place.run::<()>(&["SCRIPT", "FLUSH"]).await;
        assert!(drill.is_live(&store).await.unwrap());
        place.run::<()>(&["SCRIPT", "FLUSH"]).await;
        drill.post(&store).await.unwrap();
    }
    drill.all(&store).await.unwrap();
}

#[tokio::test]
async fn what_does_not_belong_there_is_overwritten() {
    let server = Server::start("");
    let (place, drill) = (Place::on(&server.url()), Drill::new());
    let store = place.store().await;
    drill.put(&store).await.unwrap();
    drill.is_live(&store).await.unwrap();
    drill.put_profile(&store).await.unwrap();
    drill.post(&store).await.unwrap();
    LoginAttempts::begin(&store, &account("ada"), &rule(), start() - Span::days(1), after(1)).await.unwrap();
    store.fail(&account("ada"), &rule(), after(1)).await.unwrap();
    let keys = place.keys().await;
    assert_eq!(keys.len(), 10, "{keys:?}");
    for wrong in [&["HSET", "", "field", "value"][..], &["SET", "", "text"], &["SET", "", "\u{1}=,:{"]] {
        for key in &keys {
            place.on_key::<()>(&["DEL", key]).await;
            let mut line = wrong.to_vec();
            line[1] = key;
            place.on_key::<()>(&line).await;
        }
        drill.all(&store).await.unwrap();
        drill.put(&store).await.unwrap();
        store.forget(&[]).await.unwrap();
        drill.put_profile(&store).await.unwrap();
        let answer = store.pass(&drill.asking(), &drill.samples.lease(), after(1)).await.unwrap();
        assert!(matches!(answer, CacheAnswer::Live { profile: Some(_), .. }), "{answer:?}");
    }
    let session = format!("session:{}", drill.session.id);
    for field in ["user_agent", "refresh", "expires_at_micros", "ip_address", "revoked"] {
        drill.put(&store).await.unwrap();
        place.on_key::<()>(&["HSET", &session, field, "\u{0}nonsense"]).await;
        place.on_key::<()>(&["HDEL", &session, "created_at"]).await;
        let (passage, lease) = (drill.samples.passage(&drill.session), drill.samples.lease());
        let answer = store.pass(&passage, &lease, after(1)).await.unwrap();
        assert_eq!(answer, CacheAnswer::Unsure { blacklisted: None });
        let entry = CachedSession { session: drill.session.clone(), revoked: Vec::new() };
        store.settle(&drill.session.id, &lease, Some(&entry), start()).await.unwrap();
        let answer = store.pass(&passage, &drill.samples.lease(), after(1)).await.unwrap();
        assert!(matches!(answer, CacheAnswer::Live { .. }), "{field}: the lease was given");
    }
}

#[tokio::test]
async fn after_a_restart_nothing_is_asked_until_a_probe() {
    let mut server = Server::start("");
    let (place, drill) = (Place::on(&server.url()), Drill::new());
    let store = place.store().await;
    drill.put(&store).await.unwrap();
    server.stop();
    assert_eq!(kind(drill.is_live(&store).await), AWAY);
    assert_eq!(kind(store.probe().await), AWAY);
    assert!(server.start_again());
    for _ in 0..3 {
        assert_eq!(kind(drill.is_live(&store).await), AWAY, "the server is back, but nobody has probed");
    }
    assert!(cause(drill.is_live(&store).await).contains("only a probe connects again"));
    store.probe().await.unwrap();
    assert!(!drill.is_live(&store).await.unwrap());
    drill.all(&store).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_was_cut_is_not_made_again_silently() {
    let server = Server::start("");
    let (place, drill) = (Place::on(&server.url()), Drill::new());
    let store = place.store().await;
    drill.put(&store).await.unwrap();
    place.run::<()>(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).await;
    assert_eq!(kind(drill.is_live(&store).await), AWAY);
    assert_eq!(kind(drill.is_live(&store).await), AWAY);
    store.probe().await.unwrap();
    assert!(drill.is_live(&store).await.unwrap(), "the server has forgotten nothing");

    place.run::<()>(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]).await;
    assert_eq!(kind(store.probe().await), AWAY, "a probe that finds the connection cut says so first");
    store.probe().await.unwrap();
}

#[tokio::test]
async fn a_silent_server_costs_no_more_than_the_time_limit() {
    let server = Server::start("");
    let (mut place, drill) = (Place::on(&server.url()), Drill::new());
    place.options.response_timeout = Duration::from_millis(300);
    place.options.connect_timeout = Duration::from_millis(300);
    let store = place.store().await;
    drill.put(&store).await.unwrap();
    server.freeze(true);
    let begun = Instant::now();
    assert_eq!(kind(drill.is_live(&store).await), AWAY);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    let first = begun.elapsed();
    for _ in 0..100 {
        assert_eq!(kind(drill.is_live(&store).await), AWAY);
    }
    assert!(begun.elapsed() - first < Duration::from_millis(300), "only the first has waited");
    let begun = Instant::now();
    assert_eq!(kind(store.probe().await), AWAY);
    assert!(begun.elapsed() < Duration::from_secs(5), "connecting has a limit, too: {:?}", begun.elapsed());
    server.freeze(false);
    let store = connected(&place.options).await;
    assert!(drill.is_live(&store).await.unwrap());
}

#[tokio::test]
async fn a_probe_that_was_given_up_takes_the_connection_down() {
    let server = Server::start("");
    let (place, drill) = (Place::on(&server.url()), Drill::new());
    let store = place.store().await;
    server.freeze(true);
    tokio::time::timeout(Duration::from_millis(50), store.probe()).await.unwrap_err();
    assert_eq!(kind(drill.is_live(&store).await), AWAY);
    server.freeze(false);
    store.probe().await.unwrap();
    drill.all(&store).await.unwrap();
}

#[tokio::test]
async fn a_call_that_was_given_up_leaves_others_their_own_answers() {
    let server = Server::start("");
    let (place, drill) = (Place::on(&server.url()), Drill::new());
    let store = place.store().await;
    drill.put(&store).await.unwrap();
    server.freeze(true);
    for _ in 0..20 {
        let token = &drill.passage.token;
        tokio::time::timeout(Duration::from_millis(2), store.blacklisted(token)).await.unwrap_err();
    }
    server.freeze(false);
    assert!(drill.is_live(&store).await.unwrap());
    assert_eq!(store.blacklisted(&drill.passage.token).await.unwrap(), None);
}

#[tokio::test]
async fn a_full_server_is_unavailable_and_says_what_to_do() {
    let server = Server::start("maxmemory-policy noeviction");
    let (place, drill) = (Place::on(&server.url()), Drill::new());
    let store = place.store().await;
    drill.put(&store).await.unwrap();
    place.run::<()>(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let refused = drill.put(&store).await;
    let (lease, unknown) = (drill.samples.lease(), drill.samples.session(drill.session.user, start()));
    assert_eq!(kind(store.lease(&drill.session.id, &lease).await), AWAY);
    assert_eq!(kind(store.pass(&drill.samples.passage(&unknown), &lease, start()).await), AWAY);
    let begun = LoginAttempts::begin(&store, &account("ada"), &rule(), start(), start()).await;
    assert_eq!(kind(begun), AWAY);
    assert!(cause(refused).contains("allkeys-lru"));
    store.forget(std::slice::from_ref(&drill.session.id)).await.unwrap();
    assert!(cause(store.probe().await).contains("Redis is full"));
    place.run::<()>(&["CONFIG", "SET", "maxmemory", "0"]).await;
    store.probe().await.unwrap();
    drill.all(&store).await.unwrap();
}

#[tokio::test]
async fn a_server_that_has_become_a_replica_is_left() {
    let (master, server) = (Server::start(""), Server::start("masterauth \"correct horse\""));
    let (place, drill) = (Place::on(&server.url()), Drill::new());
    let store = place.store().await;
    drill.put(&store).await.unwrap();
    place.run::<()>(&["REPLICAOF", "127.0.0.1", &master.port.to_string()]).await;
    assert_eq!(kind(drill.put(&store).await), AWAY);
    assert!(!store.is_connected());
    assert!(cause(store.probe().await).contains("must lead to the master"));
    place.run::<()>(&["REPLICAOF", "NO", "ONE"]).await;
    store.probe().await.unwrap();
}

#[tokio::test]
async fn slots_may_move_and_a_lost_node_waits_for_a_probe() {
    let mut cluster = Cluster::start().await;
    let (place, drill) = (Place::on(&cluster.url()), Drill::new());
    let store = place.store().await;
    drill.put(&store).await.unwrap();
    let key = place.key(&format!("session:{}", drill.session.id));
    let urls: Vec<String> = cluster.nodes.iter().map(Server::url).collect();
    let slot: u16 = run(&urls[0], &["CLUSTER", "KEYSLOT", &key]).await;
    let (slot, from) = (slot.to_string(), usize::from(slot) * 3 / 16384);
    let to = (from + 1) % 3;
    let mut ids: Vec<String> = Vec::new();
    for url in &urls {
        ids.push(run(url, &["CLUSTER", "MYID"]).await);
    }
    store.forget(std::slice::from_ref(&drill.session.id)).await.unwrap();
    run::<()>(&urls[to], &["CLUSTER", "SETSLOT", &slot, "IMPORTING", &ids[from]]).await;
    run::<()>(&urls[from], &["CLUSTER", "SETSLOT", &slot, "MIGRATING", &ids[to]]).await;
    drill.put(&store).await.unwrap();
    assert!(drill.is_live(&store).await.unwrap(), "the slot is on its way");
    for url in [&urls[to], &urls[from]] {
        run::<()>(url, &["CLUSTER", "SETSLOT", &slot, "NODE", &ids[to]]).await;
    }
    assert!(drill.is_live(&store).await.unwrap(), "the slot has moved");
    assert!(store.is_connected());

    cluster.nodes[to].stop();
    assert_eq!(kind(drill.is_live(&store).await), AWAY);
    assert!(!store.is_connected());
    assert_eq!(kind(store.probe().await), AWAY);
    assert!(cluster.nodes[to].start_again());
    let store = connected(&place.options).await;
    drill.all(&store).await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let store = RedisStore::open(&RedisOptions::new("redis://127.0.0.1:1")).unwrap();
    assert_eq!(kind(store.probe().await), AWAY);
    assert!(
        cause(store.lease(&Drill::new().session.id, &Samples::default().lease()).await).contains("refused")
    );
}
