//! What a suite can do with the server besides calling it: JSON in and out.

use std::collections::BTreeMap;
use std::fmt;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::StatusCode;
use actix_web::{App, HttpResponse, HttpServer, ResponseError, web};
use anyhow::{Context as _, anyhow};
use archon_testkit::{Instant, Reception, SentMail, TestServer, TestServerBuilder};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::RwLock;

/// The longest turn of the clock, in seconds: a hundred years.
const LONGEST_TURN: u64 = 100 * 365 * 86_400;

/// The server under control; there is none any more once it ends.
#[derive(Clone)]
pub(crate) struct Control {
    builder: TestServerBuilder,
    server: Arc<RwLock<Option<TestServer>>>,
}

/// Why something was not done, in words for the author of the suite.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    error: anyhow::Error,
}

type Answer = Result<HttpResponse, Refusal>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    seconds: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MailServer {
    state: State,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum State {
    Up,
    Away,
    Refusing,
    Silent,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    to: String,
    kind: String,
    #[serde(default = "one")]
    count: usize,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Anew {
    seed: Option<u64>,
    start_at: Option<Instant>,
    settings: BTreeMap<String, String>,
}

impl Control {
    /// Control over a server that `builder` has started.
    pub(crate) fn new(builder: TestServerBuilder, server: TestServer) -> Self {
        Self { builder, server: Arc::new(RwLock::new(Some(server))) }
    }

    /// The server as it is now.
    pub(crate) async fn describe(&self) -> anyhow::Result<Value> {
        self.with(|server| {
            json!({
                "base_url": server.base_url(),
                "jwks_url": server.jwks_url(),
                "issuer": server.issuer(),
                "audience": server.audience(),
                "seed": server.seed(),
                "now": server.now(),
            })
        })
        .await
    }

    /// Ends the server and removes what it kept.
    pub(crate) async fn close(&self) {
        drop(self.server.write().await.take());
    }

    async fn with<T>(&self, ask: impl FnOnce(&TestServer) -> T) -> anyhow::Result<T> {
        let server = self.server.read().await;
        Ok(ask(server.as_ref().context(GONE)?))
    }
}

const GONE: &str = "the test server is about to end";

/// The control, not yet running.
pub(crate) fn serve(control: Control, listener: TcpListener) -> anyhow::Result<Server> {
    let control = web::Data::new(control);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(control.clone())
            .route("/testkit", web::get().to(describe))
            .route("/testkit/clock", web::post().to(turn))
            .route("/testkit/mails", web::get().to(mails))
            .route("/testkit/mails", web::delete().to(clear))
            .route("/testkit/mail-server", web::put().to(receive))
            .route("/testkit/reset", web::post().to(reset))
            .default_service(web::to(unknown))
    });
    Ok(server.workers(1).disable_signals().listen(listener).context("the control's listener")?.run())
}

/// GET /testkit: where everything is, and what time it is there.
async fn describe(control: web::Data<Control>) -> Answer {
    Ok(HttpResponse::Ok().json(control.describe().await?))
}

/// POST /testkit/clock `{"seconds": 901}`: turns the clock forward.
async fn turn(control: web::Data<Control>, body: web::Bytes) -> Answer {
    let Turn { seconds } = read(&body)?;
    if seconds > LONGEST_TURN {
        return Err(Refusal::bad(anyhow!("seconds must be at most {LONGEST_TURN}")));
    }
    control.with(|server| server.clock().advance(Duration::from_secs(seconds))).await?;
    describe(control).await
}

/// GET /testkit/mails: every mail so far. With `to` and `kind`, waits for the first such mail, or for `count`.
async fn mails(control: web::Data<Control>, request: actix_web::HttpRequest) -> Answer {
    let found = if request.query_string().is_empty() {
        control.with(|server| server.mailbox().messages()).await?
    } else {
        let wanted = web::Query::<Wanted>::from_query(request.query_string());
        let Wanted { to, kind, count } = wanted.map_err(|error| Refusal::bad(error.into()))?.into_inner();
        let server = control.server.read().await;
        server.as_ref().context(GONE)?.mails(&to, &kind, count).await?
    };
    let mails: Vec<Value> = found.iter().map(mail).collect();
    Ok(HttpResponse::Ok().json(json!({"mails": mails})))
}

/// DELETE /testkit/mails: forgets every mail.
async fn clear(control: web::Data<Control>) -> Answer {
    control.with(|server| server.mailbox().clear()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// PUT /testkit/mail-server `{"state": "up"}`: or `away`, `refusing`, `silent`.
async fn receive(control: web::Data<Control>, body: web::Bytes) -> Answer {
    let MailServer { state } = read(&body)?;
    let reception = match state {
        State::Up => Reception::Takes,
        State::Away => Reception::Away,
        State::Refusing => Reception::Refuses,
        State::Silent => Reception::Silent,
    };
    control.with(|server| server.mailbox().set_reception(reception)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// POST /testkit/reset: begins anew at the same address. A body may give `seed`, `start_at` and `settings`
/// over those of the command line.
async fn reset(control: web::Data<Control>, body: web::Bytes) -> Answer {
    let Anew { seed, start_at, settings } = if body.is_empty() { Anew::default() } else { read(&body)? };
    let mut builder = control.builder.clone();
    if let Some(seed) = seed {
        builder = builder.seed(seed);
    }
    if let Some(start_at) = start_at {
        builder = builder.start_at(start_at);
    }
    for (key, value) in settings {
        if key == "server.host" || key == "server.port" {
            return Err(Refusal::bad(anyhow!("the address stays: {key} cannot be set by a reset")));
        }
        builder = builder.set(&key, &value);
    }
    let mut server = control.server.write().await;
    server.as_mut().context(GONE)?.reset_to(builder).await.map_err(Refusal::bad)?;
    drop(server);
    describe(control).await
}

async fn unknown() -> Answer {
    let error = anyhow!("there is nothing at this path; docs/testing.md lists what there is");
    Err(Refusal { status: StatusCode::NOT_FOUND, error })
}

fn mail(sent: &SentMail) -> Value {
    json!({
        "to": sent.mail.to.as_typed(),
        "kind": sent.kind(),
        "subject": sent.subject,
        "text": sent.text,
        "html": sent.html,
        "link": sent.link(),
        "token": sent.token(),
    })
}

fn one() -> usize {
    1
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::bad(error.into()))
}

impl Refusal {
    fn bad(error: anyhow::Error) -> Self {
        Self { status: StatusCode::BAD_REQUEST, error }
    }
}

impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self { status: StatusCode::CONFLICT, error }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:#}", self.error)
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status).json(json!({"error": self.to_string()}))
    }
}
