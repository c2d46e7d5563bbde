use diesel::result::QueryResult;

/// Rows that can be stored through a connection.
pub(crate) trait Put<C>: Sized {
    /// Stores rows, each in the place of the one with its primary key; inside a transaction.
    async fn put(rows: Vec<Self>, connection: &mut C) -> QueryResult<()>;
}
