//! Rate limits (CONTRACT section 5).

use archon_testkit::{Answer, Client, TestServer};
use reqwest::Method;
use serde_json::json;

use crate::support::{
    PASSWORD, UNBLOCKED, WRONG, assert_refused, count, dated, log_in, logged_in, me, number, refresh,
    registration, seconds, sign_up, unlimited,
};

const HEADERS: [&str; 5] =
    ["x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit", "ratelimit-policy"];

/// When the clock of a dated service starts, in whole seconds; it stands a fraction of a second later.
const START: u64 = 1_767_607_200;

/// Asserts what the headers tell of a budget.
#[track_caller]
fn assert_budget(answer: &Answer, bucket: &str, [limit, window, remaining]: [u64; 3]) {
    let told = HEADERS.map(|header| answer.header(header));
    let reset: u64 = told[2].parse().unwrap_or_default();
    assert_eq!((told[0], told[1]), (limit.to_string().as_str(), remaining.to_string().as_str()), "{told:?}");
    assert_eq!(told[4], format!("\"{bucket}\";q={limit};w={window}"));
    assert!(told[3].starts_with(&format!("\"{bucket}\";r={remaining};t=")), "{told:?}");
    assert!(reset >= START, "{told:?}");
}

/// Tries to log in to somebody nobody knows, another one each time.
async fn guess(client: &Client, place: u32) -> anyhow::Result<Answer> {
    log_in(client, &format!("nobody{place}@example.com"), PASSWORD).await
}

/// Guesses until refused; returns how many guesses were let through and the refusal.
async fn exhaust(client: &Client) -> anyhow::Result<(u32, Answer)> {
    for place in 0.. {
        let answer = guess(client, place).await?;
        if answer.status != 401 {
            return Ok((place, answer));
        }
    }
    anyhow::bail!("never refused")
}

#[tokio::test]
async fn a_client_may_try_to_log_in_twenty_times_a_minute() -> anyhow::Result<()> {
    let server = dated().await?;
    let client = server.client();
    let first = guess(&client, 99).await?;
    assert_budget(&first, "login", [20, 60, 19]);
    assert_eq!(number(&first, "x-ratelimit-reset")?, START + 61, "rounded up");
    assert_eq!(first.header("ratelimit"), "\"login\";r=19;t=61");

    let (through, refused) = exhaust(&client).await?;
    assert_eq!(through, 19);
    assert_refused(&refused, 429, "RATE_LIMIT_EXCEEDED");
    assert_budget(&refused, "login", [20, 60, 0]);
    assert_eq!(number(&refused, "retry-after")?, 60);
    assert_refused(&log_in(&client, "ada@example.com", PASSWORD).await?, 429, "RATE_LIMIT_EXCEEDED");
    Ok(())
}

#[tokio::test]
async fn retry_after_holds_to_the_second() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let (_, refused) = exhaust(&server.client()).await?;
    let wait = number(&refused, "retry-after")?;
    server.clock().advance(seconds(wait - 1));
    let early = guess(&server.client(), 0).await?;
    assert_eq!((early.status, number(&early, "retry-after")?), (429, 1));
    server.clock().advance(seconds(1));
    assert_eq!(guess(&server.client(), 0).await?.status, 401);
    Ok(())
}

#[tokio::test]
async fn the_window_slides() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let client = server.client();
    for place in 0..10 {
        guess(&client, place).await?;
    }
    server.clock().advance(seconds(40));
    assert_eq!(exhaust(&client).await?.0, 10);
    // A minute after the first ten; a window that begins anew would let twenty through.
    server.clock().advance(seconds(20));
    let (through, refused) = exhaust(&client).await?;
    assert_eq!((through, number(&refused, "retry-after")?), (10, 40));
    Ok(())
}

#[tokio::test]
async fn refused_requests_cost_nothing_and_reset_tells_when_all_is_there_again() -> anyhow::Result<()> {
    let server = dated().await?;
    let (_, refused) = exhaust(&server.client()).await?;
    let reset = number(&refused, "x-ratelimit-reset")?;
    for _ in 0..5 {
        server.clock().advance(seconds(10));
        assert_eq!(guess(&server.client(), 0).await?.status, 429);
    }
    server.clock().advance(seconds(reset - START - 50));
    assert_eq!(exhaust(&server.client()).await?.0, 20);
    Ok(())
}

#[tokio::test]
async fn a_client_may_register_ten_times_a_minute() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    for place in 0..10 {
        let email = format!("user{place}@example.com");
        let answer = server.client().post("/auth/register", &registration(&email)).await?;
        assert_eq!(answer.status, 201);
        assert_budget(&answer, "register", [10, 60, 9 - place]);
    }
    let refused = server.client().post("/auth/register", &registration("late@example.com")).await?;
    assert_refused(&refused, 429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(log_in(&server.client(), "late@example.com", PASSWORD).await?.status, 401, "no account");
    server.clock().advance(seconds(number(&refused, "retry-after")?));
    sign_up(&server.client(), "late@example.com").await?;
    Ok(())
}

#[tokio::test]
async fn a_client_may_refresh_thirty_times_a_minute() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let tokens = sign_up(&server.client(), "ada@example.com").await?;
    for place in 0..30 {
        let answer = refresh(&server.client(), "made up").await?;
        assert_eq!(answer.status, 401);
        assert_budget(&answer, "refresh", [30, 60, 29 - place]);
    }
    let refused = refresh(&server.client(), &tokens.refresh).await?;
    assert_refused(&refused, 429, "RATE_LIMIT_EXCEEDED");
    server.clock().advance(seconds(number(&refused, "retry-after")?));
    assert_eq!(refresh(&server.client(), &tokens.refresh).await?.status, 200, "the token was not spent");
    Ok(())
}

#[tokio::test]
async fn a_client_may_log_in_with_providers_twenty_times_a_minute() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let tokens = sign_up(&server.client(), "ada@example.com").await?;
    let known = server.client().with_token(&tokens.access);
    let body = json!({"code": "made up", "state": "made up"});
    for place in 0..10 {
        let answer = server.client().get("/auth/oauth/google/callback?code=x&state=made+up").await?;
        assert_eq!(answer.status, 400);
        assert_budget(&answer, "oauth", [20, 60, 19 - 2 * place]);
        let answer = known.post("/auth/me/identities/google/callback", &body).await?;
        assert_budget(&answer, "oauth", [20, 60, 18 - 2 * place]);
    }
    let refused = [
        server.client().get("/auth/oauth/google/callback?code=x&state=made+up").await?,
        server.client().get("/auth/oauth/google/authorize?redirect_uri=x").await?,
        known.post("/auth/me/identities/google/callback", &body).await?,
        known.post("/auth/me/identities/google/authorize", &json!({"redirect_uri": "x"})).await?,
    ];
    for refused in refused {
        assert_refused(&refused, 429, "RATE_LIMIT_EXCEEDED");
        assert_budget(&refused, "oauth", [20, 60, 0]);
    }
    let elsewhere = server.client().from_address("198.51.100.7");
    assert_eq!(elsewhere.get("/auth/oauth/google/callback?code=x&state=made+up").await?.status, 400);
    Ok(())
}

#[tokio::test]
async fn everything_else_may_be_asked_three_hundred_times_a_minute() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let first = server.client().get("/nowhere").await?;
    assert_budget(&first, "default", [300, 60, 299]);
    for _ in 1..300 {
        assert_eq!(server.client().get("/nowhere").await?.status, 404);
    }
    let refused = server.client().get("/nowhere").await?;
    assert_refused(&refused, 429, "RATE_LIMIT_EXCEEDED");
    assert_budget(&refused, "default", [300, 60, 0]);
    // Those who watch the service and those who verify its tokens are never limited.
    for path in ["/auth/health", "/auth/health/live", "/auth/health/ready", "/.well-known/jwks.json"] {
        let answer = server.client().get(path).await?;
        assert_eq!((answer.status, answer.header("ratelimit")), (200, ""), "{path}");
    }
    server.clock().advance(seconds(number(&refused, "retry-after")?));
    assert_eq!(server.client().get("/nowhere").await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn users_have_a_budget_of_their_own_wherever_they_are() -> anyhow::Result<()> {
    let server = TestServer::builder().set("rate_limits.default.limit", "3").start().await?;
    let [here, there] = ["192.0.2.1", "198.51.100.7"].map(|address| server.client().from_address(address));
    let (ada, grace) = (sign_up(&here, "ada@example.com").await?, sign_up(&here, "grace@example.com").await?);
    for (place, client) in [&here, &there, &here].into_iter().enumerate() {
        let answer = me(client, &ada).await?;
        assert_eq!(answer.status, 200);
        assert_budget(&answer, "default", [3, 60, 2 - place as u64]);
    }
    for client in [&here, &there] {
        assert_refused(&me(client, &ada).await?, 429, "RATE_LIMIT_EXCEEDED");
        assert_eq!(me(client, &grace).await?.status, 200);
        assert_eq!(client.get("/nowhere").await?.status, 404, "the address has its own");
    }
    Ok(())
}

#[tokio::test]
async fn every_answer_of_a_limited_route_tells_the_budget() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let tokens = sign_up(&server.client(), "ada@example.com").await?;
    let client = server.client();
    let known = client.with_token(&tokens.access);
    let login = json!({"email": "ada@example.com", "password": PASSWORD});
    let wrong = json!({"email": "ada@example.com", "password": WRONG});
    let answers = [
        (200, "login", client.post("/auth/login", &login).await?),
        (401, "login", client.post("/auth/login", &wrong).await?),
        (400, "login", client.post("/auth/login", &json!({})).await?),
        (405, "login", client.get("/auth/login").await?),
        (405, "login", client.send(Method::HEAD, "/auth/login", None).await?),
        (415, "login", client.send_raw(Method::POST, "/auth/login", None, "{}").await?),
        (409, "register", client.post("/auth/register", &registration("ada@example.com")).await?),
        (400, "register", client.post("/auth/register", &json!({})).await?),
        (400, "refresh", client.post("/auth/refresh", &json!({})).await?),
        (401, "refresh", client.post("/auth/refresh", &json!({"refresh_token": ""})).await?),
        (200, "default", known.get("/auth/me").await?),
        (401, "default", client.get("/auth/me").await?),
        (400, "default", known.send(Method::PATCH, "/auth/me", Some(&json!({"name": 1}))).await?),
        (404, "default", known.send(Method::DELETE, "/auth/sessions/none", None).await?),
        (405, "default", client.send(Method::PUT, "/auth/me", None).await?),
        (404, "default", client.get("/auth/nowhere").await?),
        (200, "default", client.get("/auth/openapi.json").await?),
        (400, "default", client.post("/auth/email/verify", &json!({"token": "none"})).await?),
        (200, "password_reset", client.post("/auth/password/reset", &json!({"email": "a@b.example"})).await?),
        (400, "password_reset", client.post("/auth/password/reset", &json!({"email": 1})).await?),
        (405, "password_reset", client.get("/auth/password/reset").await?),
        (400, "login", client.post("/auth/password/reset/confirm", &json!({})).await?),
        (400, "oauth", client.get("/auth/oauth/google/authorize?redirect_uri=x").await?),
        (400, "oauth", client.get("/auth/oauth/google/callback?code=x&state=x").await?),
        (400, "oauth", client.get("/auth/oauth/google/callback").await?),
        (401, "oauth", client.post("/auth/me/identities/google/authorize", &json!({})).await?),
        (
            400,
            "oauth",
            known.post("/auth/me/identities/google/callback", &json!({"code": "x", "state": "x"})).await?,
        ),
        (200, "default", client.get("/auth/oauth/providers").await?),
        (200, "default", known.get("/auth/me/identities").await?),
        (401, "email_resend", client.post("/auth/email/verify/resend", &json!({})).await?),
        (200, "email_resend", known.post("/auth/email/verify/resend", &json!({})).await?),
    ];
    for (status, bucket, answer) in answers {
        assert_eq!(answer.status, status, "{bucket}: {}", answer.text);
        let policy = format!("\"{bucket}\";q=");
        assert!(answer.header("ratelimit-policy").starts_with(&policy), "{status} {:?}", answer.headers);
        assert!(HEADERS.iter().all(|header| !answer.header(header).is_empty()), "{:?}", answer.headers);
    }
    Ok(())
}

#[tokio::test]
async fn a_request_that_is_refused_by_validation_costs_nothing_but_counts_in_default() -> anyhow::Result<()> {
    let builder = TestServer::builder().set("rate_limits.default.limit", "30");
    let server = builder.start().await?;
    let client = server.client();
    for _ in 0..30 {
        let answer = client.post("/auth/login", &json!({"email": 1})).await?;
        assert_eq!(answer.status, 400);
        assert_budget(&answer, "login", [20, 60, 20]);
    }
    let refused = client.post("/auth/login", &json!({"email": 1})).await?;
    assert_refused(&refused, 429, "RATE_LIMIT_EXCEEDED");
    assert_budget(&refused, "default", [30, 60, 0]);
    assert_eq!(number(&refused, "retry-after")?, 60);
    assert_eq!(client.get("/nowhere").await?.status, 429, "default is used up");
    assert_eq!(exhaust(&client).await?.0, 20, "login is not");
    Ok(())
}

#[tokio::test]
async fn an_ipv6_subscriber_is_one_client() -> anyhow::Result<()> {
    let server = TestServer::builder().set(UNBLOCKED.0, UNBLOCKED.1).start().await?;
    let at = |address: &str| server.client().from_address(address);
    for place in 0..20 {
        assert_eq!(guess(&at(&format!("2001:db8:1:2::{place:x}")), place).await?.status, 401);
    }
    assert_eq!(guess(&at("2001:db8:1:2:ffff::1"), 0).await?.status, 429);
    assert_eq!(guess(&at("2001:db8:1:3::1"), 0).await?.status, 401);
    // The same IPv4 client, however its address is written.
    assert_eq!(exhaust(&at("198.51.100.7")).await?.0, 20);
    assert_eq!(guess(&at("::ffff:198.51.100.7"), 0).await?.status, 429);
    Ok(())
}

#[tokio::test]
async fn hops_that_a_client_makes_up_do_not_help() -> anyhow::Result<()> {
    let server = TestServer::builder().set(UNBLOCKED.0, UNBLOCKED.1).start().await?;
    for place in 0..20 {
        let client = server.client().from_address(&format!("10.0.0.{place}, 198.51.100.7"));
        assert_eq!(guess(&client, place).await?.status, 401);
    }
    assert_eq!(guess(&server.client().from_address("10.9.9.9, 198.51.100.7"), 0).await?.status, 429);
    let forwarded = server.client().from_address("198.51.100.7").with_header("forwarded", "for=10.9.9.9");
    assert_eq!(guess(&forwarded, 0).await?.status, 429);
    Ok(())
}

#[tokio::test]
async fn nobody_is_believed_who_is_no_trusted_proxy() -> anyhow::Result<()> {
    let server = TestServer::builder().set("server.trusted_proxies", "10.0.0.1").start().await?;
    for place in 0..20 {
        let client = server.client().from_address(&format!("198.51.100.{place}"));
        assert_eq!(guess(&client, place).await?.status, 401);
    }
    assert_eq!(guess(&server.client().from_address("203.0.113.9"), 0).await?.status, 429);
    Ok(())
}

#[tokio::test]
async fn exempt_networks_are_never_limited() -> anyhow::Result<()> {
    let exempt = "198.51.100.0/24,2001:db8::/32";
    let server =
        TestServer::builder().set("rate_limits.exempt", exempt).set(UNBLOCKED.0, UNBLOCKED.1).start().await?;
    for address in ["198.51.100.7", "::ffff:198.51.100.8", "2001:db8:ffff::1"] {
        let client = server.client().from_address(address);
        for place in 0..25 {
            let answer = guess(&client, place).await?;
            assert_eq!((answer.status, answer.header("ratelimit")), (401, ""), "{address}");
            server.clock().advance(seconds(600));
        }
    }
    assert_eq!(exhaust(&server.client().from_address("203.0.113.9")).await?.0, 20);
    Ok(())
}

#[tokio::test]
async fn limits_can_be_set_and_switched_off() -> anyhow::Result<()> {
    let builder =
        TestServer::builder().set("rate_limits.login.limit", "2").set("rate_limits.login.window", "10");
    let server = builder.start().await?;
    let (through, refused) = exhaust(&server.client()).await?;
    assert_eq!((through, number(&refused, "retry-after")?), (2, 10));

    let server = unlimited().await?;
    sign_up(&server.client(), "ada@example.com").await?;
    let mut answers = Vec::new();
    for _ in 0..40 {
        answers.push(log_in(&server.client(), "ada@example.com", PASSWORD).await?);
    }
    assert_eq!(count(&answers, 200), 40);
    assert!(answers.iter().all(|answer| answer.header("ratelimit").is_empty()));
    logged_in(&server.client(), "ada@example.com").await?;
    Ok(())
}
