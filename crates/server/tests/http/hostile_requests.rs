//! Requests that are wrong below the level of bodies and tokens: what a client that means harm writes to
//! the socket.

use archon_testkit::TestServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{RawAnswer, raw, seconds, sign_up, unlimited};

/// A request that somebody hides in the body of another.
const HIDDEN: &str = "GET /auth/health/live HTTP/1.1\r\nHost: x\r\n\r\n";

/// Everything that the service sends until it closes or falls silent.
async fn everything(server: &TestServer, request: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(server.base_url().trim_start_matches("http://")).await?;
    let _ = stream.write_all(request.as_bytes()).await;
    let mut bytes = Vec::new();
    // Long enough for a second answer that must not come.
    let silence = std::time::Duration::from_millis(200);
    while let Ok(Ok(1..)) = tokio::time::timeout(silence, stream.read_buf(&mut bytes)).await {}
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[tokio::test]
async fn nothing_in_a_refused_body_is_taken_for_a_request() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let too_long = format!("{HIDDEN}{}", " ".repeat(70_000));
    let cases = [
        ("/auth/login", "application/json", HIDDEN, 400),
        ("/auth/login", "text/plain", HIDDEN, 415),
        ("/auth/me", "application/json", HIDDEN, 405),
        ("/auth/nowhere", "application/json", HIDDEN, 404),
        ("/auth/logout", "application/json", HIDDEN, 401),
        ("/auth/login", "application/json", too_long.as_str(), 413),
        ("/auth/nowhere", "application/json", too_long.as_str(), 404),
    ];
    for (path, content_type, body, status) in cases {
        let head = format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\n");
        let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        let text = everything(&server, &request).await?;
        assert!(text.starts_with(&format!("HTTP/1.1 {status}")), "{path} {content_type}: {text}");
        assert_eq!(text.matches("HTTP/1.1 ").count(), 1, "{path} {content_type}: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn requests_that_contradict_themselves_are_refused() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let body = "{}";
    for headers in [
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: -2\r\n",
        "Content-Length: 2x\r\n",
        "Content-Length: 99999999999999999999999999\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Content Type: application/json\r\n",
        "X-Odd: a\0b\r\n",
    ] {
        let head =
            "POST /auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n";
        let answer = raw(&server, format!("{head}{headers}\r\n{body}")).await?;
        assert_eq!(answer.status, 400, "{headers}: {answer:?}");
    }
    for line in [
        "GET\r\n",
        "GET /auth/me\r\n",
        "GET /auth/me HTTP/9.9\r\n",
        "\u{1}\u{2}\r\n",
        "GET /a b HTTP/1.1\r\n",
    ] {
        let text = everything(&server, &format!("{line}Host: x\r\n\r\n")).await?;
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 4"), "{line}: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_broken_chunk_is_refused_in_the_envelope() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let head =
        "POST /auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n";
    for chunk in ["x\r\n{}\r\n", "ffffffffffffffffff\r\n{}\r\n", "2\r\n{}garbage\r\n"] {
        let answer = raw(&server, format!("{head}Transfer-Encoding: chunked\r\n\r\n{chunk}")).await?;
        assert_eq!(answer.status, 400, "{chunk}: {answer:?}");
    }
    Ok(())
}

#[tokio::test]
async fn headers_of_foreign_letters_harm_nothing() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let tokens = sign_up(&server.client(), "ada@example.com").await?;
    let ask = async |headers: &[u8]| -> anyhow::Result<RawAnswer> {
        let head = format!(
            "GET /auth/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n",
            tokens.access
        );
        raw(&server, [head.as_bytes(), headers, b"\r\n\r\n"].concat()).await
    };
    let long = format!("User-Agent: {}", "x".repeat(50_000));
    for headers in [
        b"User-Agent: \xff\xfe\x80".as_slice(),
        b"X-Forwarded-For: \xff, , ;;; 999.999.999.999, [::1",
        b"Forwarded: for=\"\xff\";;=;for=",
        b"X-Request-ID: \xff",
        b"Accept: \xff, application/problem+json\xff",
        b"Accept-Language: \xff",
        b"Content-Length: 0",
        long.as_bytes(),
    ] {
        let answer = ask(headers).await?;
        assert_eq!(
            answer.status,
            200,
            "{}: {answer:?}",
            String::from_utf8_lossy(&headers[..headers.len().min(80)])
        );
    }
    Ok(())
}

#[tokio::test]
async fn a_client_that_goes_away_does_not_undo_what_it_asked_for() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let body = crate::support::registration("ada@example.com").to_string();
    let head = "POST /auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    let mut stream = TcpStream::connect(server.base_url().trim_start_matches("http://")).await?;
    stream.write_all(request.as_bytes()).await?;
    drop(stream);
    // The mails are stored with the account: once they are sent, it is whole.
    server.mails("ada@example.com", "welcome", 1).await?;
    tokio::time::timeout(seconds(5), crate::support::logged_in(&server.client(), "ada@example.com"))
        .await??;
    Ok(())
}
