//! The embedded migrations and how they are applied: by one process at a time, on a thread that may block.

use std::collections::BTreeSet;
use std::path::PathBuf;

use diesel::backend::Backend;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::error::OpenError;
use crate::{postgres, sqlite};

const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Where to connect for migrations: never through the pools, whose time limits are for queries.
#[derive(Clone)]
pub(crate) enum Source {
    /// A PostgreSQL server.
    Postgres(Box<postgres::Connector>),
    /// A SQLite file.
    Sqlite {
        /// The file, for messages.
        path: PathBuf,
        /// The file as diesel wants it.
        url: String,
    },
}

impl Source {
    /// Applies what is pending.
    pub(crate) async fn migrate(&self) -> Result<Vec<String>, OpenError> {
        match self {
            Self::Postgres(connector) => {
                postgres::with_migration_lock(connector, |c| apply::<Pg>(c, &POSTGRES)).await
            }
            Self::Sqlite { path, url } => {
                sqlite::with_migration_lock(path, url, |c| apply::<Sqlite>(c, &SQLITE)).await
            }
        }
    }

    /// Names what is pending.
    pub(crate) async fn pending(&self) -> Result<Vec<String>, OpenError> {
        match self {
            Self::Postgres(connector) => {
                postgres::with_migration_lock(connector, |c| pending::<Pg>(c, &POSTGRES).map(names)).await
            }
            Self::Sqlite { path, url } => {
                sqlite::with_migration_lock(path, url, |c| pending::<Sqlite>(c, &SQLITE).map(names)).await
            }
        }
    }
}

type Migrations<B> = Vec<Box<dyn Migration<B>>>;

fn apply<B: Backend>(
    harness: &mut impl MigrationHarness<B>,
    source: &impl MigrationSource<B>,
) -> Result<Vec<String>, OpenError> {
    let pending = pending(harness, source)?;
    for migration in &pending {
        let applied = harness.run_migration(migration);
        applied.map_err(|cause| OpenError::Migration(format!("{}: {cause}", migration.name())))?;
    }
    Ok(names(pending))
}

/// What is not applied yet; an error when something is applied that this binary does not know.
fn pending<B: Backend>(
    harness: &mut impl MigrationHarness<B>,
    source: &impl MigrationSource<B>,
) -> Result<Migrations<B>, OpenError> {
    let failed = |cause: Box<dyn std::error::Error + Send + Sync>| OpenError::Migration(cause.to_string());
    let mut known = source.migrations().map_err(failed)?;
    known.sort_by(|a, b| a.name().version().cmp(&b.name().version()));
    let versions: BTreeSet<String> = known.iter().map(|each| each.name().version().to_string()).collect();
    let applied = harness.applied_migrations().map_err(failed)?;
    let applied: BTreeSet<String> = applied.iter().map(ToString::to_string).collect();
    let unknown: Vec<String> = applied.difference(&versions).cloned().collect();
    if !unknown.is_empty() {
        return Err(OpenError::NewerSchema(unknown));
    }
    known.retain(|migration| !applied.contains(&migration.name().version().to_string()));
    Ok(known)
}

fn names<B: Backend>(migrations: Migrations<B>) -> Vec<String> {
    migrations.iter().map(|migration| migration.name().to_string()).collect()
}
