//! Lists that the database merges into one.

use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::serialize::ToSql;
use diesel::sql_types::{BigInt, HasSqlType};
use diesel::sqlite::Sqlite;

/// The first rows of several queries together, in one order: `UNION ALL` in one statement, so that all of it is true
/// at the same instant.
///
/// Where each part finds its rows in that order by an index, both engines merge as they go and read no more of any
/// part than they need. PostgreSQL does so where each part is in order by itself; SQLite takes no order there.
#[derive(Debug, Clone)]
pub(crate) struct Merged<Q> {
    /// The queries; at least one.
    pub(crate) parts: Vec<Q>,
    /// What stands behind `ORDER BY`: names of columns that the parts select.
    pub(crate) order: &'static str,
    /// Most rows of the whole.
    pub(crate) limit: i64,
}

impl<Q> Merged<Q> {
    /// The parts, each as `walk` writes it, with `UNION ALL` between them.
    fn walk_parts<'b, DB: Backend>(
        &'b self,
        mut out: AstPass<'_, 'b, DB>,
        walk: impl Fn(&'b Q, AstPass<'_, 'b, DB>) -> QueryResult<()>,
    ) -> QueryResult<()> {
        for (number, part) in self.parts.iter().enumerate() {
            if number > 0 {
                out.push_sql(" UNION ALL ");
            }
            walk(part, out.reborrow())?;
        }
        Ok(())
    }

    fn walk_beginning<'b, DB>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()>
    where
        DB: Backend + HasSqlType<BigInt>,
        i64: ToSql<BigInt, DB>,
    {
        out.push_sql(" ORDER BY ");
        out.push_sql(self.order);
        out.push_sql(" LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.limit)
    }
}

impl<Q: Query> Query for Merged<Q> {
    type SqlType = Q::SqlType;
}

/// The text depends on how many parts there are.
impl<Q> QueryId for Merged<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Merged<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // A part alone is in order by the order of the whole, and may not have two.
        if self.parts.len() == 1 {
            self.walk_parts(out.reborrow(), |part, out| part.walk_ast(out))?;
            return self.walk_beginning(out);
        }
        self.walk_parts(out.reborrow(), |part, mut out| {
            out.push_sql("(");
            part.walk_ast(out.reborrow())?;
            self.walk_beginning(out.reborrow())?;
            out.push_sql(")");
            Ok(())
        })?;
        self.walk_beginning(out)
    }
}

impl<Q: QueryFragment<Sqlite>> QueryFragment<Sqlite> for Merged<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.walk_parts(out.reborrow(), |part, out| part.walk_ast(out))?;
        self.walk_beginning(out)
    }
}
