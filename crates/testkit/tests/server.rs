//! What the test kit promises of its servers in memory.

use std::time::Duration;

use archon_testkit::{Backend, Instant, Reception, TestServer, User};
use serde_json::{Value, json};

async fn relaxed() -> anyhow::Result<TestServer> {
    TestServer::builder().set("rate_limits.enabled", "false").start().await
}

/// Everything that is random in a few requests, keys and signatures apart.
async fn story(server: &TestServer) -> anyhow::Result<Vec<String>> {
    let ada = server.register("ada@example.com").await?;
    let again = server.log_in(&ada).await?;
    let client = server.client_of(&again);
    let sessions = client.get("/auth/sessions").await?;
    let token = server.mail("ada@example.com", "verify_email").await?.token().map(str::to_owned);
    let verified = client.post("/auth/email/verify", &json!({"token": token})).await?;
    let ids = sessions.json["sessions"].as_array().cloned().unwrap_or_default();
    let ids = ids.iter().map(|session| session["id"].to_string());
    let requests = [sessions.header("x-request-id").to_owned(), verified.header("x-request-id").to_owned()];
    Ok(ids.chain(requests).chain([ada.id, token.unwrap_or_default()]).collect())
}

#[tokio::test]
async fn one_seed_tells_one_story() -> anyhow::Result<()> {
    let (first, second) =
        (TestServer::builder().seed(7).start().await?, TestServer::builder().seed(7).start().await?);
    // Mails that fail draw random waits behind the requests; no identifier must feel it.
    second.mailbox().set_reception(Reception::Away);
    second.register("eve@example.com").await?;
    first.register("eve@example.com").await?;
    second.mailbox().set_reception(Reception::Takes);
    let told = story(&first).await?;
    assert_eq!(told, story(&second).await?);
    assert_eq!((first.seed(), first.now()), (7, second.now()));

    let other = TestServer::builder().seed(8).start().await?;
    other.register("eve@example.com").await?;
    for (same, other) in told.iter().zip(story(&other).await?) {
        assert_ne!(*same, other);
    }
    Ok(())
}

#[tokio::test]
async fn a_seed_that_was_drawn_repeats_what_it_did() -> anyhow::Result<()> {
    let first = TestServer::start().await?;
    let repeated = TestServer::builder().seed(first.seed()).start_at(first.now()).start().await?;
    assert_eq!(story(&first).await?, story(&repeated).await?);
    assert_ne!(TestServer::start().await?.seed(), first.seed());
    Ok(())
}

#[tokio::test]
async fn without_a_seed_tokens_are_good_for_who_goes_by_the_real_time() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let started = server.now();
    let start = Instant::from_timestamp(2_000_000_000, 0).unwrap();
    let later = TestServer::builder().start_at(start).start().await?;
    assert_eq!(later.now(), start);
    // Later than the test was written, and standing still.
    assert!(started > Instant::from_timestamp(1_790_000_000, 0).unwrap(), "{started}");
    assert_eq!(server.now(), started);
    Ok(())
}

#[tokio::test]
async fn the_clock_expires_tokens_and_sessions() -> anyhow::Result<()> {
    let server = relaxed().await?;
    let ada = server.register("ada@example.com").await?;
    server.expire_access_tokens();
    assert_eq!(server.client_of(&ada).get("/auth/me").await?.text_at("/message"), "Token has expired");
    let body = json!({"refresh_token": ada.refresh_token});
    let refreshed = server.client().post("/auth/refresh", &body).await?;
    assert_eq!(refreshed.status, 200, "{}", refreshed.text);

    server.expire_sessions();
    let body = json!({"refresh_token": refreshed.text_at("/refresh_token")});
    let refused = server.client().post("/auth/refresh", &body).await?;
    assert_eq!((refused.status, refused.code()), (401, "SESSION_EXPIRED"), "{}", refused.text);
    Ok(())
}

#[tokio::test]
async fn a_locked_account_is_locked_for_everybody_until_the_clock_frees_it() -> anyhow::Result<()> {
    let server = relaxed().await?;
    let ada = server.register("ada@example.com").await?;
    server.lock(&ada.email).await?;
    let body = json!({"email": ada.email, "password": ada.password});
    for client in [server.client(), server.client().from_address("203.0.113.9")] {
        assert_eq!(client.post("/auth/login", &body).await?.code(), "ACCOUNT_LOCKED");
    }
    server.clock().advance(Duration::from_secs(1801));
    server.log_in(&ada).await?;
    Ok(())
}

#[tokio::test]
async fn an_account_that_a_rate_limit_keeps_from_being_locked_is_an_error_that_says_so() -> anyhow::Result<()>
{
    let server = TestServer::builder().set("rate_limits.login.limit", "2").start().await?;
    let error = server.lock("ada@example.com").await.unwrap_err().to_string();
    assert!(error.contains("rate_limits.enabled"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_mail_that_found_nobody_comes_when_the_clock_is_turned() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    server.mailbox().set_reception(Reception::Away);
    server.register("ada@example.com").await?;
    let mut tries = server.mailbox().tries();
    // The greeting and the verification mail: a registration sends both.
    while server.mailbox().refusals() < 2 {
        tries.changed().await?;
    }
    let health = server.client().get("/auth/health").await?;
    assert_eq!(health.text_at("/status"), "degraded", "{}", health.text);

    server.mailbox().set_reception(Reception::Takes);
    server.clock().advance(Duration::from_secs(3600));
    let mail = server.mail("Ada@Example.com", "verify_email").await?;
    assert!(
        mail.text.contains(mail.link().unwrap()) && mail.link().unwrap().ends_with(mail.token().unwrap())
    );
    Ok(())
}

#[tokio::test]
async fn a_refused_mail_is_given_up_and_a_silent_server_holds_nobody_up() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    server.mailbox().set_reception(Reception::Refuses);
    server.register("ada@example.com").await?;
    let mut tries = server.mailbox().tries();
    // A registration sends two mails, the greeting and the link.
    while server.mailbox().refusals() < 2 {
        tries.changed().await?;
    }
    server.mailbox().set_reception(Reception::Silent);
    server.register("eve@example.com").await?;
    server.mailbox().set_reception(Reception::Takes);
    server.clock().advance(Duration::from_secs(86_400));
    server.mail("eve@example.com", "verify_email").await?;
    assert!(server.mailbox().messages_to("ada@example.com").is_empty());
    // Dropped while a mail waits for an answer that never comes.
    server.mailbox().set_reception(Reception::Silent);
    server.register("bob@example.com").await?;
    Ok(())
}

#[tokio::test]
async fn whatever_verifies_tokens_finds_what_it_needs() -> anyhow::Result<()> {
    for algorithm in ["ES256", "EdDSA", "RS256"] {
        let builder = TestServer::builder().algorithm(algorithm).set("tokens.audience", "shop");
        let server = builder.start().await?;
        let keys: Value = reqwest::get(server.jwks_url()).await?.json().await?;
        assert_eq!(keys["keys"][0]["alg"], algorithm);
        assert_eq!((server.issuer(), server.audience()), ("archon-auth", "shop"));
    }
    Ok(())
}

#[tokio::test]
async fn a_reset_begins_anew_at_the_same_address() -> anyhow::Result<()> {
    let mut server = TestServer::builder().seed(3).backend(Backend::Sqlite).start().await?;
    let (address, started) = (server.base_url().to_owned(), server.now());
    let first = server.register("ada@example.com").await?;
    server.mail("ada@example.com", "verify_email").await?;
    server.clock().advance(Duration::from_secs(60));
    server.reset().await?;
    assert_eq!((server.base_url(), server.now()), (address.as_str(), started));
    assert!(server.mailbox().messages().is_empty());
    let second = server.register("ada@example.com").await?;
    assert_eq!(first.id, second.id);
    assert_eq!(server.client_of(&first).get("/auth/me").await?.status, 401, "signed by a key of before");

    let error = server.reset_to(TestServer::builder().set("no.such", "1")).await.unwrap_err();
    assert!(format!("{error:#}").contains("no.such"), "{error:#}");
    assert_eq!(server.base_url(), address);
    server.register("ada@example.com").await?;
    Ok(())
}

#[test]
fn a_server_outlives_the_runtime_that_started_it() -> anyhow::Result<()> {
    let run = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (server, ada): (TestServer, User) = run()?.block_on(async {
        let server = TestServer::start().await?;
        let ada = server.register("ada@example.com").await?;
        anyhow::Ok((server, ada))
    })?;
    run()?.block_on(async {
        assert_eq!(server.client_of(&ada).get("/auth/me").await?.status, 200);
        anyhow::Ok(())
    })
}
