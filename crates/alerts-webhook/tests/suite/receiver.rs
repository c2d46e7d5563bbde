//! A receiver that does as it is told.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A server on a port of its own, gone when it is dropped.
pub(crate) struct Receiver {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Request>>>,
    listening: JoinHandle<()>,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> &str {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(present, _)| present.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
            .unwrap()
    }
}

impl Receiver {
    /// Answers every request with these bytes; says nothing where there are none.
    pub(crate) async fn start(answer: Option<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/alerts?key=secret-in-the-url", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Vec<Request>>>::default();
        let listening = tokio::spawn(listen(listener, answer, Arc::clone(&seen)));
        Self { url, seen, listening }
    }

    /// Answers with a status and a body.
    pub(crate) async fn answering(status: &str, headers: &str, body: &str) -> Self {
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{body}",
            body.len()
        );
        Self::start(Some(answer)).await
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, answer: Option<String>, seen: Arc<Mutex<Vec<Request>>>) {
    // Ends with its connections: dropped, they are aborted.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (answer, seen) = (answer.clone(), Arc::clone(&seen));
        // The other side may go away at any moment.
        connections.spawn(async move { serve(stream, answer, &seen).await });
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: Option<String>,
    seen: &Mutex<Vec<Request>>,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut request = Request { head, body: Vec::new() };
    request.body = vec![0; request.header("content-length").parse().unwrap()];
    stream.read_exact(&mut request.body).await?;
    seen.lock().unwrap().push(request);
    match answer {
        Some(answer) => stream.write_all(answer.as_bytes()).await,
        None => std::future::pending().await,
    }
}
