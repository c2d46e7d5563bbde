//! How often a reset can be asked for and confirmed (CONTRACT section 5).

use archon_testkit::{Answer, TestServer};
use serde_json::json;

use crate::support::{
    PASSWORD, assert_refused, confirm, dated, forgot, mails_so_far, number, reset_token, seconds, sign_up,
};

const ADA: &str = "ada@example.com";
const NOBODY: &str = "nobody@example.com";

/// What an answer tells of a budget: how much there is, how much is left.
fn told(answer: &Answer) -> (&str, &str) {
    (answer.header("ratelimit-policy"), answer.header("x-ratelimit-remaining"))
}

const POLICY: &str = "\"password_reset\";q=5;w=3600";

#[tokio::test]
async fn a_client_may_ask_five_times_an_hour_whomever_for() -> anyhow::Result<()> {
    let server = dated().await?;
    for place in 0..5 {
        let answer = forgot(&server.client(), &format!("user{place}@example.com")).await?;
        assert_eq!((answer.status, told(&answer)), (200, (POLICY, (4 - place).to_string().as_str())));
        server.clock().advance(seconds(60));
    }
    let refused = forgot(&server.client(), "user5@example.com").await?;
    assert_refused(&refused, 429, "RATE_LIMIT_EXCEEDED");
    assert_eq!((told(&refused), number(&refused, "retry-after")?), ((POLICY, "0"), 3600 - 300));
    let elsewhere = server.client().from_address("198.51.100.7");
    assert_eq!(forgot(&elsewhere, "user5@example.com").await?.status, 200, "each client has its own");
    server.clock().advance(seconds(3600 - 300));
    assert_eq!(forgot(&server.client(), "user5@example.com").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn five_mails_an_hour_may_be_asked_for_an_address_wherever_from() -> anyhow::Result<()> {
    let server = dated().await?;
    sign_up(&server.client(), ADA).await?;
    let mut refusals = Vec::new();
    for (email, network) in [(ADA, "198.51.100"), (NOBODY, "203.0.113")] {
        let from = |place: usize| server.client().from_address(&format!("{network}.{place}"));
        for place in 0..5 {
            let spelt = if place % 2 == 0 { email.to_owned() } else { email.to_uppercase() };
            let answer = forgot(&from(place), &spelt).await?;
            assert_eq!(answer.status, 200);
            // The client's own budget is nearly whole; the one that is nearer to its end is told.
            let left = (4 - place).to_string();
            assert_eq!(told(&answer), (POLICY, left.as_str()), "{email}");
        }
        let refused = forgot(&from(5), email).await?;
        assert_refused(&refused, 429, "RATE_LIMIT_EXCEEDED");
        refusals.push((
            told(&refused).1.to_owned(),
            number(&refused, "retry-after")?,
            refused.json["message"].clone(),
        ));
        // It may still ask for others.
        assert_eq!(forgot(&from(5), &format!("other.{email}")).await?.status, 200);
    }
    assert_eq!(refusals[0], refusals[1], "known and unknown alike");
    server.mails(ADA, "password_reset", 5).await?;
    server.clock().advance(seconds(3600));
    reset_token(&server, ADA, 6).await?;
    assert_eq!(mails_so_far(&server, ADA, "password_reset"), 6, "and no more than that");
    Ok(())
}

#[tokio::test]
async fn a_refusal_of_the_client_costs_the_address_nothing() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    for place in 0..5 {
        forgot(&server.client(), &format!("user{place}@example.com")).await?;
    }
    for _ in 0..10 {
        assert_eq!(forgot(&server.client(), ADA).await?.status, 429);
    }
    let elsewhere = server.client().from_address("198.51.100.7");
    assert_eq!(told(&forgot(&elsewhere, ADA).await?), (POLICY, "4"));
    Ok(())
}

#[tokio::test]
async fn a_request_that_is_refused_by_validation_costs_nothing() -> anyhow::Result<()> {
    let server = dated().await?;
    for _ in 0..10 {
        for body in [json!({}), json!({"email": "no address"}), json!({"email": null})] {
            let answer = server.client().post("/auth/password/reset", &body).await?;
            assert_refused(&answer, 400, "VALIDATION_ERROR");
            assert_eq!(told(&answer), (POLICY, "5"));
        }
    }
    assert_eq!(told(&forgot(&server.client(), ADA).await?), (POLICY, "4"));
    Ok(())
}

#[tokio::test]
async fn clients_that_are_never_limited_do_not_flood_a_mailbox_either() -> anyhow::Result<()> {
    let server = TestServer::builder().set("rate_limits.exempt", "127.0.0.1").start().await?;
    for place in 0..20 {
        assert_eq!(forgot(&server.client(), &format!("user{place}@example.com")).await?.status, 200);
    }
    for place in 0..5 {
        let answer = forgot(&server.client(), ADA).await?;
        assert_eq!(told(&answer), (POLICY, (4 - place).to_string().as_str()), "the budget of the address");
    }
    assert_refused(&forgot(&server.client(), ADA).await?, 429, "RATE_LIMIT_EXCEEDED");
    Ok(())
}

#[tokio::test]
async fn confirmations_draw_on_the_budget_of_log_ins() -> anyhow::Result<()> {
    let server = dated().await?;
    sign_up(&server.client(), ADA).await?;
    let token = reset_token(&server, ADA, 1).await?;
    let hashes = server.hashes_done();
    for place in 0..20 {
        let answer = confirm(&server.client(), &token, PASSWORD).await?;
        assert_refused(&answer, 400, "PASSWORD_REUSED");
        assert_eq!(told(&answer), ("\"login\";q=20;w=60", (19 - place).to_string().as_str()));
    }
    let refused = confirm(&server.client(), &token, "EvenBetter456?").await?;
    assert_refused(&refused, 429, "RATE_LIMIT_EXCEEDED");
    assert_eq!(server.hashes_done() - hashes, 20, "as many as the history has, for each");
    server.clock().advance(seconds(number(&refused, "retry-after")?));
    assert_eq!(
        confirm(&server.client(), &token, "EvenBetter456?").await?.status,
        200,
        "the token was not spent"
    );
    Ok(())
}
