//! Log-in and lockout (CONTRACT section 2).

use archon_testkit::{Answer, Client, TestServer};
use serde_json::{Value, json};

use crate::support::{
    PASSWORD, Tokens, UNBLOCKED, WRONG, assert_refused, days, events, fail, log_in, logged_in, me, number,
    registration, seconds, sign_up,
};

const ADA: &str = "ada@example.com";

/// A service with an account that was opened from 192.0.2.1.
async fn account() -> anyhow::Result<(TestServer, Client, Tokens)> {
    let server = TestServer::builder().seed(1).set(UNBLOCKED.0, UNBLOCKED.1).start().await?;
    let home = server.client().from_address("192.0.2.1");
    let tokens = sign_up(&home, ADA).await?;
    Ok((server, home, tokens))
}

#[track_caller]
fn assert_locked(answer: &Answer) {
    assert_refused(answer, 429, "ACCOUNT_LOCKED");
    assert_eq!(answer.text_at("/message"), "Account temporarily locked");
}

#[tokio::test]
async fn the_right_password_logs_in() -> anyhow::Result<()> {
    let (server, home, _) = account().await?;
    server.clock().advance(seconds(60));
    let answer = log_in(&home, ADA, PASSWORD).await?;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.text_at("/token_type"), "Bearer");
    assert_eq!((&answer.json["expires_in"], &answer.json["refresh_expires_in"]), (&json!(900), &json!(3600)));
    let user = me(&home, &Tokens::at(&answer, "")?).await?;
    assert_eq!(user.text_at("/last_login_at"), "2026-01-05T10:01:00.123456Z");
    Ok(())
}

#[tokio::test]
async fn the_address_is_compared_without_case_and_white_space() -> anyhow::Result<()> {
    let (_server, home, _) = account().await?;
    for typed in ["ADA@Example.COM", " ada@example.com\t"] {
        assert_eq!(log_in(&home, typed, PASSWORD).await?.status, 200, "{typed:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_password_is_the_same_however_its_letters_are_composed() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let body = json!({"email": ADA, "password": "Caf\u{e9}-Pass1!", "name": "Ada"});
    assert_eq!(server.client().post("/auth/register", &body).await?.status, 201);
    assert_eq!(log_in(&server.client(), ADA, "Cafe\u{301}-Pass1!").await?.status, 200);
    assert_eq!(log_in(&server.client(), ADA, "Cafe-Pass1!").await?.status, 401);
    Ok(())
}

#[tokio::test]
async fn an_unknown_address_and_a_wrong_password_cannot_be_told_apart() -> anyhow::Result<()> {
    let (server, home, _) = account().await?;
    let mut seen = Vec::new();
    for email in [ADA, "nobody@example.com"] {
        let hashes = server.hashes_done();
        let mut answer = log_in(&home, email, WRONG).await?;
        assert_refused(&answer, 401, "INVALID_CREDENTIALS");
        assert_eq!(answer.text_at("/message"), "Invalid email or password");
        assert_eq!(server.hashes_done() - hashes, 1, "both cost the same work");
        answer.json["request_id"] = Value::Null;
        let mut headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        headers.sort();
        seen.push((answer.json, headers));
    }
    assert_eq!(seen[0], seen[1]);
    Ok(())
}

#[tokio::test]
async fn five_failures_lock_for_half_an_hour_and_refuse_even_the_right_password() -> anyhow::Result<()> {
    let (server, _, _) = account().await?;
    let stranger = server.client().from_address("198.51.100.7");
    fail(&stranger, ADA, 5).await?;
    let hashes = server.hashes_done();
    assert_locked(&log_in(&stranger, ADA, WRONG).await?);
    let locked = log_in(&stranger, ADA, PASSWORD).await?;
    assert_locked(&locked);
    assert_eq!(number(&locked, "retry-after")?, 1800);
    assert_eq!(server.hashes_done(), hashes, "a locked address costs no hashing");

    server.clock().advance(seconds(1799));
    let locked = log_in(&stranger, ADA, PASSWORD).await?;
    assert_locked(&locked);
    server.clock().advance(seconds(number(&locked, "retry-after")?));
    assert_eq!(log_in(&stranger, ADA, PASSWORD).await?.status, 200, "Retry-After was right");
    Ok(())
}

#[tokio::test]
async fn the_owner_can_read_in_the_export_that_the_account_was_locked() -> anyhow::Result<()> {
    let (server, home, tokens) = account().await?;
    fail(&server.client().from_address("198.51.100.7"), ADA, 5).await?;
    let recorded = events(&home, &tokens).await?;
    let count = |kind: &str| recorded.iter().filter(|event| *event == kind).count();
    assert_eq!((count("login_failed"), count("account_locked")), (5, 1), "{recorded:?}");
    Ok(())
}

#[tokio::test]
async fn an_unknown_address_locks_in_the_same_way() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let client = server.client();
    fail(&client, "nobody@example.com", 5).await?;
    let locked = log_in(&client, "NOBODY@example.com", PASSWORD).await?;
    assert_locked(&locked);
    assert_eq!(number(&locked, "retry-after")?, 1800);
    server.clock().advance(seconds(1800));
    fail(&client, "nobody@example.com", 1).await
}

#[tokio::test]
async fn attempts_while_locked_do_not_lengthen_the_lock() -> anyhow::Result<()> {
    let (server, _, _) = account().await?;
    let stranger = server.client().from_address("198.51.100.7");
    fail(&stranger, ADA, 5).await?;
    for _ in 0..3 {
        server.clock().advance(seconds(590));
        assert_locked(&log_in(&stranger, ADA, WRONG).await?);
    }
    server.clock().advance(seconds(30));
    assert_eq!(log_in(&stranger, ADA, PASSWORD).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_success_clears_the_counter() -> anyhow::Result<()> {
    let (server, home, _) = account().await?;
    let stranger = server.client().from_address("198.51.100.7");
    for client in [&stranger, &home] {
        for _ in 0..3 {
            fail(client, ADA, 4).await?;
            logged_in(client, ADA).await?;
            server.clock().advance(seconds(60));
        }
    }
    Ok(())
}

#[tokio::test]
async fn failures_are_forgotten_after_the_lock_time() -> anyhow::Result<()> {
    let (server, home, _) = account().await?;
    fail(&home, ADA, 4).await?;
    server.clock().advance(seconds(1800));
    fail(&home, ADA, 4).await?;
    logged_in(&home, ADA).await?;
    Ok(())
}

#[tokio::test]
async fn a_stranger_cannot_lock_out_a_user_at_a_known_address() -> anyhow::Result<()> {
    let (server, home, _) = account().await?;
    let [one, other] = ["198.51.100.7", "203.0.113.9"].map(|address| server.client().from_address(address));
    fail(&one, ADA, 5).await?;
    assert_locked(&log_in(&one, ADA, PASSWORD).await?);
    assert_locked(&log_in(&other, ADA, PASSWORD).await?);
    logged_in(&home, ADA).await?;
    assert_locked(&log_in(&other, ADA, PASSWORD).await?);
    Ok(())
}

#[tokio::test]
async fn a_hop_that_the_client_makes_up_does_not_make_it_known() -> anyhow::Result<()> {
    let (server, _, _) = account().await?;
    let stranger = server.client().from_address("192.0.2.1, 198.51.100.7");
    fail(&stranger, ADA, 5).await?;
    assert_locked(&log_in(&stranger, ADA, PASSWORD).await?);
    assert_locked(&log_in(&server.client().from_address("198.51.100.7"), ADA, PASSWORD).await?);
    Ok(())
}

#[tokio::test]
async fn failures_at_a_known_address_count_for_the_account_too() -> anyhow::Result<()> {
    let (server, home, _) = account().await?;
    let stranger = server.client().from_address("198.51.100.7");
    fail(&home, ADA, 3).await?;
    fail(&stranger, ADA, 2).await?;
    assert_locked(&log_in(&stranger, ADA, PASSWORD).await?);
    fail(&home, ADA, 2).await?;
    assert_locked(&log_in(&home, ADA, PASSWORD).await?);
    Ok(())
}

#[tokio::test]
async fn an_address_stays_known_for_thirty_days() -> anyhow::Result<()> {
    let (server, home, _) = account().await?;
    let stranger = server.client().from_address("198.51.100.7");
    server.clock().advance(days(30));
    fail(&stranger, ADA, 5).await?;
    logged_in(&home, ADA).await?;
    server.clock().advance(days(30) + seconds(1));
    fail(&stranger, ADA, 5).await?;
    assert_locked(&log_in(&home, ADA, PASSWORD).await?);
    Ok(())
}

#[tokio::test]
async fn an_ipv6_subscriber_is_known_by_the_64_bit_network() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let at = |address: &str| server.client().from_address(address);
    sign_up(&at("2001:db8:1:2::1"), ADA).await?;
    fail(&at("2001:db8:9:9::1"), ADA, 5).await?;
    assert_locked(&log_in(&at("2001:db8:1:3::1"), ADA, PASSWORD).await?);
    logged_in(&at("2001:db8:1:2:ffff:ffff:ffff:ffff"), ADA).await?;
    // Whoever shares the network shares its counter.
    fail(&at("2001:db8:1:2::a"), ADA, 3).await?;
    fail(&at("2001:db8:1:2::b"), ADA, 2).await?;
    assert_locked(&log_in(&at("2001:db8:1:2::1"), ADA, PASSWORD).await?);
    Ok(())
}

#[tokio::test]
async fn the_lockout_can_be_configured() -> anyhow::Result<()> {
    let builder = TestServer::builder().set("lockout.max_failures", "2").set("lockout.duration", "60");
    let server = builder.start().await?;
    server.client().post("/auth/register", &registration(ADA)).await?;
    fail(&server.client(), ADA, 2).await?;
    let locked = log_in(&server.client(), ADA, PASSWORD).await?;
    assert_locked(&locked);
    assert_eq!(number(&locked, "retry-after")?, 60);
    server.clock().advance(seconds(60));
    logged_in(&server.client(), ADA).await?;
    Ok(())
}
