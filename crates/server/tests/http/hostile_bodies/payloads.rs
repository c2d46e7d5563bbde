//! Bodies that are wrong as a whole: no JSON, too large, of another type.

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{BodyRoute, Stage, routes};
use crate::support::{PASSWORD, assert_refused, fields, raw};

/// Bodies that are no strict JSON object, made from a good one.
fn malformed(route: &BodyRoute) -> anyhow::Result<Vec<Vec<u8>>> {
    let good = route.body.to_string();
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(30_000), "]".repeat(30_000));
    let broken = [
        "nonsense",
        "{",
        "[]",
        "null",
        "1",
        "\"text\"",
        "{}x",
        "{'a':1}",
        "{\"a\":NaN}",
        "{\"a\":1e999}",
        "{\"a\":1,}",
    ];
    let mut bodies: Vec<Vec<u8>> = broken.iter().map(|text| text.as_bytes().to_vec()).collect();
    bodies.push(deep.into_bytes());
    bodies.push(good.as_bytes()[..good.len() - 1].to_vec());
    bodies.push(good.as_bytes()[..good.len() / 2].to_vec());
    bodies.push(format!("{good}{good}").into_bytes());
    bodies.push(format!("\u{feff}{good}").into_bytes());
    bodies.push(good.encode_utf16().flat_map(u16::to_le_bytes).collect());
    let object: &Map<String, Value> = route.body.as_object().context("no object")?;
    for (name, value) in object {
        let (name, value) = (json!(name).to_string(), value.to_string());
        // Twice the same name, once spelt with an escape.
        bodies.push(good.replacen('{', &format!("{{{name}:{value},"), 1).into_bytes());
        let escaped = name.replacen(&name[1..2], &format!("\\u{:04x}", name.as_bytes()[1]), 1);
        bodies.push(good.replacen('{', &format!("{{{escaped}:{value},"), 1).into_bytes());
        for surrogate in ["\"\\ud800\"", "\"\\udc00x\"", "\"\\ud800\\u0041\"", "{\"a\":\"\\udfff\"}"] {
            bodies.push(good.replacen(&value, surrogate, 1).into_bytes());
        }
        bodies.push(good.replacen(&value, "\"\u{1}\"", 1).into_bytes());
        bodies.push([&good.as_bytes()[..2], &[0xff, 0xc0], &good.as_bytes()[2..]].concat());
    }
    Ok(bodies)
}

#[tokio::test]
async fn a_body_that_is_no_strict_json_object_is_refused() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    for route in routes(&stage) {
        for body in malformed(&route)? {
            if route.method == Method::DELETE && body == b"null" {
                // Its body is optional, and null is as good as none.
                continue;
            }
            let sent = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
            let client = stage.client(&route);
            let answer =
                client.send_raw(route.method.clone(), route.path, Some("application/json"), body).await?;
            ensure!(
                answer.code() == "MALFORMED_JSON",
                "{} {sent}: {} {}",
                route.path,
                answer.status,
                answer.text
            );
            assert_refused(&answer, 400, "MALFORMED_JSON");
            assert_eq!(fields(&answer), ["body"]);
        }
    }
    stage.assert_unharmed().await
}

#[tokio::test]
async fn a_name_that_stands_twice_is_told() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let body = format!(r#"{{"email":"a@example.com","email":"b@example.com","password":"{PASSWORD}"}}"#);
    let client = stage.server.client();
    let answer = client.send_raw(Method::POST, "/auth/login", Some("application/json"), body).await?;
    assert_refused(&answer, 400, "MALFORMED_JSON");
    assert!(answer.text_at("/details/0/message").contains("\"email\" stands twice"), "{}", answer.text);
    Ok(())
}

#[tokio::test]
async fn an_absent_body_is_refused() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    for route in routes(&stage) {
        let client = stage.client(&route);
        let empty = client.send_raw(route.method.clone(), route.path, Some("application/json"), "").await?;
        let (code, field) = match route.method {
            Method::DELETE => ("VALIDATION_ERROR", "password"),
            _ => ("MALFORMED_JSON", "body"),
        };
        assert_refused(&empty, 400, code);
        assert_eq!(fields(&empty), [field]);
    }
    stage.assert_unharmed().await
}

#[tokio::test]
async fn other_content_types_charsets_and_encodings_are_refused() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let types = [
        None,
        Some(""),
        Some("text/plain"),
        Some("text/json"),
        Some("application/x-www-form-urlencoded"),
        Some("multipart/form-data; boundary=x"),
        Some("application/xml"),
        Some("application/jsonp"),
        Some("application/json; charset=utf-16"),
        Some("application/json; charset=\"iso-8859-1\""),
        Some("application/json;charset=UTF-7"),
    ];
    for route in routes(&stage) {
        let (client, body) = (stage.client(&route), route.body.to_string());
        for content_type in types {
            let answer =
                client.send_raw(route.method.clone(), route.path, content_type, body.clone()).await?;
            ensure!(answer.status == 415, "{} {content_type:?}: {}", route.path, answer.text);
            assert_refused(&answer, 415, "UNSUPPORTED_MEDIA_TYPE");
        }
        for encoding in ["gzip", "br", "deflate", "zstd", "identity, gzip"] {
            let client = client.with_header("content-encoding", encoding);
            let answer = client.send(route.method.clone(), route.path, Some(&route.body)).await?;
            assert_refused(&answer, 415, "UNSUPPORTED_MEDIA_TYPE");
        }
    }
    stage.assert_unharmed().await
}

#[tokio::test]
async fn every_spelling_of_utf_8_json_is_taken() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let body = json!({"email": "ada@example.com", "password": PASSWORD}).to_string();
    for content_type in
        ["Application/JSON", "application/json;charset=UTF-8", "application/json; charset=\"utf-8\""]
    {
        let client = stage.server.client();
        let answer = client.send_raw(Method::POST, "/auth/login", Some(content_type), body.clone()).await?;
        assert_eq!(answer.status, 200, "{content_type}: {}", answer.text);
    }
    Ok(())
}

#[tokio::test]
async fn a_body_of_more_than_64_kib_is_refused_announced_or_not() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    for route in routes(&stage) {
        let body = route.body.to_string();
        let token = if route.authenticated { stage.tokens.access.as_str() } else { "none" };
        let head = format!(
            "{} {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}\r\n",
            route.method, route.path
        );
        let padded = format!("{body}{}", " ".repeat(65_537 - body.len()));
        let announced = raw(&stage.server, format!("{head}Content-Length: 65537\r\n\r\n{padded}")).await?;
        let only_announced = raw(&stage.server, format!("{head}Content-Length: 99999999999\r\n\r\n")).await?;
        let chunk = format!("1000\r\n{}\r\n", " ".repeat(4096));
        let chunked = format!("{head}Transfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(17));
        let chunked = raw(&stage.server, chunked).await?;
        for answer in [announced, only_announced, chunked] {
            assert_eq!(answer.status, 413, "{} {}: {answer:?}", route.method, route.path);
            assert!(answer.body.contains("PAYLOAD_TOO_LARGE"), "{answer:?}");
        }
    }
    stage.assert_unharmed().await
}

#[tokio::test]
async fn a_body_of_exactly_64_kib_is_read() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let body = json!({"email": "ada@example.com", "password": PASSWORD}).to_string();
    let padded = format!("{body}{}", " ".repeat(65_536 - body.len()));
    let client = stage.server.client();
    let answer = client.send_raw(Method::POST, "/auth/login", Some("application/json"), padded).await?;
    assert_eq!(answer.status, 200, "{}", answer.text);
    Ok(())
}
