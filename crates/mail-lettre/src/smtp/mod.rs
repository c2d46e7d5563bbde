//! A mail server, and what is to be made of its answers.

mod conversation;
mod pool;
mod server;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use archon_domain::{DeliveryError, StoreError, StoreErrorKind};
use lettre::Message;
use lettre::transport::smtp;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use self::conversation::Letter;
use self::pool::Pool;
use self::server::Server;
use crate::PostmanError;
use crate::plain::one_line;

/// How to reach the mail server.
#[derive(Clone)]
pub struct SmtpSettings {
    /// `smtp://user:password@host:587` for STARTTLS or `smtps://user:password@host:465` for TLS.
    ///
    /// With `smtp://`, TLS is required when there is a password, and used when it is offered otherwise;
    /// `?tls=required`, `?tls=opportunistic` or `?tls=none` decides it. A path is the name for EHLO, and
    /// `?ca_file=` stands for [`ca_file`](Self::ca_file).
    pub url: String,
    /// A PEM file of the authorities that alone are trusted to vouch for the server; `None` for those of
    /// the machine.
    pub ca_file: Option<PathBuf>,
    /// How long sending one mail may take, connection and all; the server's slowness never holds up more.
    pub timeout: Duration,
    /// How long the server's host may take to answer at each of its addresses.
    pub connect_timeout: Duration,
    /// How long a connection is kept for the next mail.
    pub idle_timeout: Duration,
    /// How many mails are sent at a time; 1 or more.
    pub concurrency: usize,
}

impl SmtpSettings {
    /// A server with the default times (30 s for a mail, 10 s to connect, 5 s idle) and concurrency (4).
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ca_file: None,
            timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(5),
            concurrency: 4,
        }
    }
}

impl fmt::Debug for SmtpSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SmtpSettings")
            .field("timeout", &self.timeout)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

/// A mail server.
pub(crate) struct Smtp {
    server: Server,
    pool: Pool,
    timeout: Duration,
    /// As many connections at a time as servers like.
    places: Semaphore,
}

impl Smtp {
    pub(crate) fn new(settings: &SmtpSettings) -> Result<Self, PostmanError> {
        Ok(Self {
            server: Server::new(settings)?,
            pool: Pool::new(settings.idle_timeout),
            timeout: settings.timeout,
            places: Semaphore::new(settings.concurrency.max(1)),
        })
    }

    /// Returns when the server has taken the mail.
    pub(crate) async fn send(&self, message: &Message) -> Result<(), DeliveryError> {
        let letter = Letter::new(message)?;
        // Never closed, so a place is always had in the end.
        let _place =
            self.places.acquire().await.map_err(|error| DeliveryError::Temporary(error.to_string()))?;
        let Ok(outcome) = timeout(self.timeout, self.attempt(&letter)).await else {
            return Err(DeliveryError::Temporary(self.no_answer()));
        };
        outcome
    }

    /// A connection that is dropped half-way never comes back to the pool: the late answer to this mail
    /// would be read as one to the next.
    async fn attempt(&self, letter: &Letter) -> Result<(), DeliveryError> {
        let mut connection = self.connection().await.map_err(DeliveryError::Temporary)?;
        let outcome = letter.hand_over(&mut connection).await;
        if conversation::is_ready_for_more(&mut connection, outcome.as_ref().err()).await {
            self.pool.keep(connection);
        }
        outcome.map_err(|error| judge(&error))
    }

    /// A connection of the pool that is still alive, or a new one.
    ///
    /// What a server answers before it has heard of a mail is no judgement of the mail, so each failure
    /// here is worth another try.
    async fn connection(&self) -> Result<AsyncSmtpConnection, String> {
        while let Some(mut kept) = self.pool.take() {
            if kept.test_connected().await {
                return Ok(kept);
            }
        }
        self.server.connect().await
    }

    pub(crate) async fn probe(&self) -> Result<(), StoreError> {
        let unavailable = StoreError::new(StoreErrorKind::Unavailable, "reach the mail server");
        match timeout(self.timeout, self.connection()).await {
            Ok(Ok(connection)) => {
                self.pool.keep(connection);
                Ok(())
            }
            Ok(Err(reason)) => Err(unavailable.with_source(reason)),
            Err(_) => Err(unavailable.with_source(self.no_answer())),
        }
    }

    fn no_answer(&self) -> String {
        format!("no answer within {:?}", self.timeout)
    }
}

/// Whether trying again can help. Only the server's own "never" is final; a log-in that it asks for or has
/// refused (RFC 4954 section 6) is the operator's business and no reason to drop a user's mail.
fn judge(error: &smtp::Error) -> DeliveryError {
    let code = error.status().map(|code| code.to_string());
    let is_configuration = matches!(code.as_deref(), Some("530" | "534" | "535"));
    if error.is_permanent() && !is_configuration {
        DeliveryError::Permanent(said(error))
    } else {
        DeliveryError::Temporary(said(error))
    }
}

/// What went wrong with a server: its answer as it was given, where it has given one.
fn said(error: &smtp::Error) -> String {
    match (error.status(), std::error::Error::source(error)) {
        (Some(code), Some(text)) => bounded(&format!("{code} {text}")),
        _ => causes(error),
    }
}

/// An error with its causes.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        // Some libraries repeat their cause in their own words.
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    let mut parts: Vec<&str> = text.split(": ").collect();
    parts.dedup();
    bounded(&parts.join(": "))
}

/// One line of bounded length of a text that may be whatever a server says.
fn bounded(text: &str) -> String {
    const LONGEST: usize = 1000;
    one_line(text).chars().take(LONGEST).collect()
}
