//! What the suites share: getting an account, using it, and looking closely at refusals.

use std::future::Future;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use archon_mail_lettre::SentMail;
use archon_testkit::{Answer, Client, TestServer};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The password of every account, unless a test says otherwise.
pub(crate) const PASSWORD: &str = "SecurePass123!";

/// A password that is good enough but nobody's.
pub(crate) const WRONG: &str = "WrongGuess456?";

/// A pair of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Tokens {
    /// The pair that stands at `pointer` in an answer; the empty pointer is the whole body.
    pub(crate) fn at(answer: &Answer, pointer: &str) -> anyhow::Result<Self> {
        let text = |name: &str| answer.text_at(&format!("{pointer}/{name}")).to_owned();
        let pair = Self { access: text("access_token"), refresh: text("refresh_token") };
        ensure!(!pair.access.is_empty() && !pair.refresh.is_empty(), "no tokens in {}", answer.text);
        Ok(pair)
    }

    /// The session that the access token names.
    pub(crate) fn session(&self) -> anyhow::Result<String> {
        let claims = part(&self.access, 1)?;
        Ok(claims["session_id"].as_str().context("session_id is no text")?.to_owned())
    }
}

/// A part of a compact token as JSON, unchecked: 0 is the header, 1 the claims.
pub(crate) fn part(token: &str, index: usize) -> anyhow::Result<Value> {
    let encoded = token.split('.').nth(index).context("the token has too few parts")?;
    Ok(serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded)?)?)
}

/// Whole seconds to turn the clock by.
pub(crate) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// Whole days to turn the clock by.
pub(crate) fn days(count: u64) -> Duration {
    seconds(count * 86_400)
}

/// A service that limits no client's requests, for tests of something else.
pub(crate) async fn unlimited() -> anyhow::Result<TestServer> {
    TestServer::builder().set("rate_limits.enabled", "false").set(UNBLOCKED.0, UNBLOCKED.1).start().await
}

/// The setting by which nobody is blocked, for tests in which one address fails a lot.
pub(crate) const UNBLOCKED: (&str, &str) = ("alerts.block", "");

/// A service whose clock starts at a known time: 2026-01-05T10:00:00.123456Z.
pub(crate) async fn dated() -> anyhow::Result<TestServer> {
    TestServer::builder().seed(1).start().await
}

/// The body of a registration.
pub(crate) fn registration(email: &str) -> Value {
    json!({"email": email, "password": PASSWORD, "name": "Ada Lovelace"})
}

/// Opens an account, and logs in by that.
pub(crate) async fn sign_up(client: &Client, email: &str) -> anyhow::Result<Tokens> {
    let answer = client.post("/auth/register", &registration(email)).await?;
    ensure!(answer.status == 201, "not registered: {} {}", answer.status, answer.text);
    Tokens::at(&answer, "/tokens")
}

/// Asks to log in.
pub(crate) async fn log_in(client: &Client, email: &str, password: &str) -> anyhow::Result<Answer> {
    client.post("/auth/login", &json!({"email": email, "password": password})).await
}

/// Logs in with the password of every account.
pub(crate) async fn logged_in(client: &Client, email: &str) -> anyhow::Result<Tokens> {
    let answer = log_in(client, email, PASSWORD).await?;
    ensure!(answer.status == 200, "not logged in: {} {}", answer.status, answer.text);
    Tokens::at(&answer, "")
}

/// Fails to log in, so many times.
pub(crate) async fn fail(client: &Client, email: &str, times: usize) -> anyhow::Result<()> {
    for attempt in 1..=times {
        let answer = log_in(client, email, WRONG).await?;
        ensure!(answer.status == 401, "attempt {attempt}: {} {}", answer.status, answer.text);
    }
    Ok(())
}

/// Presents a refresh token.
pub(crate) async fn refresh(client: &Client, token: &str) -> anyhow::Result<Answer> {
    client.post("/auth/refresh", &json!({"refresh_token": token})).await
}

/// Presents a refresh token that is good.
pub(crate) async fn refreshed(client: &Client, token: &str) -> anyhow::Result<Tokens> {
    let answer = refresh(client, token).await?;
    ensure!(answer.status == 200, "not refreshed: {} {}", answer.status, answer.text);
    Tokens::at(&answer, "")
}

/// Asks for the profile.
pub(crate) async fn me(client: &Client, tokens: &Tokens) -> anyhow::Result<Answer> {
    client.with_token(&tokens.access).get("/auth/me").await
}

/// The types of the user's security events, newest first.
pub(crate) async fn events(client: &Client, tokens: &Tokens) -> anyhow::Result<Vec<String>> {
    let export = client.with_token(&tokens.access).get("/auth/me/export").await?;
    let events = export.json["security_events"].as_array().context("there is no list of events")?;
    Ok(events.iter().map(|event| event["type"].as_str().unwrap_or_default().to_owned()).collect())
}

/// The token in the latest verification mail to an address, once `count` have come.
pub(crate) async fn verification_token(
    server: &TestServer,
    email: &str,
    count: usize,
) -> anyhow::Result<String> {
    let mails = server.mails(email, "verify_email", count).await?;
    let text = &mails.last().context("no mail")?.text;
    let (_, rest) = text.split_once("token=").context("the mail has no link")?;
    Ok(rest.split_whitespace().next().context("the link has no token")?.to_owned())
}

/// Asks for a mail with a link that resets the password.
pub(crate) async fn forgot(client: &Client, email: &str) -> anyhow::Result<Answer> {
    client.post("/auth/password/reset", &json!({"email": email})).await
}

/// Asks for a reset and takes the token out of the mail, the `count`-th to the address.
pub(crate) async fn reset_token(server: &TestServer, email: &str, count: usize) -> anyhow::Result<String> {
    let answer = forgot(&server.client(), email).await?;
    ensure!(answer.status == 200, "no reset: {} {}", answer.status, answer.text);
    let mails = server.mails(email, "password_reset", count).await?;
    let token = mails.last().and_then(SentMail::token).context("the mail has no link with a token")?;
    Ok(token.to_owned())
}

/// Sets a new password with the token from a mail.
pub(crate) async fn confirm(client: &Client, token: &str, new: &str) -> anyhow::Result<Answer> {
    let body = json!({"token": token, "new_password": new});
    client.post("/auth/password/reset/confirm", &body).await
}

/// How many mails of a kind have reached an address so far.
pub(crate) fn mails_so_far(server: &TestServer, email: &str, kind: &str) -> usize {
    server.mailbox().messages_to(email).iter().filter(|sent| sent.kind() == kind).count()
}

/// Sends requests all at once; the answers come in any order.
pub(crate) async fn at_once<Sent>(requests: impl IntoIterator<Item = Sent>) -> anyhow::Result<Vec<Answer>>
where
    Sent: Future<Output = anyhow::Result<Answer>> + Send + 'static,
{
    let mut under_way: JoinSet<_> = requests.into_iter().collect();
    let mut answers = Vec::new();
    while let Some(answer) = under_way.join_next().await {
        answers.push(answer??);
    }
    Ok(answers)
}

/// How many answers have a status.
pub(crate) fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

/// An answer to a request that was written byte by byte.
#[derive(Debug)]
pub(crate) struct RawAnswer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// Writes bytes to the service's port and reads until it closes; for requests no client would send.
pub(crate) async fn raw(server: &TestServer, request: impl AsRef<[u8]>) -> anyhow::Result<RawAnswer> {
    let mut stream = TcpStream::connect(server.base_url().trim_start_matches("http://")).await?;
    // A server that refuses early may close before it has read everything.
    let _ = stream.write_all(request.as_ref()).await;
    let mut bytes = Vec::new();
    let reading = async {
        while !is_whole(&bytes) && stream.read_buf(&mut bytes).await? > 0 {}
        anyhow::Ok(())
    };
    // A server that closes with something unread resets the connection: what came before is its answer.
    let _ =
        tokio::time::timeout(seconds(5), reading).await.context("the server keeps the connection open")?;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").with_context(|| format!("no answer: {text:?}"))?;
    let status = head.split(' ').nth(1).context("no status line")?.parse()?;
    Ok(RawAnswer { status, head: head.to_lowercase(), body: body.to_owned() })
}

/// Whether an answer has come to the end that its head announces; a server may linger before it closes.
fn is_whole(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let announced = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    announced.and_then(|length| length.parse().ok()).is_some_and(|length: usize| body.len() >= length)
}

/// Holds a refusal to the promises that every error makes.
#[track_caller]
pub(crate) fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.code()), (status, code), "{}", answer.text);
    let family = match status {
        400 => ["validation_error", "bad_request"].as_slice(),
        401 => &["unauthorized"],
        403 => &["forbidden"],
        404 => &["not_found"],
        405 => &["method_not_allowed"],
        409 => &["conflict"],
        413 => &["payload_too_large"],
        415 => &["unsupported_media_type"],
        429 => &["rate_limit_exceeded"],
        502 => &["bad_gateway"],
        _ => &[],
    };
    assert!(family.contains(&answer.text_at("/error")), "{}", answer.text);
    assert!(!answer.text_at("/message").is_empty(), "{}", answer.text);
    assert!(answer.json["details"].is_array(), "{}", answer.text);
    assert!(answer.text_at("/timestamp").ends_with('Z'), "{}", answer.text);
    assert_eq!(answer.text_at("/request_id"), answer.header("x-request-id"));
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(answer.header("www-authenticate").starts_with("Bearer"), status == 401);
    // A provider that is away may say for how long.
    if status != 502 {
        assert_eq!(answer.header("retry-after").parse::<u64>().is_ok(), status == 429);
    }
    for internal in ["crates/", ".rs", "archon_", "archon-store", "panicked", "SELECT", "serde", "sqlite"] {
        assert!(!answer.text.contains(internal), "{internal} in {}", answer.text);
    }
}

/// The fields that the details of an error name, in their order.
pub(crate) fn fields(answer: &Answer) -> Vec<&str> {
    let details = answer.json["details"].as_array().map(Vec::as_slice).unwrap_or_default();
    details.iter().filter_map(|detail| detail["field"].as_str()).collect()
}

/// A header that holds a number.
pub(crate) fn number(answer: &Answer, header: &str) -> anyhow::Result<u64> {
    answer.header(header).parse().with_context(|| format!("{header} is {:?}", answer.header(header)))
}
