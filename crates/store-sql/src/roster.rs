//! The lists that accounts are leafed through by.

use archon_domain::{UserFilter, UserStatus};
use diesel::backend::Backend;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::SmallInt;

const DISABLED: i16 = 1;
const ADMINISTRATOR: i16 = 2;
const VERIFIED: i16 = 4;

/// One of the eight lists of accounts that agree in everything a filter asks for but the address.
///
/// The database works it out of the account's other columns, so that no writer can forget it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = SmallInt)]
pub(crate) struct Roster(i16);

impl Roster {
    /// The lists that hold whom a filter admits, its addresses aside, and nobody else.
    pub(crate) fn admitted(filter: &UserFilter) -> Vec<Self> {
        let disabled = filter.status.map(|status| status == UserStatus::Disabled);
        let wanted =
            [(DISABLED, disabled), (ADMINISTRATOR, filter.administrator), (VERIFIED, filter.verified)];
        let agrees = |roster: i16, (bit, wanted): (i16, Option<bool>)| {
            wanted.is_none_or(|wanted| (roster & bit != 0) == wanted)
        };
        let admits = |roster: &i16| wanted.iter().all(|condition| agrees(*roster, *condition));
        (0..8).filter(admits).map(Self).collect()
    }

    /// The lists of those who can administer the service.
    pub(crate) fn administrators() -> Vec<Self> {
        let active = Some(UserStatus::Active);
        Self::admitted(&UserFilter { status: active, administrator: Some(true), ..UserFilter::default() })
    }
}

impl<DB: Backend> ToSql<SmallInt, DB> for Roster
where
    i16: ToSql<SmallInt, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        self.0.to_sql(out)
    }
}

impl<DB: Backend> FromSql<SmallInt, DB> for Roster
where
    i16: FromSql<SmallInt, DB>,
{
    fn from_sql(value: DB::RawValue<'_>) -> deserialize::Result<Self> {
        i16::from_sql(value).map(Self)
    }
}
