use std::error::Error;
use std::fmt;
use std::time::Duration;

use archon_domain::DeliveryError;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use tokio::time::timeout;
use url::{Host, Url};

use crate::WebhookError;
use crate::signature::SigningSecret;

/// How we call ourselves.
const USER_AGENT: &str = concat!("archon-auth/", env!("CARGO_PKG_VERSION"));

/// How many characters of a refusal are kept for the operator.
const KEPT: usize = 200;

/// Most bytes of an answer that are read.
const LARGEST_ANSWER: usize = 4096;

/// How a receiver of alerts is reached.
#[derive(Clone)]
pub struct WebhookSettings {
    /// `http` or `https`.
    pub url: String,
    /// What messages are signed with: `whsec_` and base64, or plain text, of 24 bytes or more.
    pub secret: String,
    /// How long a try may take, connection and all.
    pub deadline: Duration,
}

impl WebhookSettings {
    /// A receiver with the default deadline (10 s).
    pub fn new(url: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { url: url.into(), secret: secret.into(), deadline: Duration::from_secs(10) }
    }
}

impl fmt::Debug for WebhookSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("WebhookSettings").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

/// A receiver of alerts.
pub struct Webhook {
    client: Client,
    url: Url,
    secret: SigningSecret,
    deadline: Duration,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Webhook").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}

impl Webhook {
    /// Prepares a receiver; asks nothing yet, so it may be away.
    ///
    /// Certificates are judged by the machine's authorities, which are read now. The environment may name a
    /// proxy (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`).
    ///
    /// # Errors
    /// When the URL or the secret cannot be used, or the machine has no certificate authorities and the URL is one
    /// of https.
    pub fn new(settings: &WebhookSettings) -> Result<Self, WebhookError> {
        let url = parse(&settings.url).map_err(|reason| WebhookError::Url { reason })?;
        let client =
            client(&url).map_err(|error| WebhookError::Client { reason: causes(&error.without_url()) })?;
        Ok(Self { client, url, secret: SigningSecret::parse(&settings.secret)?, deadline: settings.deadline })
    }

    /// Sends a message and judges the answer. `timestamp` is the time of the try, in seconds since 1970.
    pub(crate) async fn post(&self, id: &str, timestamp: i64, body: Vec<u8>) -> Result<(), DeliveryError> {
        let signature = self.secret.sign(id, timestamp, &body).map_err(DeliveryError::Permanent)?;
        let request = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", signature)
            .body(body);
        let asking = async { judge(request.send().await.map_err(broken)?).await };
        timeout(self.deadline, asking).await.unwrap_or_else(|_| {
            Err(DeliveryError::Temporary(format!("no answer within {:?}", self.deadline)))
        })
    }
}

/// The URL, or what is wrong with it.
fn parse(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        _ => Err("it is neither http nor https".to_owned()),
    }
}

fn client(url: &Url) -> reqwest::Result<Client> {
    let mut client = Client::builder()
        .user_agent(USER_AGENT)
        // What is signed for one receiver is not for another to be sent.
        .redirect(Policy::none())
        // Retries are the queue's: reqwest's own would not be counted.
        .retry(reqwest::retry::never())
        .referer(false);
    if url.scheme() == "http" {
        // Without TLS nobody need be trusted, and a machine without authorities will do.
        client = client.tls_certs_only([]);
    }
    if is_this_machine(url) {
        client = client.no_proxy();
    }
    client.build()
}

/// Whether a proxy would look for the receiver in the wrong place.
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether the message was taken, and if not, whether another try may succeed. A receiver that does not want it says
/// so with 4xx, and one that will never want any more with 410; the rest passes.
async fn judge(response: Response) -> Result<(), DeliveryError> {
    let status = response.status();
    let passes =
        matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS);
    if status.is_success() {
        return Ok(());
    }
    if status.is_redirection() {
        return Err(DeliveryError::Temporary(format!("it answers {status}, and redirects are not followed")));
    }
    let words = words_of(response).await;
    let answer = if words.is_empty() { status.to_string() } else { format!("{status}: {words}") };
    if status.is_client_error() && !passes {
        Err(DeliveryError::Permanent(answer))
    } else {
        Err(DeliveryError::Temporary(answer))
    }
}

/// The beginning of an answer in one line; whatever a receiver says.
async fn words_of(mut response: Response) -> String {
    let mut answer = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        answer.extend_from_slice(&chunk);
        if answer.len() >= LARGEST_ANSWER {
            break;
        }
    }
    let text = String::from_utf8_lossy(&answer);
    let words: Vec<&str> = text.split(|letter: char| letter.is_whitespace() || letter.is_control()).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    words.join(" ").chars().take(KEPT).collect()
}

/// A failed exchange without its URL, which may hold a secret.
fn broken(error: reqwest::Error) -> DeliveryError {
    DeliveryError::Temporary(causes(&error.without_url()))
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
