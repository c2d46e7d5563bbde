//! Where Redis is and how it is used.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

/// Where Redis is and how it is used.
#[derive(Clone)]
pub struct RedisOptions {
    /// `redis://user:password@host:6379/0`, with TLS `rediss://...`, or `redis+unix:///path?db=0`. Whether a
    /// cluster is there is found out at connect; `redis-cluster://` and `rediss-cluster://` insist on one. Several
    /// nodes of a cluster are given as `host:port,host:port`.
    pub url: String,
    /// Stands in front of every key; default nothing. A prefix with a hash tag (`{auth}:`) keeps all keys of a
    /// cluster on one node.
    pub key_prefix: String,
    /// How long a connection may take to be made; default 1 s.
    pub connect_timeout: Duration,
    /// How long Redis may be silent before the connection is given up; default 1 s. Callers set their own limits.
    pub response_timeout: Duration,
    /// Names one-time tokens by their SHA-256; default off.
    pub hash_tokens: bool,
    /// A file of certificates in PEM form to trust in place of the platform's; needs TLS.
    pub ca_file: Option<PathBuf>,
}

impl RedisOptions {
    /// The defaults for a URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            key_prefix: String::new(),
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_secs(1),
            hash_tokens: false,
            ca_file: None,
        }
    }
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RedisOptions")
            .field("url", &"***")
            .field("key_prefix", &self.key_prefix)
            .field("connect_timeout", &self.connect_timeout)
            .field("response_timeout", &self.response_timeout)
            .field("hash_tokens", &self.hash_tokens)
            .field("ca_file", &self.ca_file)
            .finish()
    }
}

/// Why the options cannot be used; each message says what to do. None shows the URL, which holds the password.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The Redis URL cannot be read.
    #[error(
        "the Redis URL cannot be read ({0}): it must look like redis://user:password@host:6379/0, \
         rediss://... for TLS, redis+unix:///path/to/socket, or redis-cluster://host:port,host:port; special \
         characters in the user name and the password must be percent-encoded"
    )]
    Url(String),
    /// The file of certificates cannot be used.
    #[error(
        "the certificates in {path} cannot be used: {cause}; the file must hold at least one certificate in PEM form"
    )]
    Certificates {
        /// Which file.
        path: PathBuf,
        /// Why not.
        cause: String,
    },
    /// The options contradict each other or are out of range.
    #[error("the Redis options cannot be used: {0}")]
    Options(String),
}
