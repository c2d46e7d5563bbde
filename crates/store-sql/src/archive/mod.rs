//! The whole content of the database, table by table, for whoever moves it to another store.

mod columns;
mod events;
mod history;
mod identity;
mod put;
mod rows;
mod write;

use archon_domain::StoreError;
use archon_domain::archive::{Record, RecordKey, Refusal, Table};
use archon_domain::ports::Archive;
use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

pub(crate) use self::put::Put;
pub(crate) use self::rows::EventRecord;

use self::columns::{bytewise, key};
use self::rows::*;
use self::write::{by_owner, free_addresses, known_users};
use crate::SqlStore;
use crate::db::{on_db, write_tx};
use crate::schema::*;
use crate::types::Id;

/// Counts the rows of a table.
macro_rules! count_rows {
    ($store:expr, $table:ident) => {
        on_db!($store, "count records", |c| Ok($table::table.count().get_result::<i64>(c).await?))
    };
}

/// A page of a table whose key begins with a column that both engines order alike, and where rows that are
/// equal in it are told apart by texts.
///
/// The first column alone is bounded by itself, which is what an index can use.
macro_rules! page {
    ($store:expr, $after:expr, $limit:expr, $row:ident of $table:ident: $first:ident $type:ty $(, $text:ident)*) => {{
        let after = key!($after; $first: $type $(, $text: String)*);
        on_db!($store, "read a page of records", |c| {
            let mut page = $table::table
                .order(($table::$first, $(bytewise($table::$text),)*))
                .limit($limit)
                .select($row::as_select())
                .into_boxed();
            if let Some(after) = after {
                page = page!(@after page, after, $table, $first $(, $text)*);
            }
            Ok(page.load(c).await?.into_iter().map(Record::from).collect())
        })
    }};
    (@after $page:ident, $after:ident, $table:ident, $first:ident) => {
        $page.filter($table::$first.gt($after.0))
    };
    (@after $page:ident, $after:ident, $table:ident, $first:ident, $second:ident) => {
        $page.filter($table::$first.ge($after.0)).filter(
            $table::$first.gt($after.0).or(bytewise($table::$second).gt($after.1)),
        )
    };
    (@after $page:ident, $after:ident, $table:ident, $first:ident, $second:ident, $third:ident) => {
        $page.filter($table::$first.ge($after.0)).filter(
            $table::$first
                .gt($after.0)
                .or(bytewise($table::$second).gt($after.1.clone()))
                .or(bytewise($table::$second).eq($after.1).and(bytewise($table::$third).gt($after.2))),
        )
    };
}

/// Stores records of a table whose rows need nothing but themselves.
macro_rules! put_free {
    ($store:expr, $records:expr, $row:ident) => {{
        let records = $records;
        write_tx!($store, "store records", |c| {
            $row::put($row::all(records)?, c).await?;
            Ok(Vec::new())
        })
    }};
}

/// Stores records of a table whose rows belong to users.
macro_rules! put_owned {
    ($store:expr, $records:expr, $row:ident) => {{
        let records = $records;
        write_tx!($store, "store records", |c| {
            let known = known_users!(c, &records);
            let (records, refused) = by_owner(records, &known);
            $row::put($row::all(records)?, c).await?;
            Ok(refused)
        })
    }};
}

#[async_trait]
impl Archive for SqlStore {
    async fn count(&self, table: Table) -> Result<u64, StoreError> {
        let count = match table {
            Table::Users => count_rows!(self, users),
            Table::OauthIdentities => count_rows!(self, oauth_identities),
            Table::PasswordHistory => history::count(self).await,
            Table::KnownNetworks => count_rows!(self, known_networks),
            Table::Sessions => count_rows!(self, sessions),
            Table::Revocations => count_rows!(self, token_blacklist),
            Table::OneTimeTokens => count_rows!(self, one_time_tokens),
            Table::Outbox => count_rows!(self, mail_outbox),
            Table::SecurityEvents => count_rows!(self, security_events),
            Table::EventChain => events::count_ends(self).await,
        }?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    async fn page(
        &self,
        table: Table,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        let limit = i64::from(limit);
        match table {
            Table::Users => page!(self, after, limit, UserRecord of users: id Id),
            Table::OauthIdentities => {
                page!(self, after, limit, IdentityRecord of oauth_identities: user_id Id, provider, subject)
            }
            Table::PasswordHistory => history::page(self, after, limit).await,
            Table::KnownNetworks => {
                page!(self, after, limit, NetworkRecord of known_networks: user_id Id, network)
            }
            Table::Sessions => page!(self, after, limit, SessionRecord of sessions: user_id Id, id),
            Table::Revocations => page!(self, after, limit, RevocationRecord of token_blacklist: jti Id),
            Table::OneTimeTokens => page!(self, after, limit, TokenRecord of one_time_tokens: digest Vec<u8>),
            Table::Outbox => page!(self, after, limit, MailRecord of mail_outbox: id Id),
            Table::SecurityEvents => page!(self, after, limit, EventRecord of security_events: id Id),
            Table::EventChain => events::page_of_ends(self, after, limit).await,
        }
    }

    async fn put(&self, table: Table, records: Vec<Record>) -> Result<Vec<Refusal>, StoreError> {
        match table {
            Table::Users => put_users(self, records).await,
            Table::OauthIdentities => put_owned!(self, records, IdentityRecord),
            Table::PasswordHistory => history::put(self, records).await,
            Table::KnownNetworks => put_owned!(self, records, NetworkRecord),
            Table::Sessions => put_owned!(self, records, SessionRecord),
            Table::Revocations => put_free!(self, records, RevocationRecord),
            Table::OneTimeTokens => put_owned!(self, records, TokenRecord),
            Table::Outbox => put_owned!(self, records, MailRecord),
            Table::SecurityEvents => events::put(self, records).await,
            Table::EventChain => put_free!(self, records, EndRecord),
        }
    }
}

async fn put_users(store: &SqlStore, records: Vec<Record>) -> Result<Vec<Refusal>, StoreError> {
    write_tx!(store, "store records", |c| {
        let rows = UserRecord::all(records)?;
        let addresses: Vec<String> = rows.iter().map(|row| row.email_key.clone()).collect();
        let held = users::table
            .filter(users::email_key.eq_any(addresses))
            .select((users::email_key, users::id))
            .load::<(String, Id)>(c)
            .await?;
        let (rows, refused) = free_addresses(rows, held.into_iter().collect());
        UserRecord::put(rows, c).await?;
        Ok(refused)
    })
}
