//! That nothing of a password is said anywhere.

use std::io;
use std::sync::{Arc, Mutex};

use archon_breached_passwords::{HashFile, RangeQuery, RangeQuerySettings, SetupError};
use archon_domain::ports::BreachedPasswords;

use crate::mirror::{Mirror, Reply, answer};
use crate::{SUFFIX, breached, query};

/// What the whole process logs, at every level, libraries and all.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn listen() -> Self {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
            .with_ansi(false)
            .with_writer(move || writer.clone());
        subscriber.init();
        log
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_of_the_password_is_logged_or_in_errors() {
    let log = Log::listen();
    let mut said = Vec::new();
    let dead = Reply::Last(b"HTTP/1.1 200".to_vec());
    let moved = b"HTTP/1.1 302 Found\r\nLocation: /5BAA6\r\nContent-Length: 0\r\n\r\n".to_vec();
    for reply in [
        answer("200 OK", format!("{SUFFIX}:1")),
        answer("200 OK", format!("{SUFFIX}:broken")),
        answer("500 Internal Server Error", format!("{SUFFIX}:1")),
        Reply::Bytes(moved),
        dead,
    ] {
        let mirror = Mirror::start(reply).await;
        let outcome = query(&mirror.url).contains(&breached()).await;
        said.push(format!("{outcome:?} {:?}", query(&mirror.url)));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("list.txt");
    std::fs::write(&path, format!("5BAA6{SUFFIX}:1\n")).unwrap();
    let file = HashFile::open(&path).unwrap();
    said.push(format!("{:?} {file:?}", file.contains(&breached()).await));
    std::fs::write(&path, format!("5BAA6{SUFFIX}:x\n")).unwrap();
    said.push(format!("{:?} {:?}", file.contains(&breached()).await, HashFile::open(&path)));
    let settings = RangeQuerySettings::new("http://archon:topsecret@/range");
    said.push(format!("{settings:?} {:?}", RangeQuery::new(settings.clone())));
    assert!(matches!(RangeQuery::new(settings), Err(SetupError::Url { .. })));

    let logged = log.text();
    assert!(logged.contains("reqwest"), "the libraries' lines are among them: {logged}");
    for text in said.iter().chain([&logged]) {
        for secret in ["5BAA6", &SUFFIX[..10], "5baa6", "topsecret"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}
