//! What every answer has in common: the form of errors, request ids, headers (CONTRACT section 1).

use archon_testkit::{Answer, TestServer};
use reqwest::Method;
use serde_json::json;

use crate::support::{
    PASSWORD, WRONG, assert_refused, log_in, me, raw, refresh, registration, sign_up, unlimited,
};

#[tokio::test]
async fn an_unknown_path_is_not_found() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let paths = [
        "/",
        "/auth",
        "/auth/",
        "/auth/nowhere",
        "/auth/login/",
        "/AUTH/LOGIN",
        "//auth/login",
        "/auth/me/x",
        "/auth/sessions/a/b",
        "/auth/docs/../../etc/passwd",
        "/auth/docs/nothing.js",
        "/.well-known/",
        "/metrics",
        "/auth/%00",
        "/%ff",
    ];
    for path in paths {
        for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS] {
            let answer = server.client().send(method.clone(), path, None).await?;
            if path.starts_with("/auth/docs/") && method != Method::GET {
                continue;
            }
            assert_refused(&answer, 404, "NOT_FOUND");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_path_that_is_no_utf_8_is_refused_in_the_envelope() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let tokens = sign_up(&server.client(), "ada@example.com").await?;
    let client = server.client().with_token(&tokens.access);
    for path in ["/auth/sessions/%ff", "/auth/sessions/%c0%80", "/auth/sessions/%e2%82"] {
        let answer = client.send(Method::DELETE, path, None).await?;
        assert!(matches!(answer.status, 400 | 404), "{path}: {} {}", answer.status, answer.text);
        assert_refused(&answer, answer.status, answer.code());
    }
    Ok(())
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_told_those_it_does() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let tokens = sign_up(&server.client(), "ada@example.com").await?;
    let paths = [
        ("/auth/register", "POST"),
        ("/auth/login", "POST"),
        ("/auth/refresh", "POST"),
        ("/auth/logout", "POST"),
        ("/auth/me", "GET, HEAD, PATCH, DELETE"),
        ("/auth/me/export", "GET, HEAD"),
        ("/auth/sessions", "GET, HEAD, DELETE"),
        ("/auth/sessions/x", "DELETE"),
        ("/auth/password", "PUT"),
        ("/auth/password/reset", "POST"),
        ("/auth/password/reset/confirm", "POST"),
        ("/auth/email/verify", "POST"),
        ("/auth/email/verify/resend", "POST"),
        ("/auth/health", "GET, HEAD"),
        ("/.well-known/jwks.json", "GET, HEAD"),
        ("/auth/openapi.json", "GET, HEAD"),
    ];
    let methods = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
    ];
    for (path, allow) in paths {
        for method in methods.iter().chain([&Method::from_bytes(b"BREW")?]) {
            if !allow.split(", ").any(|allowed| allowed == method.as_str()) {
                let client = server.client().with_token(&tokens.access);
                let answer = client.send(method.clone(), path, None).await?;
                assert_refused(&answer, 405, "METHOD_NOT_ALLOWED");
                assert_eq!(answer.header("allow"), allow, "{method} {path}");
            }
        }
    }
    assert_eq!(me(&server.client(), &tokens).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn errors_come_as_problem_details_to_those_who_ask() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    for accept in ["application/problem+json", "text/html, Application/Problem+JSON;q=0.9, */*"] {
        let client = server.client().with_header("accept", accept);
        let answer = client.post("/auth/login", &json!({"email": 1})).await?;
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!((answer.status, &answer.json["status"]), (400, &json!(400)));
        assert!(answer.text_at("/type").contains("validation_error"), "{}", answer.text);
        assert_eq!((answer.text_at("/title"), answer.text_at("/instance")), ("Bad Request", "/auth/login"));
        assert!(!answer.text_at("/detail").is_empty());
        assert_eq!(answer.code(), "VALIDATION_ERROR");
        assert_eq!(answer.text_at("/request_id"), answer.header("x-request-id"));
        let named: Vec<_> =
            answer.json["errors"].as_array().into_iter().flatten().map(|error| &error["field"]).collect();
        assert_eq!(named, ["email", "password"]);

        let answer = client.get("/auth/nowhere").await?;
        assert_eq!((answer.status, answer.header("content-type")), (404, "application/problem+json"));
        let answer = client.get("/auth/me").await?;
        assert!(answer.header("www-authenticate").starts_with("Bearer"));
    }
    for accept in ["*/*", "application/json", "nonsense", ""] {
        let answer = server.client().with_header("accept", accept).get("/auth/nowhere").await?;
        assert_refused(&answer, 404, "NOT_FOUND");
    }
    Ok(())
}

#[tokio::test]
async fn a_well_formed_request_id_is_kept_and_any_other_replaced() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let longest = "x".repeat(128);
    for id in ["abc-123_X.y:z", "0198c0de-7d3a-7000-8000-000000000000", longest.as_str()] {
        let client = server.client().with_header("x-request-id", id);
        for answer in [client.get("/auth/health/live").await?, client.get("/auth/me").await?] {
            assert_eq!(answer.header("x-request-id"), id);
        }
    }
    let long = "x".repeat(129);
    let mut made = std::collections::BTreeSet::new();
    for id in ["", " ", "a b", "<script>", "a\"b", "a,b", "\u{fc}", "a=b", long.as_str()] {
        let answer = server.client().with_header("x-request-id", id).get("/auth/me").await?;
        assert_refused(&answer, 401, "TOKEN_MISSING");
        let new = answer.header("x-request-id").to_owned();
        assert_eq!((new.len(), &new[14..15]), (36, "7"), "a UUIDv7 for {id:?}");
        made.insert(new);
    }
    assert_eq!(made.len(), 9, "another one each time");
    Ok(())
}

#[tokio::test]
async fn a_401_carries_the_challenge_of_rfc_6750() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let client = server.client();
    let tokens = sign_up(&client, "ada@example.com").await?;
    // Section 3.1: no error code where the request brings no token.
    for answer in [client.get("/auth/me").await?, log_in(&client, "ada@example.com", WRONG).await?] {
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"archon-auth\"");
    }
    for answer in [client.with_token("x").get("/auth/me").await?, refresh(&client, &tokens.access).await?] {
        let challenge = answer.header("www-authenticate");
        assert!(challenge.contains("error=\"invalid_token\", error_description=\""), "{challenge}");
    }
    Ok(())
}

#[tokio::test]
async fn head_answers_like_get_without_the_body() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let tokens = sign_up(&server.client(), "ada@example.com").await?;
    let authorization = format!("Authorization: Bearer {}\r\n", tokens.access);
    let cases = [
        ("/auth/me", authorization.as_str(), 200),
        ("/auth/me", "", 401),
        ("/auth/sessions", authorization.as_str(), 200),
        ("/auth/health", "", 200),
        ("/auth/health/live", "", 200),
        ("/.well-known/jwks.json", "", 200),
        ("/auth/openapi.json", "", 200),
        ("/auth/docs", "", 200),
        ("/auth/nowhere", "", 404),
        ("/auth/login", "", 405),
    ];
    for (path, headers, status) in cases {
        let ask = async |method: &str| {
            let request =
                format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
            raw(&server, request).await
        };
        let (head, get) = (ask("HEAD").await?, ask("GET").await?);
        assert_eq!((head.status, get.status), (status, status), "{path}");
        assert_eq!(head.body, "", "{path}");
        let line =
            |head: &str, name: &str| head.lines().find(|line| line.starts_with(name)).map(str::to_owned);
        for name in
            ["content-type", "content-length", "cache-control", "allow", "ratelimit-policy", "www-auth"]
        {
            assert_eq!(line(&head.head, name), line(&get.head, name), "{name} of {path}");
        }
    }
    Ok(())
}

#[track_caller]
fn assert_secure(answer: &Answer) {
    let expected = [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("cache-control", "no-store"),
    ];
    for (name, value) in expected {
        assert_eq!(answer.header(name), value, "{name} of a {}", answer.status);
    }
    assert!(!answer.header("x-request-id").is_empty());
    for name in ["server", "x-powered-by", "strict-transport-security", "access-control-allow-origin"] {
        assert_eq!(answer.header(name), "");
    }
}

#[tokio::test]
async fn every_answer_carries_the_security_headers_and_is_kept_by_nobody() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let client = server.client();
    let registered = client.post("/auth/register", &registration("ada@example.com")).await?;
    let known = client.with_token(registered.text_at("/tokens/access_token"));
    let answers = [
        known.get("/auth/me").await?,
        known.get("/auth/me/export").await?,
        log_in(&client, "ada@example.com", PASSWORD).await?,
        log_in(&client, "ada@example.com", WRONG).await?,
        refresh(&client, registered.text_at("/tokens/refresh_token")).await?,
        client.post("/auth/login", &json!({})).await?,
        client.get("/auth/login").await?,
        client.get("/nowhere").await?,
        client.get("/auth/health").await?,
        client.send_raw(Method::POST, "/auth/login", None, "x").await?,
        known.post("/auth/logout", &json!({})).await?,
        registered,
    ];
    answers.iter().for_each(assert_secure);
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 201, 204, 400, 401, 404, 405, 415]);
    Ok(())
}

#[tokio::test]
async fn behind_https_browsers_are_told_to_use_nothing_else() -> anyhow::Result<()> {
    let server = TestServer::builder().set("links.base_url", "https://auth.example.com").start().await?;
    let answer = server.client().get("/auth/health/live").await?;
    assert!(answer.header("strict-transport-security").starts_with("max-age="));
    Ok(())
}

#[tokio::test]
async fn the_key_set_may_be_kept_for_as_long_as_a_new_key_waits() -> anyhow::Result<()> {
    let server = TestServer::builder().set("keys.activation_delay", "120").start().await?;
    let answer = server.client().get("/.well-known/jwks.json").await?;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "public, max-age=120"));
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    Ok(())
}

#[tokio::test]
async fn pages_of_other_origins_may_call_only_where_configured() -> anyhow::Result<()> {
    let preflight = async |server: &TestServer, origin: &str| {
        let client = server.client().with_header("origin", origin);
        let client = client.with_header("access-control-request-method", "PATCH");
        let client = client.with_header("access-control-request-headers", "authorization,content-type");
        client.send(Method::OPTIONS, "/auth/me", None).await
    };
    let [ours, foreign] = ["https://app.example.com", "https://evil.example"];
    let allowed = "access-control-allow-origin";

    let server = TestServer::start().await?;
    assert_eq!(preflight(&server, ours).await?.status, 405);
    let plain = server.client().with_header("origin", ours).get("/auth/me").await?;
    assert_eq!((plain.status, plain.header(allowed)), (401, ""));

    let server = TestServer::builder().set("cors.allowed_origins", ours).start().await?;
    let granted = preflight(&server, ours).await?;
    assert_eq!((granted.status, granted.header(allowed)), (200, ours), "{}", granted.text);
    assert!(granted.header("access-control-allow-methods").contains("PATCH"));
    assert_eq!(granted.header("x-content-type-options"), "nosniff");
    let refused = server.client().with_header("origin", ours).get("/auth/me").await?;
    assert_eq!((refused.status, refused.header(allowed)), (401, ours), "errors can be read, too");
    assert!(refused.header("vary").to_lowercase().contains("origin"));

    let denied = preflight(&server, foreign).await?;
    assert!((400..500).contains(&denied.status), "{}", denied.status);
    assert_refused(&denied, denied.status, denied.code());
    for origin in [foreign, "null", "https://app.example.com.evil.example", "http://app.example.com"] {
        let answer = server.client().with_header("origin", origin).get("/auth/health/live").await?;
        assert_eq!(answer.header(allowed), "", "{origin}");
    }
    Ok(())
}
