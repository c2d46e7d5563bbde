//! Passwords that were made public, looked up in a file and by range queries (docs/passwords.md).

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{App, HttpServer, web};
use archon_testkit::{Answer, Client, TestServer, TestServerBuilder};
use reqwest::Method;
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::task::JoinHandle;

use crate::support::{
    PASSWORD, Tokens, assert_refused, confirm, fields, log_in, logged_in, reset_token, sign_up,
};

const ADA: &str = "ada@example.com";

/// Keep every rule; the first is on the list of the file, the second on that of the server.
const IN_FILE: &str = "Winter-Sale-2019!";
const ON_SERVER: &str = "Summer-Sale-2019!";

/// Is on no list.
const NEW: &str = "EvenBetter456?";

/// The 40 digits by which a list knows a password.
fn hash(password: &str) -> String {
    openssl::sha::sha1(password.as_bytes()).iter().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02X}");
        digits
    })
}

/// A file as the downloader writes it.
fn file(passwords: &[&str]) -> anyhow::Result<NamedTempFile> {
    let mut lines: Vec<String> = passwords.iter().map(|password| format!("{}:42", hash(password))).collect();
    lines.sort();
    let mut file = NamedTempFile::new()?;
    writeln!(file, "{}", lines.join("\r\n"))?;
    Ok(file)
}

/// A server of range queries, gone when it is dropped.
struct Mirror {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Mirror {
    fn start(passwords: &[&str]) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/range", listener.local_addr()?);
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let (seen, hashes) = (Arc::clone(&asked), passwords.iter().map(|it| hash(it)).collect::<Vec<_>>());
        let answer = move |prefix: web::Path<String>| {
            let listed = hashes.iter().filter_map(|hash| hash.strip_prefix(prefix.as_str()));
            let lines: Vec<String> = listed.map(|suffix| format!("{suffix}:42")).collect();
            // Never nothing: an answer has padding at the least.
            let body = [vec![format!("{}:0", "0".repeat(35))], lines].concat().join("\r\n");
            seen.lock().unwrap_or_else(PoisonError::into_inner).push(prefix.into_inner());
            async move { body }
        };
        let app = move || App::new().route("/range/{prefix}", web::get().to(answer.clone()));
        let server = HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run();
        Ok(Self { url, asked, serving: tokio::spawn(server) })
    }

    /// The digits that were asked about so far.
    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn looking_in(file: &NamedTempFile) -> TestServerBuilder {
    TestServer::builder().set("passwords.breached_file", &file.path().to_string_lossy())
}

async fn register(client: &Client, email: &str, password: &str) -> anyhow::Result<Answer> {
    client.post("/auth/register", &json!({"email": email, "password": password, "name": "Ada"})).await
}

#[track_caller]
fn assert_public(answer: &Answer, field: &str) {
    assert_refused(answer, 400, "WEAK_PASSWORD");
    assert_eq!(fields(answer), [field]);
    let message = "was made public in a data breach; choose another one";
    assert_eq!(answer.text_at("/details/0/message"), message);
}

/// Registers, changes and resets, each with a password that was made public before one that was not.
async fn refuses(server: &TestServer, public: &str) -> anyhow::Result<()> {
    let client = server.client();
    assert_public(&register(&client, ADA, public).await?, "password");
    assert_refused(&log_in(&client, ADA, public).await?, 401, "INVALID_CREDENTIALS");
    let tokens: Tokens = sign_up(&client, ADA).await?;

    let change = json!({"current_password": PASSWORD, "new_password": public});
    let signed_in = client.with_token(&tokens.access);
    assert_public(&signed_in.send(Method::PUT, "/auth/password", Some(&change)).await?, "new_password");
    logged_in(&client, ADA).await?;

    let token = reset_token(server, ADA, 1).await?;
    assert_public(&confirm(&client, &token, public).await?, "new_password");
    logged_in(&client, ADA).await?;
    let answer = confirm(&client, &token, NEW).await?;
    assert_eq!(answer.status, 200, "the link is as good as before: {}", answer.text);
    Ok(())
}

#[tokio::test]
async fn passwords_in_the_file_are_refused_wherever_one_is_set() -> anyhow::Result<()> {
    let file = file(&[IN_FILE, "password", "Something-Else-1!"])?;
    refuses(&looking_in(&file).start().await?, IN_FILE).await
}

#[tokio::test]
async fn passwords_that_the_server_knows_are_refused_wherever_one_is_set() -> anyhow::Result<()> {
    let mirror = Mirror::start(&[ON_SERVER])?;
    let server = TestServer::builder().set("passwords.breached_url", &mirror.url).start().await?;
    refuses(&server, ON_SERVER).await?;
    let digits = |password: &str| hash(password)[..5].to_owned();
    let public = digits(ON_SERVER);
    assert_eq!(mirror.asked(), [public.clone(), digits(PASSWORD), public.clone(), public, digits(NEW)]);
    Ok(())
}

#[tokio::test]
async fn the_file_is_asked_before_the_server_and_a_yes_of_either_counts() -> anyhow::Result<()> {
    let (file, mirror) = (file(&[IN_FILE])?, Mirror::start(&[ON_SERVER])?);
    let server = looking_in(&file).set("passwords.breached_url", &mirror.url).start().await?;
    let client = server.client();
    assert_public(&register(&client, ADA, IN_FILE).await?, "password");
    assert_eq!(mirror.asked(), [""; 0], "what the file knows is told to nobody");
    assert_public(&register(&client, ADA, ON_SERVER).await?, "password");
    sign_up(&client, ADA).await?;
    assert_eq!(mirror.asked().len(), 2);
    Ok(())
}

#[tokio::test]
async fn passwords_that_break_a_rule_are_not_looked_up() -> anyhow::Result<()> {
    let mirror = Mirror::start(&[ON_SERVER])?;
    let server = TestServer::builder().set("passwords.breached_url", &mirror.url).start().await?;
    assert_refused(&register(&server.client(), ADA, "password").await?, 400, "WEAK_PASSWORD");
    assert_eq!(mirror.asked(), [""; 0]);
    Ok(())
}
