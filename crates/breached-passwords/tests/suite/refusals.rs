//! What is made of servers that answer wrongly, late, or not at all.

use std::time::Duration;

use archon_breached_passwords::{RangeQuery, RangeQuerySettings};
use archon_domain::ports::BreachedPasswords as _;
use futures::future::join_all;
use tokio::net::TcpListener;
use tokio::time::Instant;

use crate::mirror::{Mirror, Reply, answer};
use crate::{OTHER, SUFFIX, breached, query};

/// Why a look-up fails, without the words that all failures begin with.
async fn failure_of(query: &RangeQuery) -> String {
    let said = query.contains(&breached()).await.unwrap_err().to_string();
    said.strip_prefix("the server of breached passwords: ").unwrap().to_owned()
}

async fn failure(reply: Reply) -> String {
    let mirror = Mirror::start(reply).await;
    failure_of(&query(&mirror.url)).await
}

#[tokio::test]
async fn another_status_than_200_is_a_failure() {
    let body = format!("{SUFFIX}:1");
    for status in ["500 Internal Server Error", "503 Service Unavailable", "404 Not Found", "204 No Content"]
    {
        assert_eq!(
            failure(answer(status, if status.starts_with("204") { "" } else { &body })).await,
            format!("it answers {status}")
        );
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let target = Mirror::start(answer("200 OK", format!("{SUFFIX}:1"))).await;
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"] {
        let head =
            format!("HTTP/1.1 {status}\r\nLocation: {}/5BAA6\r\nContent-Length: 0\r\n\r\n", target.url);
        assert_eq!(
            failure(Reply::Bytes(head.into_bytes())).await,
            format!("it answers {status}, and redirects are not followed")
        );
    }
    assert_eq!(target.requests().len(), 0);
}

#[tokio::test]
async fn an_answer_of_another_kind_is_a_failure() {
    let wrong = [
        ("<html>Please log in to this network</html>".to_owned(), 1),
        (format!("{OTHER}:3\r\n\r\n{OTHER}:4"), 2),
        (format!("{OTHER}:3\r\n5BAA6{SUFFIX}:1"), 2),
        (format!("{OTHER}:3\r\n{}:1", &SUFFIX[..34]), 2),
        (format!("{OTHER}:many"), 1),
    ];
    for (body, line) in wrong {
        assert_eq!(
            failure(answer("200 OK", body)).await,
            format!("line {line} of its answer is no hash with a count")
        );
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_a_failure() {
    for bytes in [
        String::new(),
        "HTTP/1.1 200".to_owned(),
        format!("HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n{OTHER}:3\r\n"),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n28\r\n{OTHER}:3\r\n"),
        "SSH-2.0-OpenSSH_9.6\r\n".to_owned(),
    ] {
        let said = failure(Reply::Last(bytes.clone().into_bytes())).await;
        assert!(said.starts_with("error "), "{bytes:?}: {said}");
        assert!(!said.contains("5BAA6") && !said.contains("range"), "{said}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let lines = format!("{OTHER}:3\r\n").repeat(1000);
    let announced = format!("HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n{lines}");
    let chunk = format!("{:x}\r\n{lines}\r\n", lines.len());
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for (first, next) in [(announced.into_bytes(), lines.into_bytes()), (chunked, chunk.into_bytes())] {
        let mirror = Mirror::start(Reply::Drip(first, next, Duration::ZERO)).await;
        // The time is what another test is about; this one may run beside many.
        let settings =
            RangeQuerySettings { deadline: Duration::from_secs(60), ..RangeQuerySettings::new(&mirror.url) };
        let query = RangeQuery::new(settings).unwrap();
        assert_eq!(failure_of(&query).await, "its answer has more than 2097152 bytes");
        mirror.until_left(1).await;
    }
}

#[tokio::test]
async fn a_server_that_is_away_is_a_failure() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/range", listener.local_addr().unwrap());
    drop(listener);
    let said = failure_of(&query(&url)).await;
    assert!(said.starts_with("error sending request: client error (Connect): "), "{said}");
    assert!(said.contains("Connection refused") && !said.contains("range"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn no_look_up_takes_longer_than_its_deadline() {
    let drip = format!("HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n{OTHER}");
    let slow = Reply::Drip(drip.into_bytes(), b":3".to_vec(), Duration::from_millis(300));
    for reply in [Reply::Silence, slow] {
        let mirror = Mirror::start(reply).await;
        let begun = Instant::now();
        assert_eq!(failure_of(&query(&mirror.url)).await, "no answer within 1s");
        assert_eq!(begun.elapsed(), Duration::from_secs(1));
    }
}

/// A server that answers nobody, and 32 look-ups that wait for it.
async fn full() -> (Mirror, RangeQuery) {
    let mirror = Mirror::start(Reply::Silence).await;
    let settings =
        RangeQuerySettings { deadline: Duration::from_secs(60), ..RangeQuerySettings::new(&mirror.url) };
    (mirror, RangeQuery::new(settings).unwrap())
}

#[tokio::test]
async fn the_thirty_third_look_up_at_a_time_is_refused_at_once() {
    let (mirror, query) = full().await;
    let password = breached();
    let mut waiting = Box::pin(join_all((0..32).map(|_| query.contains(&password))));
    tokio::select! {
        _ = waiting.as_mut() => panic!("nobody is answered"),
        () = mirror.until_asked(32) => {}
    }
    let mut further = Box::pin(failure_of(&query));
    let std::task::Poll::Ready(said) = futures::poll!(further.as_mut()) else { panic!("it waits") };
    assert_eq!(said, "32 look-ups are under way already");
    assert_eq!(mirror.requests().len(), 32, "the server hears nothing of it");

    // Who has gone away leaves neither a place taken nor a connection.
    drop(waiting);
    mirror.until_left(32).await;
    let mut next = Box::pin(query.contains(&password));
    tokio::select! {
        _ = next.as_mut() => panic!("nobody is answered"),
        () = mirror.until_asked(1) => {}
    }
}
