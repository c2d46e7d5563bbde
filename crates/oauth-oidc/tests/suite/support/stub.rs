//! A server that answers as it is told, also in ways that no decent server would.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    head: String,
    pub(crate) body: String,
}

impl Request {
    /// A header's value; empty if it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let named =
            |line: &&str| line.split(':').next().is_some_and(|found| found.eq_ignore_ascii_case(name));
        let line = self.head.lines().find(named).unwrap_or_default();
        line.split_once(':').map_or("", |(_, value)| value.trim())
    }
}

/// What a server does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// Never says a word.
    Silence,
    /// Says 200 and then one byte per second, for ever.
    Drip,
    /// Closes the connection.
    HangUp,
}

impl Reply {
    pub(crate) fn json(body: &Value) -> Self {
        Self::status(200, body.to_string())
    }

    pub(crate) fn status(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::Answer { status, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::Answer { headers, .. } = &mut self {
            headers.push((name, value.into()));
        }
        self
    }
}

type Route = Box<dyn Fn(usize, &Request) -> Reply + Send>;

#[derive(Default)]
struct Conduct {
    routes: BTreeMap<String, Route>,
    requests: Vec<Request>,
}

/// A running server; gone with its value.
pub(crate) struct Stub {
    pub(crate) url: String,
    conduct: Arc<Mutex<Conduct>>,
    server: JoinHandle<()>,
}

impl Stub {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let conduct: Arc<Mutex<Conduct>> = Arc::default();
        let shared = Arc::clone(&conduct);
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let conduct = Arc::clone(&shared);
                tokio::spawn(async move {
                    // Who hangs up early has seen enough.
                    let _ = serve(stream, &conduct).await;
                });
            }
        });
        Self { url, conduct, server }
    }

    /// What to do with requests for `path`, by how many came before.
    pub(crate) fn on(&self, path: &str, route: impl Fn(usize, &Request) -> Reply + Send + 'static) {
        self.lock().routes.insert(path.to_owned(), Box::new(route));
    }

    /// The same, whatever came before.
    pub(crate) fn always(&self, path: &str, reply: Reply) {
        self.on(path, move |_, _| reply.clone());
    }

    /// The requests for `path` so far.
    pub(crate) fn requests(&self, path: &str) -> Vec<Request> {
        let of_path = |request: &&Request| without_query(&request.path) == path;
        self.lock().requests.iter().filter(of_path).cloned().collect()
    }

    /// How many requests came for anything.
    pub(crate) fn visits(&self) -> usize {
        self.lock().requests.len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Conduct> {
        self.conduct.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(mut stream: TcpStream, conduct: &Mutex<Conduct>) -> std::io::Result<()> {
    let request = read(&mut stream).await?;
    match decide(conduct, request) {
        Reply::Answer { status, headers, body } => {
            let mut head = format!("HTTP/1.1 {status} Whatever\r\ncontent-length: {}\r\n", body.len());
            if !headers.iter().any(|(name, _)| *name == "content-type") {
                head.push_str("content-type: application/json\r\n");
            }
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            head.push_str("connection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&body).await
        }
        Reply::Silence => std::future::pending().await,
        Reply::Drip => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n").await?;
            loop {
                stream.write_all(b" ").await?;
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
        }
        Reply::HangUp => Ok(()),
    }
}

async fn read(stream: &mut TcpStream) -> std::io::Result<Request> {
    let mut bytes = Vec::new();
    loop {
        if let Some(request) = parse(&bytes) {
            return Ok(request);
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

fn parse(bytes: &[u8]) -> Option<Request> {
    let text = String::from_utf8_lossy(bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut words = head.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let request = Request { method, path, head: head.to_owned(), body: body.to_owned() };
    let length: usize = request.header("content-length").parse().unwrap_or(0);
    (body.len() >= length).then_some(request)
}

fn decide(conduct: &Mutex<Conduct>, request: Request) -> Reply {
    let mut conduct = conduct.lock().unwrap_or_else(PoisonError::into_inner);
    let path = without_query(&request.path);
    let before = conduct.requests.iter().filter(|earlier| without_query(&earlier.path) == path).count();
    let reply =
        conduct.routes.get(path).map_or_else(|| Reply::status(404, "{}"), |route| route(before, &request));
    conduct.requests.push(request);
    reply
}

fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}
