//! Why a server did not let us in, in words that an operator can act on.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::CertificateError;
use thiserror::Error;

use crate::error::chain;

/// Why there is no connection to a PostgreSQL server; each message says what to do.
///
/// Told apart by SQLSTATEs and by the TLS library's own errors, never by the server's words: those are in
/// the server's language.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// Nobody listens there, or the network does not lead there.
    #[error(
        "the database server cannot be reached ({0}); check that it runs, and the database URL's host and port"
    )]
    Away(String),
    /// Somebody took the connection and did not finish the conversation in time.
    #[error(
        "the database server does not answer within {0:?}; check that it runs, that the database URL's host \
         and port are PostgreSQL's, and that no firewall swallows the connection"
    )]
    Silent(Duration),
    /// The server starts, stops, or has no place left.
    #[error(
        "the database server takes no connections at the moment ({0}); it may be starting or full (max_connections)"
    )]
    Busy(String),
    /// The user or the password is wrong, or is missing.
    #[error("the database server refuses the user or the password ({0}); check both in the database URL")]
    Password(String),
    /// The server's rules do not let this user in from here, or not in this way.
    #[error(
        "the database server's rules keep us out ({0}); check pg_hba.conf, the user in the database URL, and \
         whether the server asks for TLS (sslmode) or for a client certificate (sslcert and sslkey)"
    )]
    Rules(String),
    /// There is no such database.
    #[error("there is no such database ({0}); create it, or correct the name at the end of the database URL")]
    NoDatabase(String),
    /// The server has no TLS, and we were told not to go in clear.
    #[error(
        "the database server has no TLS; switch it on there (ssl = on), or use sslmode=disable on a network \
         that you trust"
    )]
    NoTls,
    /// The server's certificate is for somebody else.
    #[error(
        "the database server's certificate is for another name ({0}); use the name it is for as the database \
         URL's host, issue one with the host as a subjectAltName (a common name does not count), or use \
         sslmode=verify-ca"
    )]
    WrongName(String),
    /// The server's certificate is out of date.
    #[error("the database server's certificate is not valid now ({0}); renew it, and check both clocks")]
    Expired(String),
    /// The server's certificate is of an authority that we do not trust.
    #[error(
        "the database server's certificate is not trusted ({0}); name the file of its authority by \
         sslrootcert (the server's certificate must not be the authority's own)"
    )]
    Untrusted(String),
    /// The server broke off TLS, mostly because of our certificate.
    #[error(
        "the database server breaks off TLS ({0}); check the client certificate that it asks for (sslcert \
         and sslkey), and the TLS versions that it takes"
    )]
    TlsBroken(String),
    /// Anything else.
    #[error("the database server does not let us in ({0}); check the database URL and the server's log")]
    Other(String),
}

impl From<tokio_postgres::Error> for ConnectError {
    fn from(cause: tokio_postgres::Error) -> Self {
        let text = chain(&cause);
        if let Some(refusal) = cause.as_db_error() {
            return by_sqlstate(refusal.code().code(), text);
        }
        if let Some(tls) = tls_error(&cause) {
            return by_tls(tls, text);
        }
        // The driver's own words; it has no kinds for these.
        if text.ends_with("server does not support TLS") {
            Self::NoTls
        } else if text.starts_with("authentication error") || text.ends_with("password missing") {
            Self::Password(text)
        } else if tls_was_done(&text) {
            Self::TlsBroken(text)
        } else if io_error(&cause).is_some() || cause.is_closed() {
            Self::Away(text)
        } else {
            Self::Other(text)
        }
    }
}

fn by_sqlstate(state: &str, text: String) -> ConnectError {
    let text = format!("{text}, SQLSTATE {state}");
    match state {
        "08P01" => by_words_of_pgbouncer(text),
        "28P01" => ConnectError::Password(text),
        "3D000" => ConnectError::NoDatabase(text),
        _ if state.starts_with("28") => ConnectError::Rules(text),
        // A pooler that lost its server; out of connections or memory; starting or stopping.
        _ if ["08", "53", "57"].iter().any(|class| state.starts_with(class)) => ConnectError::Busy(text),
        _ => ConnectError::Other(text),
    }
}

/// PgBouncer has one SQLSTATE for whatever it refuses itself, and one language.
fn by_words_of_pgbouncer(text: String) -> ConnectError {
    if ["authentication failed", "no such user"].iter().any(|words| text.contains(words)) {
        ConnectError::Password(text)
    } else if text.contains("no such database") {
        ConnectError::NoDatabase(text)
    } else {
        ConnectError::Busy(text)
    }
}

fn by_tls(cause: &rustls::Error, text: String) -> ConnectError {
    use CertificateError as Certificate;
    match cause {
        rustls::Error::InvalidCertificate(fault) => match fault {
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => {
                ConnectError::WrongName(text)
            }
            Certificate::Expired
            | Certificate::ExpiredContext { .. }
            | Certificate::NotValidYet
            | Certificate::NotValidYetContext { .. } => ConnectError::Expired(text),
            _ => ConnectError::Untrusted(text),
        },
        _ => ConnectError::TlsBroken(text),
    }
}

fn tls_was_done(text: &str) -> bool {
    text.starts_with("error performing TLS handshake")
}

/// The TLS library's error, which the driver hands on inside an I/O error.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    io_error(error)?.get_ref()?.downcast_ref()
}

fn io_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    std::iter::successors(Some(error), |&cause| cause.source()).find_map(|cause| cause.downcast_ref())
}
