use archon_domain::ports::UserDirectory;
use archon_domain::{EmailKey, StoreError, User, UserCursor, UserFilter};
use async_trait::async_trait;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::read_all;
use crate::SqlStore;
use crate::db::on_db;
use crate::merged::Merged;
use crate::roster::Roster;
use crate::rows::UserRow;
use crate::schema::users;
use crate::types::{Id, Ts};

/// What comes behind a place in the order of time.
///
/// The two columns are compared as one, which is a range of the index however many share an instant.
macro_rules! older_than {
    ($at:expr, $id:expr) => {
        diesel::dsl::sql::<diesel::sql_types::Bool>("(created_at, id) < (")
            .bind::<$crate::types::sql::Ts, _>($at)
            .sql(", ")
            .bind::<$crate::types::sql::Id, _>($id)
            .sql(")")
    };
}

/// The newest accounts of rosters, from a place on.
macro_rules! newest {
    ($rosters:expr, $behind:expr, $limit:expr) => {{
        let behind: Option<(Ts, Id)> = $behind;
        let of_roster = |roster: &Roster| {
            let accounts = users::table.filter(users::roster.eq(*roster)).select(UserRow::as_select());
            match behind {
                None => accounts.into_boxed(),
                Some((at, id)) => accounts.filter($crate::repo::directory::older_than!(at, id)).into_boxed(),
            }
        };
        let parts = $rosters.iter().map(of_roster).collect();
        Merged { parts, order: "created_at DESC, id DESC", limit: i64::from($limit) }
    }};
}

/// The accounts of rosters whose addresses lie in a range, by address.
macro_rules! by_address {
    ($rosters:expr, $range:expr, $limit:expr) => {{
        let AddressRange { from, until } = $range;
        let of_roster = |roster: &Roster| {
            let accounts = users::table
                .filter(users::roster.eq(*roster))
                .filter(users::email_key.ge(from.clone()))
                .select(UserRow::as_select());
            match until.clone() {
                None => accounts.into_boxed(),
                Some(until) => accounts.filter(users::email_key.lt(until)).into_boxed(),
            }
        };
        let parts = $rosters.iter().map(of_roster).collect();
        Merged { parts, order: "email_key ASC", limit: i64::from($limit) }
    }};
}

pub(crate) use older_than;
#[cfg(test)]
pub(crate) use {by_address, newest};

#[async_trait]
impl UserDirectory for SqlStore {
    async fn page(
        &self,
        filter: &UserFilter,
        after: Option<&UserCursor>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        let rosters = Roster::admitted(filter);
        match (&filter.address_prefix, after) {
            (None, None) => newest_page(self, rosters, None, limit).await,
            (None, Some(UserCursor::Newest { created_at, id })) => {
                newest_page(self, rosters, Some((Ts(*created_at), Id::from(*id))), limit).await
            }
            (Some(prefix), None) => page_by_address(self, rosters, prefix, None, limit).await,
            (Some(prefix), Some(UserCursor::Address(last))) => {
                page_by_address(self, rosters, prefix, Some(last), limit).await
            }
            (None, Some(UserCursor::Address(_))) | (Some(_), Some(UserCursor::Newest { .. })) => {
                Ok(Vec::new())
            }
        }
    }
}

async fn newest_page(
    store: &SqlStore,
    rosters: Vec<Roster>,
    behind: Option<(Ts, Id)>,
    limit: u32,
) -> Result<Vec<User>, StoreError> {
    on_db!(store, "list the newest accounts", |c| {
        let page = newest!(rosters, behind, limit);
        read_all(page.load::<UserRow>(c).await?)
    })
}

async fn page_by_address(
    store: &SqlStore,
    rosters: Vec<Roster>,
    prefix: &str,
    last: Option<&EmailKey>,
    limit: u32,
) -> Result<Vec<User>, StoreError> {
    let Some(range) = AddressRange::behind(prefix, last) else {
        return Ok(Vec::new());
    };
    on_db!(store, "list accounts by address", |c| {
        let page = by_address!(rosters, range, limit);
        read_all(page.load::<UserRow>(c).await?)
    })
}

/// Lower-cased addresses from one on and before another, byte by byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AddressRange {
    pub(crate) from: String,
    /// `None` for no end.
    pub(crate) until: Option<String>,
}

impl AddressRange {
    /// The addresses that begin with `prefix`, case aside, and come behind `last`; `None` where there can be none.
    pub(crate) fn behind(prefix: &str, last: Option<&EmailKey>) -> Option<Self> {
        let prefix = prefix.to_lowercase();
        // No address has such characters, and PostgreSQL takes no text with the first of them.
        if prefix.contains(char::is_control) {
            return None;
        }
        let until = follower(&prefix);
        // One bound below, for SQLite uses no second one: as no address has control characters, none is between
        // the last one and this.
        let behind = last.map(|last| format!("{}\u{1}", last.as_str()));
        let from = behind.filter(|behind| *behind > prefix).unwrap_or(prefix);
        Some(Self { from, until })
    }
}

/// The least text that is greater than every text that begins with `prefix`; `None` where there is none.
fn follower(prefix: &str) -> Option<String> {
    let mut letters: Vec<char> = prefix.chars().collect();
    while let Some(last) = letters.pop() {
        // The bytes of UTF-8 are ordered as the code points are.
        if let Some(next) = (last..=char::MAX).nth(1) {
            letters.push(next);
            return Some(letters.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use archon_domain::Email;

    use super::*;

    fn range(prefix: &str, last: Option<&str>) -> Option<(String, Option<String>)> {
        let last = last.map(|address| Email::parse(address).unwrap().key().clone());
        AddressRange::behind(prefix, last.as_ref()).map(|AddressRange { from, until }| (from, until))
    }

    #[test]
    fn a_range_holds_what_begins_with_the_prefix() {
        for (prefix, from, until) in [
            ("Ada", "ada", Some("adb")),
            ("a%_\\", "a%_\\", Some("a%_]")),
            ("Ä", "ä", Some("å")),
            ("a\u{D7FF}", "a\u{D7FF}", Some("a\u{E000}")),
            ("a\u{10FFFF}", "a\u{10FFFF}", Some("b")),
            ("\u{10FFFF}", "\u{10FFFF}", None),
            ("", "", None),
        ] {
            assert_eq!(range(prefix, None), Some((from.to_owned(), until.map(str::to_owned))), "{prefix:?}");
        }
        assert_eq!(range("a\0", None), None);
        assert_eq!(range("a\n", None), None);
    }

    #[test]
    fn a_range_begins_behind_the_last_address() {
        let until = Some("b".to_owned());
        assert_eq!(range("a", Some("ada@example.com")), Some(("ada@example.com\u{1}".to_owned(), until)));
        let until = Some("c".to_owned());
        assert_eq!(range("b", Some("ada@example.com")), Some(("b".to_owned(), until)));
    }
}
