use std::time::Duration;

use thiserror::Error;

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
