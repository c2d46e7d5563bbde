//! A receiver of webhooks that does as it is told.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use anyhow::Context as _;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::seconds;

/// A receiver on a port of its own, gone when it is dropped.
pub(crate) struct Receiver {
    pub(crate) url: String,
    state: State,
    serving: JoinHandle<std::io::Result<()>>,
}

/// A message that came, whatever it was answered.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) body: Value,
}

/// How messages are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Each is taken.
    Takes,
    /// Each is answered with this status.
    Answers(u16),
    /// Nothing is said until it does something else.
    Silent,
}

#[derive(Clone)]
struct State {
    messages: Arc<Mutex<Vec<Message>>>,
    came: Arc<watch::Sender<usize>>,
    manner: Arc<watch::Sender<Manner>>,
}

impl Receiver {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/alerts", listener.local_addr()?);
        let state = State {
            messages: Arc::default(),
            came: Arc::new(watch::Sender::new(0)),
            manner: Arc::new(watch::Sender::new(Manner::Takes)),
        };
        let shared = web::Data::new(state.clone());
        let server = HttpServer::new(move || {
            App::new().app_data(shared.clone()).route("/alerts", web::post().to(receive))
        });
        let server = server.workers(1).disable_signals().shutdown_timeout(0).listen(listener)?;
        Ok(Self { url, state, serving: tokio::spawn(server.run()) })
    }

    /// Meets messages so from now on, those that wait for an answer included.
    pub(crate) fn meets(&self, manner: Manner) {
        self.state.manner.send_replace(manner);
    }

    /// Waits until so many messages have come; all of them.
    pub(crate) async fn messages(&self, count: usize) -> anyhow::Result<Vec<Message>> {
        let mut came = self.state.came.subscribe();
        let arrived = tokio::time::timeout(seconds(20), came.wait_for(|came| *came >= count));
        arrived.await.with_context(|| format!("fewer than {count} messages have come"))??;
        Ok(self.so_far())
    }

    /// The messages so far.
    pub(crate) fn so_far(&self) -> Vec<Message> {
        self.state.messages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn receive(state: web::Data<State>, request: HttpRequest, body: web::Json<Value>) -> HttpResponse {
    let id = request.headers().get("webhook-id").and_then(|id| id.to_str().ok());
    let message = Message { id: id.unwrap_or_default().to_owned(), body: body.into_inner() };
    // As it was when the message came: whoever waits for that may change it.
    let mut manner = *state.manner.borrow();
    state.messages.lock().unwrap_or_else(PoisonError::into_inner).push(message);
    state.came.send_modify(|came| *came += 1);
    if manner == Manner::Silent {
        let mut later = state.manner.subscribe();
        manner = later.wait_for(|now| *now != Manner::Silent).await.map_or(Manner::Takes, |now| *now);
    }
    match manner {
        Manner::Answers(status) => {
            let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
            HttpResponse::build(status).insert_header(("location", "/elsewhere")).body("as told")
        }
        Manner::Takes | Manner::Silent => HttpResponse::NoContent().finish(),
    }
}
