//! A server that speaks, or fails to speak, the protocol of Pwned Passwords.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// A server on a port of its own, gone when it is dropped.
pub(crate) struct Mirror {
    /// Up to the digits.
    pub(crate) url: String,
    seen: Arc<Seen>,
    listening: JoinHandle<()>,
}

#[derive(Default)]
struct Seen {
    requests: Mutex<Vec<String>>,
    connections: Mutex<usize>,
    /// A permit for every connection that the other side has closed.
    left: CountedUp,
    /// A permit for every request.
    arrived: CountedUp,
}

struct CountedUp(Semaphore);

impl Default for CountedUp {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl CountedUp {
    async fn reach(&self, number: u32) {
        self.0.acquire_many(number).await.unwrap().forget();
    }
}

/// What follows each request.
#[derive(Clone)]
pub(crate) enum Reply {
    /// These bytes, and the connection stays open.
    Bytes(Vec<u8>),
    /// These bytes, and the connection ends.
    Last(Vec<u8>),
    /// These bytes again and again, after the first ones, each at this interval.
    Drip(Vec<u8>, Vec<u8>, std::time::Duration),
    /// Nothing, ever.
    Silence,
}

/// A well-formed answer.
pub(crate) fn answer(status: &str, body: impl AsRef<[u8]>) -> Reply {
    let body = body.as_ref();
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", body.len());
    Reply::Bytes([head.as_bytes(), body].concat())
}

impl Mirror {
    pub(crate) async fn start(reply: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/range", listener.local_addr().unwrap());
        let seen = Arc::new(Seen::default());
        let listening = tokio::spawn(listen(listener, reply, Arc::clone(&seen)));
        Self { url, seen, listening }
    }

    /// The heads of all requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        *self.seen.connections.lock().unwrap()
    }

    /// Returns when this many more requests have come.
    pub(crate) async fn until_asked(&self, times: u32) {
        self.seen.arrived.reach(times).await;
    }

    /// Returns when this many more connections were closed by the other side.
    pub(crate) async fn until_left(&self, times: u32) {
        self.seen.left.reach(times).await;
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, reply: Reply, seen: Arc<Seen>) {
    // Ends with its connections: dropped, they are aborted.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        *seen.connections.lock().unwrap() += 1;
        let (reply, seen) = (reply.clone(), Arc::clone(&seen));
        connections.spawn(async move {
            // The other side may go away at any moment.
            let _ = serve(stream, &reply, &seen).await;
            seen.left.0.add_permits(1);
        });
    }
}

async fn serve(mut stream: TcpStream, reply: &Reply, seen: &Seen) -> std::io::Result<()> {
    while let Some(head) = read_head(&mut stream).await? {
        seen.requests.lock().unwrap().push(head);
        seen.arrived.0.add_permits(1);
        match reply {
            Reply::Bytes(bytes) => stream.write_all(bytes).await?,
            Reply::Last(bytes) => return stream.write_all(bytes).await,
            Reply::Drip(first, next, interval) => {
                stream.write_all(first).await?;
                loop {
                    stream.write_all(next).await?;
                    tokio::time::sleep(*interval).await;
                }
            }
            Reply::Silence => {}
        }
    }
    Ok(())
}

/// A request up to its empty line; `None` when there is no further one.
async fn read_head(stream: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).await? == 0 {
            return Ok(None);
        }
        head.extend(byte);
    }
    Ok(Some(String::from_utf8(head).unwrap()))
}
