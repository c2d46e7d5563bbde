//! Why a server did not let us in, in words that an operator can act on.

use std::error::Error;
use std::io;

use rustls::CertificateError;

use crate::connect_error::ConnectError;
use crate::error::chain;

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
