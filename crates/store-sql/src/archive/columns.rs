//! Values and orders that both engines hold alike.

use archon_domain::archive::{Field, FieldValue, JsonText};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::{AppearsOnTable, AsExpression, Expression, SelectableExpression, ValidGrouping};
use diesel::pg::{Pg, PgValue};
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::{Json, Text};
use diesel::sqlite::Sqlite;
use uuid::Uuid;

use crate::types::{Id, Ts};

/// JSON as it stands in its column, to the letter.
#[derive(Debug, Clone, AsExpression, FromSqlRow)]
#[diesel(sql_type = Json)]
pub(crate) struct Letters(String);

impl FromSql<Json, Pg> for Letters {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(str::from_utf8(value.as_bytes())?.to_owned()))
    }
}

impl ToSql<Json, Pg> for Letters {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<Text, Pg>::to_sql(&self.0, out)
    }
}

impl FromSql<Json, Sqlite> for Letters {
    fn from_sql(value: <Sqlite as diesel::backend::Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        <String as FromSql<Text, Sqlite>>::from_sql(value).map(Self)
    }
}

impl ToSql<Json, Sqlite> for Letters {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_str());
        Ok(IsNull::No)
    }
}

macro_rules! stored_as {
    ($($column:ty = $value:ty: $into:expr, $from:expr;)*) => {
        $(
            impl FieldValue for $column {
                fn into_field(self) -> Field {
                    let into: fn($column) -> $value = $into;
                    into(self).into_field()
                }

                fn from_field(field: Field) -> Option<Self> {
                    <$value>::from_field(field).map($from)
                }
            }
        )*
    };
}

stored_as! {
    Letters = JsonText: |letters| JsonText(letters.0), |json| Letters(json.0);
    Id = Uuid: |id| id.0, Id;
    Ts = archon_domain::Instant: |at| at.0, Ts;
}

/// A text that is compared byte by byte, as SQLite does anyway and PostgreSQL does when told.
#[derive(Debug, Clone, Copy, QueryId)]
pub(super) struct Bytewise<E>(E);

/// See [`Bytewise`].
pub(super) fn bytewise<E: Expression<SqlType = Text>>(text: E) -> Bytewise<E> {
    Bytewise(text)
}

impl<E: Expression<SqlType = Text>> Expression for Bytewise<E> {
    type SqlType = Text;
}

impl<E: Expression<SqlType = Text> + AppearsOnTable<T>, T> AppearsOnTable<T> for Bytewise<E> {}

impl<E: Expression<SqlType = Text> + SelectableExpression<T>, T> SelectableExpression<T> for Bytewise<E> {}

impl<E: ValidGrouping<G>, G> ValidGrouping<G> for Bytewise<E> {
    type IsAggregate = E::IsAggregate;
}

impl<E: QueryFragment<Pg>> QueryFragment<Pg> for Bytewise<E> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(" COLLATE \"C\"");
        Ok(())
    }
}

impl<E: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Bytewise<E> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}

/// What the next page comes after, as values of the key's columns.
macro_rules! key {
    ($after:expr; $($column:ident: $type:ty),+) => {
        match $after {
            None => None,
            Some(key) => {
                let mut fields = key.fields().iter().cloned();
                Some(($($crate::archive::columns::key_part::<$type>(fields.next(), stringify!($column))?,)+))
            }
        }
    };
}

pub(super) use key;

/// One column of a key.
pub(super) fn key_part<T: FieldValue>(
    field: Option<Field>,
    column: &'static str,
) -> Result<T, archon_domain::StoreError> {
    field.and_then(T::from_field).ok_or_else(|| {
        crate::error::Fault::corrupt(format!("a key without {column}")).at("read a page of records")
    })
}
