use std::fmt;
use std::time::Duration;

use archon_domain::{DeliveryError, StoreError, StoreErrorKind};
use lettre::transport::smtp;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::PostmanError;

/// How to reach the mail server.
#[derive(Clone)]
pub struct SmtpSettings {
    /// `smtp://user:password@host:587` for STARTTLS or `smtps://user:password@host:465` for TLS.
    ///
    /// With `smtp://`, TLS is required when there is a password, and used when it is offered otherwise;
    /// `?tls=required`, `?tls=opportunistic` or `?tls=none` decides it. A path is the name for EHLO.
    pub url: String,
    /// How long sending one mail may take, connection and all; the server's slowness never holds up more.
    pub timeout: Duration,
    /// How many mails are sent at a time; 1 or more.
    pub concurrency: usize,
}

impl SmtpSettings {
    /// A server with the default timeout (30 s) and concurrency (4).
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), timeout: Duration::from_secs(30), concurrency: 4 }
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
///
/// Each mail has a connection of its own (lettre's feature `pool` is off): a pool takes back a connection
/// whose mail ran into the timeout, and the late answer to that mail is then read as one to the next.
pub(crate) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    timeout: Duration,
    /// As many connections at a time as servers like.
    places: Semaphore,
}

impl Smtp {
    pub(crate) fn new(settings: &SmtpSettings) -> Result<Self, PostmanError> {
        let unusable = |reason: String| PostmanError::SmtpUrl { reason };
        let url = with_tls_decided(&settings.url);
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(&url);
        let builder = builder.map_err(|error| unusable(causes(&error)))?;
        Ok(Self {
            transport: builder.timeout(Some(settings.timeout)).build(),
            timeout: settings.timeout,
            places: Semaphore::new(settings.concurrency.max(1)),
        })
    }

    /// Returns when the server has taken the mail.
    pub(crate) async fn send(&self, message: Message) -> Result<(), DeliveryError> {
        // Never closed, so a place is always had in the end.
        let _place =
            self.places.acquire().await.map_err(|error| DeliveryError::Temporary(error.to_string()))?;
        // lettre's own timeout covers the connection only: a silent server would hold the mail for ever.
        match timeout(self.timeout, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(judge(&error)),
            Err(_) => Err(DeliveryError::Temporary(format!("no answer within {:?}", self.timeout))),
        }
    }

    pub(crate) async fn probe(&self) -> Result<(), StoreError> {
        let unavailable = StoreError::new(StoreErrorKind::Unavailable, "reach the mail server");
        match timeout(self.timeout, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(unavailable.with_source("the server did not answer NOOP with 250")),
            Ok(Err(error)) => Err(unavailable.with_source(error)),
            Err(_) => Err(unavailable.with_source(format!("no answer within {:?}", self.timeout))),
        }
    }
}

/// Says what lettre leaves open: `smtp://` alone would send a password in clear.
fn with_tls_decided(url: &str) -> String {
    let Some(rest) = url.strip_prefix("smtp://") else { return url.to_owned() };
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let has_password = place.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    match query {
        "" if has_password => format!("smtp://{place}?tls=required"),
        "" => format!("smtp://{place}?tls=opportunistic"),
        "tls=none" => format!("smtp://{place}"),
        _ => url.to_owned(),
    }
}

/// Whether trying again can help. Only the server's own "never" is final; a refused log-in is the
/// operator's fault and no reason to drop a user's mail.
fn judge(error: &smtp::Error) -> DeliveryError {
    let code = error.status().map(|code| code.to_string());
    let is_configuration = matches!(code.as_deref(), Some("530" | "534" | "535"));
    if error.is_permanent() && !is_configuration {
        DeliveryError::Permanent(causes(error))
    } else {
        DeliveryError::Temporary(causes(error))
    }
}

/// An error with its causes in one line.
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
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_sent_in_clear_unless_told() {
        let decided = [
            ("smtp://u:p@mail.example:587", "smtp://u:p@mail.example:587?tls=required"),
            ("smtp://u:p@mail.example?tls=none", "smtp://u:p@mail.example"),
            ("smtp://u:p@mail.example?tls=opportunistic", "smtp://u:p@mail.example?tls=opportunistic"),
            ("smtp://localhost:1025", "smtp://localhost:1025?tls=opportunistic"),
            ("smtp://localhost:1025/me.example", "smtp://localhost:1025/me.example?tls=opportunistic"),
            ("smtps://u:p@mail.example", "smtps://u:p@mail.example"),
        ];
        for (url, expected) in decided {
            assert_eq!(with_tls_decided(url), expected);
            assert!(Smtp::new(&SmtpSettings::new(url)).is_ok(), "{url}");
        }
    }

    #[test]
    fn an_unusable_url_is_refused_without_showing_its_password() {
        for url in ["", "mail.example", "http://u:secret@mail.example", "smtp://u:secret@h?tls=maybe"] {
            let error = Smtp::new(&SmtpSettings::new(url)).err().unwrap().to_string();
            assert!(error.contains("smtps://") && !error.contains("secret"), "{error}");
        }
        assert!(!format!("{:?}", SmtpSettings::new("smtp://u:secret@h")).contains("secret"));
    }
}
