//! The rows as they stand in the tables, nothing read into them.

use archon_domain::archive::{FieldValue as _, Misfit, Record, Table};
use diesel::prelude::*;
use diesel::upsert::excluded;

use super::columns::Letters;
use super::put::Put;
use crate::db::AsyncSqliteConnection;
use crate::error::Fault;
use crate::postgres::PgConnection;
use crate::schema::*;
use crate::types::{Id, Ts};

/// A row type with the columns of a record, in the order of its fields; how it becomes the record and comes
/// from it; and the statement that stores it.
macro_rules! row {
    ($row:ident of $table:ident ($($key:ident),+), $layout:path { $($field:ident: $type:ty,)+ }) => {
        #[derive(Debug, Clone, Queryable, Selectable, Insertable)]
        #[diesel(table_name = $table, check_for_backend(diesel::pg::Pg, diesel::sqlite::Sqlite))]
        pub(crate) struct $row {
            $(pub(crate) $field: $type,)+
        }

        impl $row {
            /// The rows of records.
            pub(crate) fn all(records: Vec<Record>) -> Result<Vec<Self>, Fault> {
                records.into_iter().map(|record| Self::try_from(record).map_err(Fault::corrupt)).collect()
            }
        }

        impl From<$row> for Record {
            fn from(row: $row) -> Self {
                Record::new($layout, vec![$(row.$field.into_field(),)+])
            }
        }

        impl TryFrom<Record> for $row {
            type Error = Misfit;

            fn try_from(record: Record) -> Result<Self, Misfit> {
                let mut fields = record.into_fields();
                Ok(Self { $($field: fields.take()?,)+ })
            }
        }

        impl Put<PgConnection> for $row {
            async fn put(rows: Vec<Self>, connection: &mut PgConnection) -> QueryResult<()> {
                // All in one statement: each would cost a round trip.
                let statement = diesel::insert_into($table::table).values(rows);
                let statement = statement.on_conflict(($($table::$key,)+)).do_update();
                let statement = statement.set(($($table::$field.eq(excluded($table::$field)),)+));
                diesel_async::RunQueryDsl::execute(statement, connection).await.map(drop)
            }
        }

        impl Put<AsyncSqliteConnection> for $row {
            async fn put(rows: Vec<Self>, connection: &mut AsyncSqliteConnection) -> QueryResult<()> {
                // All in one go on the thread that may block: SQLite takes no batches, but answers at once.
                let stored = connection.spawn_blocking(move |connection| {
                    rows.into_iter().try_for_each(|row| {
                        let statement = diesel::insert_into($table::table).values(row);
                        let statement = statement.on_conflict(($($table::$key,)+)).do_update();
                        let statement = statement.set(($($table::$field.eq(excluded($table::$field)),)+));
                        diesel::RunQueryDsl::execute(statement, connection).map(drop)
                    })
                });
                stored.await
            }
        }

        #[cfg(test)]
        impl $row {
            pub(super) const FIELDS: (Table, &[&str]) = ($layout, &[$(stringify!($field),)+]);
        }
    };
}

row!(UserRecord of users (id), Table::Users {
    id: Id,
    email: String,
    email_key: String,
    name: String,
    password_hash: Option<String>,
    email_verified_at: Option<Ts>,
    roles: Letters,
    status: String,
    metadata: Letters,
    created_at: Ts,
    updated_at: Ts,
    last_login_at: Option<Ts>,
    attempts_void_before: Ts,
});

row!(IdentityRecord of oauth_identities (provider, subject), Table::OauthIdentities {
    user_id: Id,
    provider: String,
    subject: String,
    email: Option<String>,
    created_at: Ts,
});

row!(NetworkRecord of known_networks (user_id, network), Table::KnownNetworks {
    user_id: Id,
    network: String,
    last_login_at: Ts,
});

row!(SessionRecord of sessions (id), Table::Sessions {
    user_id: Id,
    id: String,
    created_at: Ts,
    last_accessed: Ts,
    expires_at: Ts,
    absolute_expires_at: Ts,
    remembered: bool,
    ip_address: String,
    user_agent: String,
    fingerprint: String,
    refresh_current: Id,
    chain_began: Ts,
    refresh_predecessor: Option<Id>,
    rotated_at: Option<Ts>,
    rotated_by: Option<String>,
    sealed_successor: Option<Vec<u8>>,
    ended_at: Option<Ts>,
    ended_reason: Option<String>,
    trace: Option<String>,
});

row!(RevocationRecord of token_blacklist (jti), Table::Revocations {
    jti: Id,
    expires_at: Ts,
    reason: String,
    session_id: Option<String>,
});

row!(TokenRecord of one_time_tokens (digest), Table::OneTimeTokens {
    digest: Vec<u8>,
    user_id: Id,
    purpose: String,
    issued_at: Ts,
    expires_at: Ts,
});

row!(MailRecord of mail_outbox (id), Table::Outbox {
    id: Id,
    user_id: Id,
    recipient: String,
    name: String,
    locale: Option<String>,
    message: Letters,
    queued_at: Ts,
    attempts: i32,
    next_attempt_at: Option<Ts>,
    last_error: Option<String>,
});

row!(EventRecord of security_events (id), Table::SecurityEvents {
    id: Id,
    occurred_at: Ts,
    kind: String,
    severity: String,
    user_id: Option<Id>,
    session_id: Option<String>,
    ip_address: Option<String>,
    user_agent: Option<String>,
    request_id: Option<String>,
    details: Letters,
    sequence: Option<i64>,
    digest: Option<Vec<u8>>,
});

row!(EndRecord of event_chain (name), Table::EventChain {
    name: String,
    sequence: i64,
    digest: Vec<u8>,
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_the_fields_of_their_records_in_the_same_order() {
        for (table, fields) in [
            UserRecord::FIELDS,
            IdentityRecord::FIELDS,
            NetworkRecord::FIELDS,
            SessionRecord::FIELDS,
            RevocationRecord::FIELDS,
            TokenRecord::FIELDS,
            MailRecord::FIELDS,
            EventRecord::FIELDS,
            EndRecord::FIELDS,
        ] {
            assert_eq!(table.layout().fields, fields, "{table}");
        }
    }
}
