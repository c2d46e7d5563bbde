//! Holds both migration trees against `schema.rs`: the same tables, columns and types on either engine.

use std::collections::BTreeSet;

use archon_contract::samples::{Samples, start};
use archon_domain::archive::{Record, StoredEvent};
use archon_domain::{
    AlertCause, AlertKind, SessionEnding, SigningAlgorithm, TerminationReason, TokenPurpose, User,
    UserFilter, UserStatus,
};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel_async::RunQueryDsl;
use serde_json::Value;

use crate::SqlStore;
use crate::archive::EventRecord;
use crate::db::{Db, on_db, write_one};
use crate::fixture::Place;
use crate::roster::Roster;
use crate::rows::{AlertRow, BlockRow, KeyRow, MailRow, NoticeRow, SessionRow, TokenRow, UserRow};
use crate::schema::*;
use crate::types::{Id, Ts};

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
}

async fn columns(store: &SqlStore) -> BTreeSet<Column> {
    let listing = match store.db {
        Db::Postgres { .. } => {
            "SELECT table_name::text, column_name::text, is_nullable = 'YES' AS nullable \
             FROM information_schema.columns WHERE table_schema = current_schema()"
        }
        Db::Sqlite { .. } => {
            "SELECT m.name AS table_name, p.name AS column_name, \
             p.\"notnull\" = 0 AND p.pk = 0 AS nullable \
             FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) p WHERE m.type = 'table'"
        }
    };
    let columns = on_db!(store, "list columns", |c| Ok(diesel::sql_query(listing).load::<Column>(c).await?));
    let ours = |column: &Column| {
        !column.table_name.starts_with("sqlite_") && !column.table_name.starts_with("__diesel")
    };
    columns.unwrap().into_iter().filter(ours).collect()
}

/// `table.column` of every column that `schema.rs` knows.
fn declared() -> BTreeSet<String> {
    macro_rules! names {
        ($($table:ident),*) => {
            [$(diesel::debug_query::<diesel::sqlite::Sqlite, _>(&$table::table.select($table::all_columns))
                .to_string()),*]
        };
    }
    let queries = names!(
        users,
        oauth_identities,
        password_history,
        known_networks,
        sessions,
        token_blacklist,
        one_time_tokens,
        mail_outbox,
        security_events,
        event_chain,
        alerts,
        alert_notices,
        blocked_addresses,
        signing_keys
    );
    // Each query reads: SELECT `table`.`column`, `table`.`column` FROM `table`
    let selected = queries.iter().filter_map(|query| query.split(" FROM ").next());
    let words = selected.flat_map(|list| list.trim_start_matches("SELECT ").split(", "));
    words.map(|word| word.replace('`', "")).collect()
}

#[tokio::test]
async fn both_trees_make_the_tables_of_the_schema() {
    let sqlite = columns(&Place::sqlite().migrated().await).await;
    let place = Place::postgres();
    let postgres = columns(&place.migrated().await).await;
    assert_eq!(sqlite, postgres);
    let made: BTreeSet<String> =
        sqlite.iter().map(|column| format!("{}.{}", column.table_name, column.column_name)).collect();
    assert_eq!(made, declared());
}

/// Inserts a row and reads every column of it back.
macro_rules! round_trip {
    ($store:expr, $table:ident, $row:expr => $type:ty, $same:expr) => {{
        let row = $row;
        let inserted = write_one!($store, "insert", |c| {
            Ok(diesel::insert_into($table::table).values(row).execute(c).await?)
        });
        assert_eq!(inserted.unwrap(), 1, stringify!($table));
        let read = on_db!($store, "select", |c| {
            Ok($table::table.select($table::all_columns).first::<$type>(c).await?)
        });
        let same: fn($type) = $same;
        same(read.unwrap());
    }};
}

async fn every_column_takes_and_gives_its_type(place: Place) {
    let store = &place.migrated().await;
    let samples = Samples::default();
    let mut user = samples.user("Ada@Example.com");
    user.email_verified_at = Some(start());
    user.last_login_at = Some(start());
    let (owner, now) = (Id::from(user.id), Ts(start()));
    let row = UserRow::from(&user);
    let inserted = write_one!(store, "insert", |c| {
        Ok(diesel::insert_into(users::table).values(row).execute(c).await?)
    });
    assert_eq!(inserted.unwrap(), 1, "users");
    let read = on_db!(store, "select", |c| {
        let columns = (UserRow::as_select(), users::roster);
        Ok(users::table.select(columns).first::<(UserRow, Roster)>(c).await?)
    });
    let verified = UserFilter {
        status: Some(UserStatus::Active),
        administrator: Some(false),
        verified: Some(true),
        ..UserFilter::default()
    };
    assert_eq!([read.unwrap().1][..], Roster::admitted(&verified), "the database works it out");
    round_trip!(store, oauth_identities, (
        oauth_identities::provider.eq("github"),
        oauth_identities::subject.eq("4711"),
        oauth_identities::user_id.eq(owner),
        oauth_identities::email.eq("ada@example.com"),
        oauth_identities::created_at.eq(now),
    ) => (String, String, Id, Option<String>, Ts), |read| {
        assert_eq!((read.1.as_str(), read.3.as_deref()), ("4711", Some("ada@example.com")));
        assert_eq!(read.4, Ts(start()));
    });
    round_trip!(store, password_history, (
        password_history::user_id.eq(owner), password_history::hash.eq("hash")
    ) => (i64, Id, String), |read| assert_eq!((read.0, read.2.as_str()), (1, "hash")));
    round_trip!(store, known_networks, (
        known_networks::user_id.eq(owner),
        known_networks::network.eq("192.0.2.1"),
        known_networks::last_login_at.eq(now),
    ) => (Id, String, Ts), |read| assert_eq!(read.1, "192.0.2.1"));
    let mut session = samples.session(user.id, start());
    session.refresh = samples.rotated_state();
    session.ending = Some(SessionEnding { at: start(), reason: TerminationReason::Logout });
    round_trip!(store, sessions, SessionRow::from(&session) => SessionRow, |_| ());
    round_trip!(store, token_blacklist, (
        token_blacklist::jti.eq(owner),
        token_blacklist::expires_at.eq(now),
        token_blacklist::reason.eq("why"),
        token_blacklist::session_id.eq("session"),
    ) => (Id, Ts, String, Option<String>), |read| {
        assert_eq!((read.2.as_str(), read.3.as_deref()), ("why", Some("session")));
    });
    let json =
        on_db!(store, "select", |c| Ok(users::table.select(users::metadata).first::<Value>(c).await?));
    assert_eq!(json.unwrap(), Value::Object(user.metadata.clone().into_object()));
    every_column_of_what_happens(store, &samples, &user).await;
}

/// The same for what happens to accounts, rather than what they are.
async fn every_column_of_what_happens(store: &SqlStore, samples: &Samples, user: &User) {
    let token = samples.token(user.id, TokenPurpose::ResetPassword);
    round_trip!(store, one_time_tokens, TokenRow::from(&token) => (Vec<u8>, Id, String, Ts, Ts), |read| {
        assert_eq!((read.0.len(), read.2.as_str()), (32, "reset_password"));
    });
    let mut mail = samples.mail(user, start());
    mail.last_error = Some("450 later".to_owned());
    round_trip!(store, mail_outbox, MailRow::try_from(&mail).unwrap() => MailRow, |_| ());
    let stored = StoredEvent { event: samples.event(user.id, start()), link: None };
    let row = EventRecord::try_from(Record::from(&stored)).unwrap();
    round_trip!(store, security_events, row => EventRecord, |_| ());
    round_trip!(store, event_chain, (
        event_chain::name.eq("a third end"), event_chain::sequence.eq(0), event_chain::digest.eq(vec![7_u8])
    ) => (String, i64, Vec<u8>), |read| assert_eq!((read.1, read.0.is_empty()), (0, false)));
    let alert = samples.alert(AlertKind::AccountAttack, AlertCause::User(user.id), start());
    round_trip!(store, alerts, AlertRow::from(&alert) => AlertRow, |_| ());
    let mut notice = samples.notice(&alert, start());
    notice.last_error = Some("503 later".to_owned());
    round_trip!(store, alert_notices, NoticeRow::try_from(&notice).unwrap() => NoticeRow, |_| ());
    let blocked = samples.blocked("2001:db8::1", start(), start());
    round_trip!(store, blocked_addresses, BlockRow::of(&blocked, start()) => BlockRow, |_| ());
    let key = samples.key(SigningAlgorithm::EdDsa);
    round_trip!(store, signing_keys, KeyRow::from(&key) => KeyRow, |_| ());
}

#[tokio::test]
async fn every_column_takes_and_gives_its_type_on_sqlite() {
    Box::pin(every_column_takes_and_gives_its_type(Place::sqlite())).await;
}

#[tokio::test]
async fn every_column_takes_and_gives_its_type_on_postgres() {
    Box::pin(every_column_takes_and_gives_its_type(Place::postgres())).await;
}
