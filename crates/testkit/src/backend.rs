use std::env::{VarError, var};

use anyhow::{Context as _, bail};

/// Where a test server keeps what it knows. Each server has a place of its own there, which is removed when
/// the server is dropped, also when its test has panicked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Backend {
    /// In memory: the quickest, and the reference for the others.
    #[default]
    Memory,
    /// In a SQLite file in a temporary folder.
    Sqlite,
    /// In a schema of its own on a PostgreSQL server.
    Postgres {
        /// Such as `postgres://user:password@localhost:5432/database`, of a user who may create schemas.
        url: String,
    },
    /// As [`Backend::Postgres`], with keys of its own prefix on a Redis server in front.
    PostgresAndRedis {
        /// As in [`Backend::Postgres`].
        postgres_url: String,
        /// Such as `redis://localhost:6379`.
        redis_url: String,
    },
}

impl Backend {
    /// The environment variable that names a PostgreSQL server for tests.
    pub const POSTGRES_URL: &str = "ARCHON_TEST_POSTGRES_URL";

    /// The environment variable that names a Redis server for tests.
    pub const REDIS_URL: &str = "ARCHON_TEST_REDIS_URL";

    /// PostgreSQL at this URL.
    #[must_use]
    pub fn postgres(url: &str) -> Self {
        Self::Postgres { url: url.to_owned() }
    }

    /// PostgreSQL and Redis at these URLs.
    #[must_use]
    pub fn postgres_and_redis(postgres_url: &str, redis_url: &str) -> Self {
        Self::PostgresAndRedis { postgres_url: postgres_url.to_owned(), redis_url: redis_url.to_owned() }
    }

    /// What the environment says: PostgreSQL where [`POSTGRES_URL`](Self::POSTGRES_URL) is set, with Redis
    /// where [`REDIS_URL`](Self::REDIS_URL) is set as well, and memory where neither is. So one suite runs
    /// in memory on a laptop and on real servers where they are provided.
    ///
    /// # Errors
    /// When Redis is named without PostgreSQL, or a value is not UTF-8.
    pub fn from_env() -> anyhow::Result<Self> {
        match (read(Self::POSTGRES_URL)?, read(Self::REDIS_URL)?) {
            (None, None) => Ok(Self::Memory),
            (Some(postgres), None) => Ok(Self::postgres(&postgres)),
            (Some(postgres), Some(redis)) => Ok(Self::postgres_and_redis(&postgres, &redis)),
            (None, Some(_)) => bail!(
                "{} is set but {} is not: Redis stands in front of PostgreSQL, so name both",
                Self::REDIS_URL,
                Self::POSTGRES_URL
            ),
        }
    }
}

fn read(name: &str) -> anyhow::Result<Option<String>> {
    match var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(VarError::NotPresent) => Ok(None),
        Err(error) => Err(error).with_context(|| name.to_owned()),
    }
}
