//! What holds for the log of events beyond its port.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod fixture;

use archon_contract::samples::{Samples, after, start};
use archon_domain::ports::EventLog;
use archon_domain::{ChainLink, EventFilter, SecurityEvent, Verification};
use archon_store_sql::{PostgresOptions, SqlStore};

use fixture::{Place, on_both};

on_both!(
    an_append_of_any_size_is_one_chain,
    a_long_append_that_fails_leaves_nothing,
    events_from_before_the_chain_stay_outside_of_it,
);

/// Every event of the chain, which holds from its anchor to its head.
async fn chain(store: &SqlStore) -> Vec<archon_domain::ChainEntry> {
    let ends = store.chain_ends().await.unwrap();
    let chain = store.chain(0, 100_000).await.unwrap();
    let mut verification = Verification::new(&ends, None).unwrap();
    chain.iter().try_for_each(|entry| verification.add(entry)).unwrap();
    assert_eq!(verification.finish(), Ok(ends.head));
    chain
}

async fn an_append_of_any_size_is_one_chain(place: Place) {
    let store = place.migrated().await;
    let samples = Samples::default();
    let user = samples.user_id();
    // More than the parameters of one statement can say, some of them there already, one of them twice.
    let mut events: Vec<SecurityEvent> = (0..6000).map(|second| samples.event(user, after(second))).collect();
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    store.append(events[..2].to_vec()).await.unwrap();
    events.push(events[7].clone());
    store.append(events).await.unwrap();
    let chained: Vec<_> = chain(&store).await.into_iter().map(|entry| entry.id).collect();
    assert!(chained == ids, "each once, in their order");
}

async fn a_long_append_that_fails_leaves_nothing(place: Place) {
    let store = place.migrated().await;
    let samples = Samples::default();
    let user = samples.user_id();
    let mut events: Vec<SecurityEvent> = (0..1500).map(|second| samples.event(user, after(second))).collect();
    // A place that another event holds already: as when the head was put back by a wrong backup.
    store.append(vec![samples.event(user, start())]).await.unwrap();
    place.execute("UPDATE security_events SET sequence = 1400").await;
    store.append(std::mem::take(&mut events)).await.unwrap_err();
    let head = store.chain_ends().await.unwrap().head;
    assert_eq!((head.sequence, store.chain(0, 9).await.unwrap().len()), (1, 1));
}

/// Makes the database as it was before events had places, with two events in it.
async fn before_the_chain(place: &Place) -> Vec<SecurityEvent> {
    let engine = if matches!(place, Place::File(_)) { "sqlite" } else { "postgres" };
    // Makes the file, or the schema.
    place.migrated().await;
    place.start_over().await;
    let migrations = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(engine);
    for migration in ["0001_initial", "0002_revocations_by_session", "0003_users_by_change"] {
        let up = std::fs::read_to_string(migrations.join(migration).join("up.sql")).unwrap();
        place.execute(&up).await;
        let version = migration.split('_').next().unwrap();
        place
            .execute(&format!("INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}')"))
            .await;
    }
    let samples = Samples::new(70);
    let user = samples.user_id();
    let events = [1, 2].map(|second| SecurityEvent {
        session: None,
        user_agent: None,
        details: serde_json::Map::new(),
        ..samples.event(user, after(second))
    });
    for event in &events {
        place.execute(&inserted(event, engine)).await;
    }
    events.into()
}

/// The statement with which a version from before the chain stored an event.
fn inserted(event: &SecurityEvent, engine: &str) -> String {
    let quoted = |text: String| format!("'{text}'");
    let (id, user) = (event.id.to_string(), event.user.unwrap().to_string());
    let uuid = |id: String| match engine {
        "sqlite" => format!("X'{}'", id.replace('-', "")),
        _ => quoted(id),
    };
    let at = match engine {
        "sqlite" => event.at.timestamp_micros().to_string(),
        _ => quoted(event.at.to_rfc3339()),
    };
    let values = [
        uuid(id),
        at,
        quoted(event.kind.as_str().to_owned()),
        quoted(event.severity.as_str().to_owned()),
        uuid(user),
        quoted(event.address.unwrap().to_string()),
        quoted(event.request_id.clone().unwrap()),
        "'{}'".to_owned(),
    ];
    format!(
        "INSERT INTO security_events (id, occurred_at, kind, severity, user_id, ip_address, request_id, details) \
         VALUES ({})",
        values.join(", ")
    )
}

async fn events_from_before_the_chain_stay_outside_of_it(place: Place) {
    let mut events = before_the_chain(&place).await;
    let store = place.open();
    assert_eq!(store.migrate().await.unwrap()[0], "0004_event_chain");
    let ends = store.chain_ends().await.unwrap();
    assert_eq!((ends.head, ends.outside), (ChainLink::before_the_first(), 2));
    assert!(chain(&store).await.is_empty());

    let samples = Samples::default();
    let user = events[0].user.unwrap();
    let later = [samples.event(user, after(3)), samples.event(user, after(4))];
    let batch = [events.clone(), later.to_vec()].concat();
    store.append(batch).await.unwrap();
    let chained: Vec<_> = chain(&store).await.into_iter().map(|entry| entry.id).collect();
    assert_eq!(
        chained,
        later.each_ref().map(|event| event.id),
        "the chain begins with the first event after it"
    );
    events.extend(later);
    events.reverse();
    assert_eq!(store.search(&EventFilter::default(), None, 9).await.unwrap(), events, "all are found");

    assert_eq!(store.purge(after(2)).await.unwrap(), 1, "what has no place is forgotten by its age");
    let ends = store.chain_ends().await.unwrap();
    assert_eq!((ends.anchor.sequence, ends.head.sequence, ends.outside), (0, 2, 1));
    assert_eq!(store.purge(after(4)).await.unwrap(), 2);
    let ends = store.chain_ends().await.unwrap();
    assert_eq!((ends.anchor.sequence, ends.outside), (1, 0));
    assert_eq!(chain(&store).await.len(), 1);
}
