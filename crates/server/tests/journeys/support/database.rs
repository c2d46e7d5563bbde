//! Databases, from outside.

use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;

use super::outside::{python, run};

/// A PostgreSQL database of its own, dropped with the value.
pub(crate) struct Database {
    server: String,
    name: String,
}

impl Database {
    pub(crate) fn create() -> anyhow::Result<Self> {
        let server = std::env::var("ARCHON_TEST_POSTGRES_URL").ok().context(
            "ARCHON_TEST_POSTGRES_URL is not set: run the tests with scripts/test.sh, which starts a \
             PostgreSQL server for them, or set it to postgres://user:password@host:port/database of a \
             server on which databases may be created",
        )?;
        let name = format!("archon_journey_{:016x}", RandomState::new().hash_one(std::process::id()));
        let database = Self { server, name };
        psql(&database.server, &format!("CREATE DATABASE {}", database.name))?;
        Ok(database)
    }

    /// What `database.url` has to be.
    pub(crate) fn url(&self) -> String {
        match self.server.rsplit_once('/') {
            Some((server, _)) => format!("{server}/{}", self.name),
            None => self.server.clone(),
        }
    }

    /// Runs a statement; returns what it yields.
    pub(crate) fn run(&self, statement: &str) -> anyhow::Result<String> {
        psql(&self.url(), statement)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let _ = psql(&self.server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

fn psql(url: &str, statement: &str) -> anyhow::Result<String> {
    let mut command = Command::new("psql");
    command.args(["--no-psqlrc", "--no-password", "--quiet", "--tuples-only", "--no-align"]);
    command.args(["--set", "ON_ERROR_STOP=1", "--dbname", url, "--command", statement]);
    run(&mut command, "").context("psql (of PostgreSQL's client programs) did not do it")
}

/// Changes a SQLite database that no service has open; `statement` as SQLite understands it.
pub(crate) fn change_sqlite(file: &Path, statement: &str) -> anyhow::Result<()> {
    const PROGRAM: &str = "import sqlite3, sys\n\
        connection = sqlite3.connect(sys.argv[1])\n\
        with connection: connection.executescript(sys.argv[2])";
    run(python()?.arg("-c").arg(PROGRAM).arg(file).arg(statement), "").map(drop)
}

/// Reads a SQLite database, also while a service has it open; the rows, with `parameters` in place of `?`.
pub(crate) fn read_sqlite(
    file: &Path,
    query: &str,
    parameters: &[&str],
) -> anyhow::Result<Vec<serde_json::Value>> {
    const PROGRAM: &str = "import json, sqlite3, sys\n\
        connection = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True)\n\
        print(json.dumps(connection.execute(sys.argv[2], sys.argv[3:]).fetchall()))";
    let mut command = python()?;
    let printed = run(command.arg("-c").arg(PROGRAM).arg(file).arg(query).args(parameters), "")?;
    Ok(serde_json::from_str(&printed)?)
}
