//! What operators see and do with redis-cli.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod fixture;

use std::collections::BTreeMap;

use archon_contract::attempts::{account, known, rule};
use archon_contract::rate_limiter::per_minute;
use archon_contract::samples::{Samples, after, email_key, ip, start, tick};
use archon_domain::ports::{LoginAttempts, Noticeboard, OauthStates, SessionCache};
use archon_domain::{
    AttemptAdmission, AttemptCounter, BlockedAddress, Bucket, CacheAnswer, CachedProfile, CachedSession,
    Charge, Instant, MailId, Notice, OauthFlow, OauthPurpose, OneTimeToken, Passage, RateKey, Session, Span,
    TerminationReason, TokenPurpose, User,
};
use archon_store_redis::RedisStore;

use fixture::Place;

const HOME: &str = "2001:db8:1:2::1";

async fn begin(store: &RedisStore, counter: &AttemptCounter, now: Instant) -> AttemptAdmission {
    LoginAttempts::begin(store, counter, &rule(), start() - Span::days(1), now).await.unwrap()
}

async fn fail(store: &RedisStore, counter: &AttemptCounter, times: u32, now: Instant) {
    for _ in 0..times {
        assert_eq!(begin(store, counter, now).await, AttemptAdmission::Admitted);
        store.fail(counter, &rule(), now).await.unwrap();
    }
}

/// Puts the profile of the session's user in; it lives a quarter of an hour.
async fn put_profile(store: &RedisStore, samples: &Samples, session: &Session) -> CachedProfile {
    let (lease, passage) = (samples.lease(), Passage { profile: true, ..samples.passage(session) });
    let asked = store.pass(&passage, &lease, start()).await.unwrap();
    assert!(matches!(asked, CacheAnswer::Live { profile: None, .. }), "{asked:?}");
    let user = User { id: session.user, ..samples.user("Ada@example.com") };
    let entry = CachedProfile { profile: user.into(), expires_at: after(900) };
    store.settle_profile(session.user, &lease, Some(&entry), start()).await.unwrap();
    entry
}

async fn put(store: &RedisStore, samples: &Samples, session: &Session) {
    let lease = samples.lease();
    store.lease(&session.id, &lease).await.unwrap();
    let entry = CachedSession { session: session.clone(), revoked: vec![samples.token_id()] };
    store.settle(&session.id, &lease, Some(&entry), start()).await.unwrap();
}

fn charged(samples: &Samples, session: &Session) -> Passage {
    let mut passage = samples.passage(session);
    let quota = per_minute(5);
    passage.charge = Some(Charge { bucket: Bucket::Default, key: RateKey::User(session.user), quota });
    passage
}

fn issued(samples: &Samples, token: &OneTimeToken, purpose: TokenPurpose) -> Notice {
    let issued = samples.token(samples.user_id(), purpose);
    Notice::TokenIssued { token: token.clone(), issued }
}

fn mails(samples: &Samples, count: usize) -> Vec<MailId> {
    let user = samples.user("ada@example.com");
    (0..count).map(|_| samples.mail(&user, start()).mail.id).collect()
}

#[tokio::test]
async fn every_key_is_of_the_promised_type_and_expires_when_promised() {
    let (place, samples) = (Place::single(), Samples::default());
    let store = place.store().await;
    let session = samples.session(samples.user_id(), start());
    put(&store, &samples, &session).await;
    store.pass(&charged(&samples, &session), &samples.lease(), start()).await.unwrap();
    put_profile(&store, &samples, &session).await;
    fail(&store, &account("ada"), 5, start()).await;
    let listed = samples.token_ref(after(900));
    store.blacklist(&listed, "by hand", start()).await.unwrap();
    let state = samples.one_time_token();
    let flow = OauthFlow {
        provider: "google".to_owned(),
        redirect_uri: "https://app.example.com/".to_owned(),
        pkce_verifier: "verifier".to_owned(),
        nonce: Some("nonce".to_owned()),
        purpose: OauthPurpose::Link(session.user),
        expires_at: after(600),
    };
    OauthStates::begin(&store, &state, flow, start()).await.unwrap();
    let token = samples.one_time_token();
    let notice = |purpose| issued(&samples, &token, purpose);
    store
        .post(vec![notice(TokenPurpose::ResetPassword), notice(TokenPurpose::VerifyEmail)], start())
        .await
        .unwrap();

    let lasting = (session.expires_at - start()).num_seconds();
    for (key, kind, expiry) in [
        (format!("session:{}", session.id), "hash", lasting),
        (format!("user:{}", session.user), "hash", 900),
        (
            format!("user_sessions:{}", session.user),
            "set",
            (session.absolute_expires_at - start()).num_seconds(),
        ),
        ("failed_login:ada@example.com".to_owned(), "string", 1800),
        (format!("blacklist:{}", listed.id), "string", 900),
        (format!("oauth:state:{}", state.expose()), "string", 600),
        (format!("password_reset:{}", token.expose()), "string", 3600),
        (format!("email_verify:{}", token.expose()), "string", 3600),
        (format!("rate_limit:default:{}", session.user), "string", 60),
    ] {
        assert_eq!(place.on_key::<String>(&["TYPE", &key]).await, kind, "{key}");
        let left: i64 = place.on_key(&["TTL", &key]).await;
        assert!((expiry - 60..=expiry).contains(&left), "{key} expires in {left} s, not {expiry}");
    }
    assert_eq!(place.keys().await.len(), 10, "these and the log of the failures");
    let flow: String = place.on_key(&["GET", &format!("oauth:state:{}", state.expose())]).await;
    let link_to = format!("\"link_to\":\"{}\"", session.user);
    for field in
        ["\"provider\":\"google\"", "\"redirect_uri\"", "\"pkce_verifier\"", "\"nonce\":\"nonce\"", &link_to]
    {
        assert!(flow.contains(field), "{flow}");
    }
}

#[tokio::test]
async fn a_session_is_readable_and_exact_to_the_microsecond() {
    let (place, samples) = (Place::single(), Samples::default());
    let store = place.store().await;
    let session = samples.session(samples.user_id(), start() + tick());
    put(&store, &samples, &session).await;
    let key = format!("session:{}", session.id);
    let hash: BTreeMap<String, String> = place.on_key(&["HGETALL", &key]).await;
    assert_eq!(hash["user_id"], session.user.to_string());
    assert_eq!(hash["created_at"], "2026-03-01T12:34:56.789124Z");
    assert_eq!(
        (&hash["ip_address"], &hash["device"]),
        (&session.address.to_string(), &session.user_agent.device())
    );
    assert_eq!(hash["trace"], session.trace.to_json());
    let ids: Vec<String> = place.on_key(&["SMEMBERS", &format!("user_sessions:{}", session.user)]).await;
    assert_eq!(ids, [session.id.as_str()]);

    store.lease(&session.id, &samples.lease()).await.unwrap();
    let fields: Vec<String> = place.on_key(&["HKEYS", &key]).await;
    assert_eq!(fields, ["lease"]);
    put(&store, &samples, &session).await;
    store.forget(std::slice::from_ref(&session.id)).await.unwrap();
    assert!(place.keys().await.is_empty(), "the user's set is empty, too");
}

#[tokio::test]
async fn a_copy_whose_trace_is_missing_or_changed_is_as_good_as_none() {
    let (place, samples) = (Place::single(), Samples::default());
    let store = place.store().await;
    let session = samples.session(samples.user_id(), start());
    let (key, charged) = (format!("session:{}", session.id), charged(&samples, &session));
    // Versions that knew no traces have put the first in.
    for (spoil, remaining) in [(&["HDEL", &*key, "trace"][..], 4), (&["HSET", &*key, "trace", "{}"], 2)] {
        put(&store, &samples, &session).await;
        place.on_key::<()>(spoil).await;
        let lease = samples.lease();
        let answer = store.pass(&charged, &lease, after(1)).await.unwrap();
        assert_eq!(answer, CacheAnswer::Unsure { blacklisted: None });
        let entry = CachedSession { session: session.clone(), revoked: Vec::new() };
        store.settle(&session.id, &lease, Some(&entry), after(1)).await.unwrap();
        let answer = store.pass(&charged, &samples.lease(), after(1)).await.unwrap();
        let CacheAnswer::Live { session: found, decision: Some(decision), .. } = answer else {
            panic!("whoever looked it up has put it in again: {answer:?}");
        };
        assert_eq!((*found, decision.remaining), (session.clone(), remaining));
    }
}

#[tokio::test]
async fn a_profile_is_readable_and_holds_no_secret() {
    let (place, samples) = (Place::single(), Samples::default());
    let store = place.store().await;
    let session = samples.session(samples.user_id(), start());
    put(&store, &samples, &session).await;
    let profile = put_profile(&store, &samples, &session).await.profile;
    let key = format!("user:{}", session.user);
    let hash: BTreeMap<String, String> = place.on_key(&["HGETALL", &key]).await;
    assert_eq!((&*hash["email"], &*hash["name"]), ("Ada@example.com", profile.name.as_str()));
    assert_eq!((&*hash["created_at"], &*hash["last_login_at"]), ("2026-03-01T12:34:56.789123Z", ""));
    assert_eq!(hash["metadata"], serde_json::to_string(&profile.metadata).unwrap());
    assert_eq!(hash.len(), 8, "no hash of a password, no roles: {:?}", hash.keys());

    let passage = Passage { profile: true, ..samples.passage(&session) };
    for (field, value) in
        [("email", "nonsense"), ("metadata", "["), ("created_at", "now"), ("expires_at_micros", "")]
    {
        place.on_key::<()>(&["HSET", &key, field, value]).await;
        put_profile(&store, &samples, &session).await;
        let answer = store.pass(&passage, &samples.lease(), after(1)).await.unwrap();
        assert!(matches!(answer, CacheAnswer::Live { profile: Some(_), .. }), "{field}: {answer:?}");
    }
}

#[tokio::test]
async fn deleting_a_count_unlocks_every_counter_of_the_address() {
    let (place, ada, home) = (Place::single(), account("ada"), known("ada", HOME));
    let store = place.store().await;
    fail(&store, &home, 5, start()).await;
    assert_eq!(place.on_key::<String>(&["GET", "failed_login:ada@example.com"]).await, "5");
    for counter in [&ada, &home] {
        assert!(matches!(begin(&store, counter, after(1)).await, AttemptAdmission::Locked(_)));
    }
    place.on_key::<()>(&["DEL", "failed_login:ada@example.com"]).await;
    for counter in [&ada, &home] {
        assert_eq!(begin(&store, counter, after(2)).await, AttemptAdmission::Admitted);
    }
    fail(&store, &account("grace"), 3, start()).await;
    place.on_key::<()>(&["SET", "failed_login:grace@example.com", "1", "EX", "1800"]).await;
    begin(&store, &account("grace"), after(1)).await;
    let standing = store.fail(&account("grace"), &rule(), after(1)).await.unwrap();
    assert_eq!(standing.failures, 2, "a lower count is believed");
}

#[tokio::test]
async fn a_count_that_ran_out_leaves_known_networks_judged_by_their_own() {
    let (place, ada, home) = (Place::single(), account("ada"), known("ada", HOME));
    let store = place.store().await;
    fail(&store, &ada, 5, start()).await;
    // Nothing is counted on a locked account, so the network's failures outlive its lock.
    fail(&store, &home, 4, start() + rule().lock_for - tick()).await;
    place.on_key::<()>(&["DEL", "failed_login:ada@example.com"]).await;
    fail(&store, &home, 1, start() + rule().lock_for).await;
    let locked = begin(&store, &home, start() + rule().lock_for).await;
    assert_eq!(locked, AttemptAdmission::Locked(start() + rule().lock_for * 2));
}

#[tokio::test]
async fn a_count_set_by_hand_locks_until_it_expires() {
    let (place, ada) = (Place::single(), account("ada"));
    let store = place.store().await;
    place.on_key::<()>(&["SET", "failed_login:ada@example.com", "99", "EX", "600"]).await;
    let AttemptAdmission::Locked(until) = begin(&store, &ada, start()).await else { panic!("it is locked") };
    assert!(until <= after(600) && until > after(570), "{until}");
    assert_eq!(begin(&store, &ada, after(1)).await, AttemptAdmission::Locked(until));
    assert_eq!(begin(&store, &known("ada", HOME), after(1)).await, AttemptAdmission::Admitted);
    assert_eq!(begin(&store, &ada, until).await, AttemptAdmission::Admitted);

    place.on_key::<()>(&["SET", "failed_login:grace@example.com", "5"]).await;
    let locked = AttemptAdmission::Locked(start() + rule().lock_for);
    assert_eq!(begin(&store, &account("grace"), start()).await, locked);
    let left: i64 = place.on_key(&["TTL", "failed_login:grace@example.com"]).await;
    assert!(left > 1700, "a lock without an end gets one: {left}");
    assert_eq!(begin(&store, &account("grace"), after(9)).await, locked);
}

#[tokio::test]
async fn a_lost_log_unlocks_nothing() {
    let (place, ada) = (Place::single(), account("ada"));
    let store = place.store().await;
    fail(&store, &ada, 5, start()).await;
    let log = "failed_login_log:{".to_owned() + &place.key("failed_login:ada@example.com}");
    let home = known("ada", HOME);
    for second in 1..4 {
        assert_eq!(place.on_key::<i64>(&["DEL", &log]).await, 1);
        assert!(matches!(begin(&store, &ada, after(second)).await, AttemptAdmission::Locked(_)));
        assert_eq!(begin(&store, &home, after(second)).await, AttemptAdmission::Admitted);
        assert_eq!(place.on_key::<i64>(&["DEL", &log]).await, 1);
        store.succeed(&home, after(second)).await.unwrap();
        assert!(matches!(begin(&store, &ada, after(second)).await, AttemptAdmission::Locked(_)));
    }
    fail(&store, &account("grace"), 3, start()).await;
    let log = log.replace("ada@", "grace@");
    place.on_key::<()>(&["DEL", &log]).await;
    assert_eq!(begin(&store, &account("grace"), after(1)).await, AttemptAdmission::Admitted);
    let standing = store.fail(&account("grace"), &rule(), after(1)).await.unwrap();
    assert_eq!(standing.failures, 4, "the count is believed");
}

#[tokio::test]
async fn an_entry_on_the_blacklist_set_by_hand_revokes() {
    let (place, samples) = (Place::single(), Samples::default());
    let store = place.store().await;
    let session = samples.session(samples.user_id(), start());
    for (line, reason) in [(["SET", "phished"], "phished"), (["SADD", "phished"], "unreadable")] {
        let passage = samples.passage(&session);
        put(&store, &samples, &session).await;
        let key = format!("blacklist:{}", passage.token.id);
        place.on_key::<()>(&[line[0], &key, line[1]]).await;
        let answer = store.pass(&passage, &samples.lease(), after(1)).await.unwrap();
        assert_eq!(answer, CacheAnswer::Unsure { blacklisted: Some(reason.to_owned()) });
        assert_eq!(store.blacklisted(&passage.token).await.unwrap().as_deref(), Some(reason));
    }
}

#[tokio::test]
async fn terminations_are_listed_newest_first_and_at_most_a_thousand() {
    let (place, samples) = (Place::single(), Samples::default());
    let store = place.store().await;
    let ended = |second, new_address| {
        let session = samples.session(samples.user_id(), start());
        Notice::SessionTerminated {
            session: session.id,
            user: session.user,
            reason: TerminationReason::TokenReuse,
            original_address: Some(ip("192.0.2.1")),
            new_address,
            at: after(second),
        }
    };
    store.post((0..1100).map(|second| ended(second, None)).collect(), after(1100)).await.unwrap();
    store.post(vec![ended(1100, Some(ip("2001:db8::1")))], after(1100)).await.unwrap();
    assert_eq!(place.on_key::<i64>(&["LLEN", "session_terminations"]).await, 1000);
    let entries: Vec<String> = place.on_key(&["LRANGE", "session_terminations", "0", "1"]).await;
    let entries: Vec<serde_json::Value> =
        entries.iter().map(|entry| serde_json::from_str(entry).unwrap()).collect();
    assert_eq!(entries[0]["timestamp"], "2026-03-01T12:53:16.789123Z");
    assert_eq!(
        (&entries[0]["reason"], &entries[0]["original_ip"]),
        (&"token_reuse".into(), &"192.0.2.1".into())
    );
    assert_eq!(
        (&entries[0]["new_ip"], &entries[1]["new_ip"]),
        (&"2001:db8::1".into(), &serde_json::Value::Null)
    );
    assert!(entries[0]["session_id"].is_string() && entries[0]["user_id"].is_string());
    assert_eq!(entries[1]["timestamp"], "2026-03-01T12:53:15.789123Z");
}

#[tokio::test]
async fn mail_lists_are_replaced_whole() {
    let (place, samples) = (Place::single(), Samples::default());
    let store = place.store().await;
    let (pending, failed) = (mails(&samples, 1200), mails(&samples, 2));
    let post = async |pending: &[MailId], failed: &[MailId]| {
        let notice = Notice::Mails { pending: pending.to_vec(), failed: failed.to_vec() };
        store.post(vec![notice], start()).await.unwrap();
    };
    post(&pending, &failed).await;
    assert_eq!(place.on_key::<i64>(&["LLEN", "email_queue"]).await, 1000);
    let shown: Vec<String> = place.on_key(&["LRANGE", "failed_emails", "0", "-1"]).await;
    assert_eq!(shown, failed.iter().map(ToString::to_string).collect::<Vec<_>>());
    post(&[], &failed[1..]).await;
    assert_eq!(place.keys().await, ["failed_emails"]);
    assert_eq!(place.on_key::<i64>(&["LLEN", "failed_emails"]).await, 1);
}

#[tokio::test]
async fn one_time_tokens_are_named_by_themselves_or_by_their_digest() {
    let samples = Samples::default();
    for hashed in [false, true] {
        let mut place = Place::single();
        place.options.hash_tokens = hashed;
        let (store, token) = (place.store().await, samples.one_time_token());
        store.post(vec![issued(&samples, &token, TokenPurpose::ResetPassword)], start()).await.unwrap();
        let keys = place.keys().await;
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0] == format!("password_reset:{}", token.expose()), !hashed);
        assert_eq!(keys[0].len() == "password_reset:".len() + 64, hashed);
        let entry: String = place.on_key(&["GET", &keys[0]]).await;
        assert!(
            entry.contains("\"issued_at\":\"2026-03-01T12:34:56.789123Z\"") && entry.contains("\"user_id\"")
        );
        let spent = |purpose| Notice::TokenSpent { token: token.clone(), purpose };
        store.post(vec![spent(TokenPurpose::VerifyEmail)], after(1)).await.unwrap();
        assert_eq!(place.keys().await, keys, "it was not for that");
        store.post(vec![spent(TokenPurpose::ResetPassword)], after(1)).await.unwrap();
        assert!(place.keys().await.is_empty());
    }
}

#[tokio::test]
async fn addresses_with_braces_are_counted_in_one_slot() {
    let place = Place::cluster();
    let store = place.store().await;
    for local in ["a{b}c", "a{b", "a}b", "a{}b", "}a{"] {
        let counter = AttemptCounter::Account(email_key(&format!("{local}@example.com")));
        fail(&store, &counter, 5, start()).await;
        assert!(matches!(begin(&store, &counter, after(1)).await, AttemptAdmission::Locked(_)));
        store.clear(counter.email()).await.unwrap();
        assert_eq!(begin(&store, &counter, after(2)).await, AttemptAdmission::Admitted);
    }
}

#[tokio::test]
async fn a_blocked_address_is_a_key_for_as_long_as_it_is_blocked() {
    let (place, samples) = (Place::single(), Samples::default());
    let store = place.store().await;
    let post = async |blocked: &BlockedAddress, now| {
        store.post(vec![Notice::AddressBlocked(blocked.clone())], now).await.unwrap();
    };
    let mut by_alert = samples.blocked(HOME, start(), after(3600));
    let by_hand = BlockedAddress { alert: None, ..samples.blocked("192.0.2.1", start(), after(7200)) };
    post(&by_alert, start()).await;
    post(&by_hand, after(3600)).await;
    let alert = by_alert.alert.unwrap().to_string();
    for (key, value) in [("blocked_ip:2001:db8:1:2::/64", alert.as_str()), ("blocked_ip:192.0.2.1", "-")] {
        assert_eq!(place.on_key::<String>(&["GET", key]).await, value, "{key}");
        let left: i64 = place.on_key(&["TTL", key]).await;
        assert!((3540..=3600).contains(&left), "{key} expires in {left} s: what was left of the block");
    }
    // Lifted, and over before anybody could tell.
    by_alert.until = after(60);
    post(&by_alert, after(60)).await;
    assert_eq!(place.keys().await, ["blocked_ip:192.0.2.1"]);
    post(&by_hand, after(7200)).await;
    assert!(place.keys().await.is_empty());
}
