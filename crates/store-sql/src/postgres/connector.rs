//! Making connections: the one place that speaks to the server before diesel does.

use std::collections::HashMap;
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, SslNegotiation};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::PostgresOptions;
use super::connection::{PgConnection, Sharing, Watch};
use super::parameters::{self, Mode, TlsParameters};
use super::suspicion::Suspicion;
use super::tls;
use crate::connect_error::ConnectError;
use crate::error::{OpenError, chain};

/// How much longer than the server works on a statement we wait for its answer: the server, if it is
/// there, has said by then that it gave up.
const MARGIN: Duration = Duration::from_secs(2);

/// When TCP asks whether an idle connection's other end is still there; the systems' own default is 2 hours.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;

/// Makes connections.
#[derive(Clone)]
pub(crate) struct Connector {
    config: Config,
    tls: MakeRustlsConnect,
    options: PostgresOptions,
    suspicion: Suspicion,
}

impl Connector {
    pub(super) fn new(url: &str, options: PostgresOptions) -> Result<Self, OpenError> {
        options.check()?;
        let (tls, rest) = parameters::split(url)?;
        let mut config: Config = rest.parse().map_err(|cause| OpenError::Url(chain(&cause)))?;
        if config.get_hosts().is_empty() {
            return Err(OpenError::Url("it names no host".to_owned()));
        }
        if config.get_application_name().is_none() {
            config.application_name("archon-auth");
        }
        config.ssl_mode(ssl_mode(&config, &tls)?);
        watch_idle_connections(&mut config, &options);
        Ok(Self { config, tls: tls::connector(&tls)?, options, suspicion: Suspicion::default() })
    }

    pub(super) fn options(&self) -> &PostgresOptions {
        &self.options
    }

    /// Connects for queries.
    async fn connect(&self) -> Result<PgConnection, ConnectError> {
        self.connect_for(Some(self.options.statement_timeout)).await
    }

    /// Connects for migrations, whose statements take their time.
    pub(super) async fn connect_patiently(&self) -> Result<PgConnection, ConnectError> {
        self.connect_for(None).await
    }

    async fn connect_for(&self, statement_timeout: Option<Duration>) -> Result<PgConnection, ConnectError> {
        let limit = self.options.acquire_timeout;
        let connected = tokio::time::timeout(limit, self.converse(statement_timeout)).await;
        connected.unwrap_or(Err(ConnectError::Silent(limit)))
    }

    async fn converse(&self, statement_timeout: Option<Duration>) -> Result<PgConnection, ConnectError> {
        let (client, driver) = self.config.connect(self.tls.clone()).await?;
        let driver = tokio::spawn(driver).abort_handle();
        let patience = statement_timeout.map(|limit| limit + MARGIN);
        let watch = Watch::new(patience, self.suspicion.for_new());
        if self.options.transaction_pooler {
            let begin = self.begin(statement_timeout);
            return Ok(PgConnection::new(client, driver, Sharing::ByTransaction { begin }, watch));
        }
        let mut connection = PgConnection::new(client, driver, Sharing::Alone(HashMap::new()), watch);
        connection.set_up(&self.session_settings(statement_timeout)).await?;
        Ok(connection)
    }

    /// The queries are written for READ COMMITTED. Not as startup options: poolers refuse those.
    fn session_settings(&self, statement_timeout: Option<Duration>) -> String {
        let isolation = "SET default_transaction_isolation = 'read committed'".to_owned();
        self.settings(isolation, "SET", statement_timeout)
    }

    /// What begins a transaction in a session that others use between ours: nothing we set may stay.
    fn begin(&self, statement_timeout: Option<Duration>) -> String {
        self.settings("BEGIN ISOLATION LEVEL READ COMMITTED".to_owned(), "SET LOCAL", statement_timeout)
    }

    fn settings(&self, mut sql: String, set: &str, statement_timeout: Option<Duration>) -> String {
        let statement = statement_timeout.unwrap_or_default().as_millis();
        // A process that froze or lost its network in a transaction must not hold its locks for hours.
        let idle = statement_timeout.map(|limit| limit + MARGIN).unwrap_or_default().as_millis();
        sql.push_str(&format!(
            "; {set} statement_timeout = {statement}; {set} idle_in_transaction_session_timeout = {idle}"
        ));
        if let Some(schema) = &self.options.schema {
            sql.push_str(&format!("; {set} search_path = {schema}"));
        }
        sql
    }
}

/// What the driver must do about TLS; what is asked of certificates is for [`tls::connector`].
fn ssl_mode(config: &Config, tls: &TlsParameters) -> Result<SslMode, OpenError> {
    // As in libpq: what stays on the machine goes in clear.
    if config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_))) {
        return Ok(SslMode::Disable);
    }
    let direct = config.get_ssl_negotiation() == SslNegotiation::Direct;
    match tls.mode {
        Mode::Disable | Mode::Prefer if direct => {
            Err(OpenError::Tls("sslnegotiation=direct needs sslmode=require or more".to_owned()))
        }
        Mode::Disable => Ok(SslMode::Disable),
        Mode::Prefer => Ok(SslMode::Prefer),
        Mode::Require | Mode::VerifyCa | Mode::VerifyFull => Ok(SslMode::Require),
    }
}

/// Notices a server that went away without a word, unless the URL says how.
fn watch_idle_connections(config: &mut Config, options: &PostgresOptions) {
    if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
        config.keepalives_idle(KEEPALIVE_IDLE);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(KEEPALIVE_INTERVAL);
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(KEEPALIVE_RETRIES);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(options.statement_timeout + MARGIN);
    }
}

impl Manager for Connector {
    type Type = PgConnection;
    type Error = ConnectError;

    async fn create(&self) -> Result<PgConnection, ConnectError> {
        self.connect().await
    }

    // Without a ping, which would double each query's round trips: a closed connection is noticed as it is.
    async fn recycle(&self, connection: &mut PgConnection, _: &Metrics) -> RecycleResult<ConnectError> {
        if connection.is_sound() { Ok(()) } else { Err(RecycleError::message("it is not sound any more")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_session_or_transaction_is_set_up_alike() {
        let options = PostgresOptions { schema: Some("tenant".to_owned()), ..PostgresOptions::default() };
        let connector = Connector::new("postgres://localhost", options).unwrap();
        let limit = Some(Duration::from_secs(10));
        assert_eq!(
            connector.session_settings(limit),
            "SET default_transaction_isolation = 'read committed'; SET statement_timeout = 10000; \
             SET idle_in_transaction_session_timeout = 12000; SET search_path = tenant"
        );
        assert_eq!(
            connector.begin(None),
            "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0; \
             SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL search_path = tenant"
        );
    }
}
