use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

use super::take_away;

/// A schema of PostgreSQL, dropped with the value.
pub(super) struct Schema {
    server: Config,
    name: String,
}

/// How long the server may take to let us in, and to give up what others still hold.
const PATIENCE: Duration = Duration::from_secs(10);

impl Schema {
    /// Creates a schema.
    pub(super) async fn make(url: &str, name: &str) -> anyhow::Result<Self> {
        let server = read(url)?;
        let client = connect(&server).await?;
        match client.batch_execute(&format!("CREATE SCHEMA {name}")).await {
            Ok(()) => Ok(Self { server, name: name.to_owned() }),
            Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                let (user, database) = (server.get_user().unwrap_or("?"), database(&server));
                bail!(
                    "{user} may not create schemas in the database {database}, and each test server needs one of \
                     its own; as the database's owner: GRANT CREATE ON DATABASE {database} TO {user}"
                )
            }
            Err(error) => Err(error).context("the schema of the test server cannot be created"),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let by_hand = format!("DROP SCHEMA {} CASCADE", self.name);
        let (server, statement) = (self.server.clone(), by_hand.clone());
        let work = async move {
            let client = connect(&server).await?;
            let patience = format!("SET lock_timeout = {}", PATIENCE.as_millis());
            Ok(client.batch_execute(&format!("{patience}; {statement}")).await?)
        };
        take_away(&format!("the schema {}", self.name), &by_hand, work);
    }
}

fn read(url: &str) -> anyhow::Result<Config> {
    // The parser's own words, since they do not repeat the URL, which may hold a password.
    let parsed = url.parse::<Config>().map_err(|error| {
        anyhow!(
            "the URL of PostgreSQL cannot be read ({}): it must look like \
             postgres://user:password@localhost:5432/database, without TLS",
            chain(&error)
        )
    });
    let mut server = parsed?;
    if server.get_ssl_mode() == SslMode::Require {
        bail!(
            "the URL of PostgreSQL asks for TLS, which the test kit does not speak: use a server for tests \
             with sslmode=disable"
        );
    }
    if server.get_connect_timeout().is_none() {
        server.connect_timeout(PATIENCE);
    }
    Ok(server)
}

async fn connect(server: &Config) -> anyhow::Result<Client> {
    let (client, connection) = server.connect(NoTls).await.map_err(|error| {
        anyhow!(
            "PostgreSQL at {} does not let the test server in ({}): start it, or correct the URL's host, user, \
             password and database",
            hosts(server),
            chain(&error)
        )
    })?;
    // It ends with the client; what it would say of that, the client's own calls say as well.
    tokio::spawn(connection);
    Ok(client)
}

fn hosts(server: &Config) -> String {
    let ports = server.get_ports();
    let named = server.get_hosts().iter().enumerate().map(|(index, host)| {
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        match host {
            Host::Tcp(name) => format!("{name}:{port}"),
            #[cfg(unix)]
            Host::Unix(path) => path.display().to_string(),
        }
    });
    named.collect::<Vec<_>>().join(", ")
}

fn database(server: &Config) -> &str {
    server.get_dbname().or(server.get_user()).unwrap_or("?")
}

/// An error with its causes; the driver's own text says little.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}
