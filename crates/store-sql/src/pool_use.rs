use deadpool::Status;

use crate::SqlStore;
use crate::db::Db;

/// How many connections of a pool are at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolUse {
    /// Which pool: `postgres`, `sqlite_readers` or `sqlite_writer`.
    pub pool: &'static str,
    /// Connections that queries have at the moment.
    pub in_use: usize,
    /// Connections that are open and wait for a query.
    pub idle: usize,
    /// Queries that wait for a connection.
    pub waiting: usize,
    /// Most connections that the pool opens.
    pub max: usize,
}

impl PoolUse {
    fn new(pool: &'static str, status: Status) -> Self {
        let Status { max_size: max, size, available: idle, waiting } = status;
        Self { pool, in_use: size.saturating_sub(idle), idle, waiting, max }
    }
}

impl SqlStore {
    /// How busy the connections are now; asks nobody.
    #[must_use]
    pub fn pools(&self) -> Vec<PoolUse> {
        match &self.db {
            Db::Postgres { pool } => vec![PoolUse::new("postgres", pool.status())],
            Db::Sqlite { readers, writer } => vec![
                PoolUse::new("sqlite_readers", readers.status()),
                PoolUse::new("sqlite_writer", writer.status()),
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the pool of this name is at.
    fn pool(store: &SqlStore, name: &str) -> PoolUse {
        store.pools().into_iter().find(|pool| pool.pool == name).unwrap()
    }

    #[tokio::test]
    async fn connections_are_counted_as_they_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqlStore::open_sqlite(&folder.path().join("archon.db")).unwrap();
        let none = PoolUse { pool: "sqlite_writer", in_use: 0, idle: 0, waiting: 0, max: 1 };
        assert_eq!(pool(&store, "sqlite_writer"), none);
        let Db::Sqlite { writer, .. } = store.db.clone() else { panic!("it is a file") };
        let first = writer.get().await.unwrap();
        assert_eq!(pool(&store, "sqlite_writer"), PoolUse { in_use: 1, ..none });
        let second = tokio::spawn(async move { writer.get().await.map(drop).is_ok() });
        while pool(&store, "sqlite_writer").waiting == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool(&store, "sqlite_writer"), PoolUse { in_use: 1, waiting: 1, ..none });
        drop(first);
        assert!(second.await.unwrap());
        assert_eq!(pool(&store, "sqlite_writer"), PoolUse { idle: 1, ..none });
        assert_eq!(pool(&store, "sqlite_readers").max, 4);
    }
}
