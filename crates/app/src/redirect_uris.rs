use std::net::Ipv4Addr;

use thiserror::Error;
use url::{Host, Url};

/// Where providers may send users back to with a code: the addresses that a deployment trusts with it.
///
/// An address matches an entry to the letter (RFC 9700 section 2.1). Only the port of an entry for a loopback
/// address, `http://127.0.0.1` or `http://[::1]`, is left to the client: a program on the user's machine listens
/// where it finds a free one (RFC 8252 section 7.3). `localhost` is a name, which need not mean this machine, and
/// matches to the letter like any other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RedirectUris(Vec<Entry>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Exact(String),
    /// A loopback address and what comes after its port.
    AnyPort {
        host: &'static str,
        rest: String,
    },
}

/// Why an address cannot stand in the list.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{entry:?} {reason}")]
pub struct RedirectUriError {
    /// The entry.
    pub entry: String,
    /// What is wrong with it, as the rest of a sentence.
    pub reason: &'static str,
}

/// The addresses whose port is the client's choice.
const LOOPBACK: [&str; 2] = ["http://127.0.0.1", "http://[::1]"];

impl RedirectUris {
    /// The longest entry in bytes; no browser takes much longer ones to a provider and back.
    pub const MAX_BYTES: usize = 2048;

    /// Reads the list.
    ///
    /// # Errors
    /// The first entry that codes must not be sent to.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, RedirectUriError> {
        let entries = entries.into_iter().map(|entry| match fault_of(entry) {
            Some(reason) => Err(RedirectUriError { entry: entry.to_owned(), reason }),
            None => Ok(Entry::read(entry)),
        });
        entries.collect::<Result<_, _>>().map(Self)
    }

    /// Whether nothing is allowed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether users may be sent to `uri` with a code.
    #[must_use]
    pub fn allow(&self, uri: &str) -> bool {
        self.0.iter().any(|entry| entry.matches(uri))
    }
}

impl Entry {
    fn read(entry: &str) -> Self {
        let any_port = LOOPBACK.iter().find_map(|host| {
            let rest = after_port(entry.strip_prefix(host)?)?.to_owned();
            Some(Self::AnyPort { host, rest })
        });
        any_port.unwrap_or_else(|| Self::Exact(entry.to_owned()))
    }

    fn matches(&self, uri: &str) -> bool {
        match self {
            Self::Exact(entry) => entry == uri,
            Self::AnyPort { host, rest } => uri.strip_prefix(host).and_then(after_port) == Some(rest),
        }
    }
}

/// What comes after the port, if there is one, of a text that begins behind a host; `None` where the host goes
/// on or the port is none.
fn after_port(text: &str) -> Option<&str> {
    let rest = match text.strip_prefix(':') {
        Some(text) => {
            let digits = text.bytes().take_while(u8::is_ascii_digit).count();
            let (port, rest) = text.split_at(digits);
            port.parse::<u16>().ok().filter(|port| *port > 0)?;
            rest
        }
        None => text,
    };
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest)
}

/// What is wrong with an entry, if anything.
fn fault_of(entry: &str) -> Option<&'static str> {
    if entry.len() > RedirectUris::MAX_BYTES {
        return Some("is longer than 2048 bytes");
    }
    // The parser drops white space and takes a backslash for a slash; a list that is matched to the letter must
    // not hold what is read as something else.
    if !entry.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return Some("must hold printable ASCII characters only, and no spaces or backslashes");
    }
    if entry.contains('*') {
        return Some("must not hold a wildcard: every address is written out");
    }
    let Ok(url) = Url::parse(entry) else {
        return Some("is no absolute URL such as https://app.example.com/callback");
    };
    if entry.contains('#') {
        return Some("must not have a fragment");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Some("must not hold a user or a password");
    }
    fault_of_scheme(entry, &url)
}

fn fault_of_scheme(entry: &str, url: &Url) -> Option<&'static str> {
    match url.scheme() {
        "https" if entry.starts_with("https://") => None,
        "http" if entry.starts_with("http://") && is_loopback(url) => None,
        "https" | "http" if !entry.starts_with(&format!("{}://", url.scheme())) => {
            Some("must begin with https:// in small letters")
        }
        "http" => Some("must begin with https://; http:// is for 127.0.0.1, [::1] and localhost only"),
        // RFC 8252 section 7.1: a domain of the app's maker in reverse, so that no two apps share one.
        scheme if scheme.contains('.') => None,
        _ => Some(
            "must begin with https://, or with an app's own scheme that has a dot such as com.example.app:/callback",
        ),
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => Ipv4Addr::is_loopback(&address),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
