use std::error::Error;
use std::fmt;
use std::time::Duration;

use archon_domain::Password;
use archon_domain::ports::{BreachLookupError, BreachedPasswords};
use async_trait::async_trait;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use url::{Host, Url};

use crate::SetupError;
use crate::digest::Digest;
use crate::entry::Entry;
use crate::resolver::BoundedResolver;

/// The most bytes of an answer that are read; the usual one has some 40,000.
const LARGEST_ANSWER: usize = 2 * 1024 * 1024;

/// How we call ourselves; servers of this kind refuse who does not.
const USER_AGENT: &str = concat!("archon-auth/", env!("CARGO_PKG_VERSION"));

/// How to reach a server that speaks the protocol of Pwned Passwords.
#[derive(Clone)]
pub struct RangeQuerySettings {
    /// `http` or `https`, up to the five digits: `https://api.pwnedpasswords.com/range`. A user and a password
    /// before the host are sent with each look-up (RFC 7617).
    pub url: String,
    /// How long a look-up may take, connection and all.
    pub deadline: Duration,
    /// How many look-ups are under way at a time, 1 or more; further ones fail at once.
    pub concurrency: usize,
}

impl RangeQuerySettings {
    /// A server with the default deadline (1 s) and concurrency (32).
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), deadline: Duration::from_secs(1), concurrency: 32 }
    }
}

impl fmt::Debug for RangeQuerySettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RangeQuerySettings")
            .field("deadline", &self.deadline)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

/// Asks a server for all hashes that begin as the password's does, and looks for it among them
/// (k-anonymity): the server is shown five of 40 digits, and learns neither the password nor the answer.
pub struct RangeQuery {
    client: Client,
    url: Url,
    deadline: Duration,
    concurrency: usize,
    places: Semaphore,
}

impl RangeQuery {
    /// Prepares the one client for all look-ups; asks nothing yet, so the server may be away.
    ///
    /// Certificates are judged by the machine's authorities, which are read now. The environment may name a
    /// proxy (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`).
    ///
    /// # Errors
    /// When the URL cannot be used, or the machine has no certificate authorities and the URL is one of https.
    pub fn new(settings: RangeQuerySettings) -> Result<Self, SetupError> {
        let RangeQuerySettings { url, deadline, concurrency } = settings;
        let concurrency = concurrency.max(1);
        let url = parse(&url).map_err(|reason| SetupError::Url { reason })?;
        let client = client(&url, concurrency)
            .map_err(|error| SetupError::Client { reason: causes(&error.without_url()) })?;
        Ok(Self { client, url, deadline, concurrency, places: Semaphore::new(concurrency) })
    }

    async fn ask(&self, digest: &Digest) -> Result<bool, String> {
        let url = format!("{}/{}", self.url.as_str().trim_end_matches('/'), digest.prefix());
        // The answer gets lines of count 0, so that its size does not tell which one it is.
        let request = self.client.get(url).header("Add-Padding", "true");
        let response = request.send().await.map_err(broken)?;
        match response.status() {
            StatusCode::OK => {}
            status if status.is_redirection() => {
                return Err(format!("it answers {status}, and redirects are not followed"));
            }
            status => return Err(format!("it answers {status}")),
        }
        let answer = read(response).await?;
        find(&answer, digest.suffix())
    }
}

impl fmt::Debug for RangeQuery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RangeQuery").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

#[async_trait]
impl BreachedPasswords for RangeQuery {
    async fn contains(&self, password: &Password) -> Result<bool, BreachLookupError> {
        let failed = |reason| BreachLookupError(format!("the server of breached passwords: {reason}"));
        // Who has to wait here waits for a server that answers nobody.
        let Ok(_place) = self.places.try_acquire() else {
            return Err(failed(format!("{} look-ups are under way already", self.concurrency)));
        };
        let digest = Digest::of(password);
        match timeout(self.deadline, self.ask(&digest)).await {
            Ok(answer) => answer.map_err(failed),
            Err(_) => Err(failed(format!("no answer within {:?}", self.deadline))),
        }
    }
}

/// The URL, or what is wrong with it.
fn parse(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("it is neither http nor https".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("nothing may follow its path: neither ? nor #".to_owned());
    }
    Ok(url)
}

fn client(url: &Url, concurrency: usize) -> reqwest::Result<Client> {
    let mut client = Client::builder()
        .user_agent(USER_AGENT)
        .redirect(Policy::none())
        .referer(false)
        .dns_resolver(BoundedResolver::new(concurrency));
    if url.scheme() == "http" {
        // Without TLS nobody need be trusted, and a machine without authorities will do.
        client = client.tls_certs_only([]);
    }
    if is_this_machine(url) {
        client = client.no_proxy();
    }
    client.build()
}

/// Whether a proxy would look for the server in the wrong place.
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The whole answer, if it is not too large.
async fn read(mut response: Response) -> Result<Vec<u8>, String> {
    let mut answer = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if answer.len() + chunk.len() > LARGEST_ANSWER {
            return Err(format!("its answer has more than {LARGEST_ANSWER} bytes"));
        }
        answer.extend_from_slice(&chunk);
    }
    Ok(answer)
}

/// Whether the answer names the hash.
fn find(answer: &[u8], suffix: &str) -> Result<bool, String> {
    for (index, line) in answer.trim_ascii_end().split_inclusive(|byte| *byte == b'\n').enumerate() {
        let entry = Entry::read(line, Digest::SUFFIX_DIGITS)
            .ok_or_else(|| format!("line {} of its answer is no hash with a count", index + 1))?;
        if entry.names(suffix) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A failed exchange without its URL, which holds the digits.
fn broken(error: reqwest::Error) -> String {
    causes(&error.without_url())
}

/// An error with its causes in one line.
fn causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}
