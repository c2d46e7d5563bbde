//! Many requests at once: what must happen once happens once.

use std::collections::BTreeSet;

use archon_testkit::TestServer;
use reqwest::Method;
use serde_json::json;

use crate::support::{
    PASSWORD, WRONG, at_once, confirm, count, events, log_in, logged_in, me, refresh, registration,
    reset_token, seconds, sign_up, unlimited,
};

const ADA: &str = "ada@example.com";

#[tokio::test]
async fn a_hundred_registrations_of_one_address_open_one_account() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let answers = at_once((0..100).map(|place| {
        let client = server.client();
        // Every other one spells the address differently.
        let email = if place % 2 == 0 { ADA } else { "Ada@EXAMPLE.com" };
        async move { client.post("/auth/register", &registration(email)).await }
    }))
    .await?;
    assert_eq!((count(&answers, 201), count(&answers, 409)), (1, 99));
    let conflicts = answers.iter().filter(|answer| answer.status == 409);
    assert!(conflicts.into_iter().all(|answer| answer.code() == "EMAIL_EXISTS"));
    logged_in(&server.client(), ADA).await?;
    server.mails(ADA, "welcome", 1).await?;
    server.mails(ADA, "already_registered", 99).await?;
    assert_eq!(
        server.mailbox().messages_to(ADA).len(),
        101,
        "one to verify, one to welcome, one for each other"
    );
    Ok(())
}

#[tokio::test]
async fn a_hundred_refreshes_of_one_token_are_one_rotation() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let tokens = sign_up(&server.client(), ADA).await?;
    let answers = at_once((0..100).map(|_| {
        let (client, token) = (server.client(), tokens.refresh.clone());
        async move { refresh(&client, &token).await }
    }))
    .await?;
    assert_eq!(count(&answers, 200), 100);
    let successors: BTreeSet<_> = answers.iter().map(|answer| answer.text_at("/refresh_token")).collect();
    assert_eq!(successors.len(), 1);
    assert!(!successors.contains(tokens.refresh.as_str()));
    let rotations = events(&server.client(), &tokens).await?;
    assert_eq!(rotations.iter().filter(|event| *event == "token_refreshed").count(), 1);
    Ok(())
}

#[tokio::test]
async fn of_a_hundred_wrong_passwords_at_most_five_are_hashed() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let home = server.client().from_address("192.0.2.1");
    sign_up(&home, ADA).await?;
    for email in [ADA, "nobody@example.com"] {
        let hashes = server.hashes_done();
        let answers = at_once((0..100).map(|_| {
            let client = server.client().from_address("198.51.100.7");
            async move { log_in(&client, email, WRONG).await }
        }))
        .await?;
        assert_eq!((count(&answers, 401), count(&answers, 429)), (5, 95), "{email}");
        let locked = answers.iter().filter(|answer| answer.status == 429);
        assert!(locked.into_iter().all(|answer| answer.code() == "ACCOUNT_LOCKED"));
        assert_eq!(server.hashes_done() - hashes, 5, "{email}");
    }
    logged_in(&home, ADA).await?;
    Ok(())
}

#[tokio::test]
async fn guesses_from_many_addresses_share_the_five() -> anyhow::Result<()> {
    let server = unlimited().await?;
    sign_up(&server.client().from_address("192.0.2.1"), ADA).await?;
    let hashes = server.hashes_done();
    let answers = at_once((0..60).map(|place| {
        let client = server.client().from_address(&format!("198.51.100.{place}"));
        async move { log_in(&client, ADA, WRONG).await }
    }))
    .await?;
    assert_eq!((count(&answers, 401), count(&answers, 429)), (5, 55));
    assert_eq!(server.hashes_done() - hashes, 5);
    Ok(())
}

#[tokio::test]
async fn fifty_right_passwords_lock_nobody_out() -> anyhow::Result<()> {
    let server = unlimited().await?;
    sign_up(&server.client().from_address("192.0.2.1"), ADA).await?;
    for address in ["192.0.2.1", "198.51.100.7"] {
        let answers = at_once((0..50).map(|_| {
            let client = server.client().from_address(address);
            async move { log_in(&client, ADA, PASSWORD).await }
        }))
        .await?;
        assert_eq!(count(&answers, 200), 50);
    }
    let tokens = logged_in(&server.client(), ADA).await?;
    let sessions = server.client().with_token(&tokens.access).get("/auth/sessions").await?;
    assert_eq!(sessions.json["total"], 5, "no more than allowed, however they came");
    Ok(())
}

#[tokio::test]
async fn of_parallel_log_ins_no_more_open_sessions_than_allowed() -> anyhow::Result<()> {
    let builder = TestServer::builder().set("rate_limits.enabled", "false");
    let server = builder.set("sessions.terminate_old_sessions", "false").start().await?;
    let first = sign_up(&server.client(), ADA).await?;
    let answers = at_once((0..30).map(|_| {
        let client = server.client();
        async move { log_in(&client, ADA, PASSWORD).await }
    }))
    .await?;
    assert_eq!((count(&answers, 200), count(&answers, 403)), (4, 26));
    assert_eq!(me(&server.client(), &first).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn of_parallel_password_changes_one_wins() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let mut sessions = vec![sign_up(&server.client(), ADA).await?];
    for _ in 0..4 {
        sessions.push(logged_in(&server.client(), ADA).await?);
    }
    let password = |place: usize| format!("Another-Pass{place}!");
    let answers = at_once((0..20).map(|place| {
        let client = server.client().with_token(&sessions[place % 5].access);
        let body = json!({"current_password": PASSWORD, "new_password": password(place)});
        async move { client.send(Method::PUT, "/auth/password", Some(&body)).await }
    }))
    .await?;
    assert_eq!(count(&answers, 200), 1);
    assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 401 | 409 | 429)), "{answers:?}");

    let mut live = 0;
    for tokens in &sessions {
        live += usize::from(me(&server.client(), tokens).await?.status == 200);
    }
    assert_eq!(live, 1, "the winner's session");
    server.clock().advance(std::time::Duration::from_secs(1800));
    assert_eq!(log_in(&server.client(), ADA, PASSWORD).await?.status, 401);
    let mut working = 0;
    for place in 0..20 {
        // From somewhere new each time: the wrong ones must not lock the right one out.
        server.clock().advance(std::time::Duration::from_secs(1800));
        working += usize::from(log_in(&server.client(), ADA, &password(place)).await?.status == 200);
    }
    assert_eq!(working, 1);
    let mails = server.mails(ADA, "password_changed", 1).await?;
    assert_eq!(mails.len(), 1);
    Ok(())
}

#[tokio::test]
async fn no_refresh_survives_a_log_out_that_races_it() -> anyhow::Result<()> {
    let server = unlimited().await?;
    sign_up(&server.client(), ADA).await?;
    for _ in 0..10 {
        let tokens = logged_in(&server.client(), ADA).await?;
        let answers = at_once((0..20).map(|place| {
            let (client, tokens) = (server.client(), tokens.clone());
            async move {
                if place == 10 {
                    client.with_token(&tokens.access).post("/auth/logout", &json!({})).await
                } else {
                    refresh(&client, &tokens.refresh).await
                }
            }
        }))
        .await?;
        assert_eq!(count(&answers, 204), 1);
        assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 204 | 401)), "{answers:?}");
        for answer in answers.iter().filter(|answer| answer.status == 200) {
            let access = server.client().with_token(answer.text_at("/access_token"));
            assert_eq!(access.get("/auth/me").await?.status, 401);
            let refused = refresh(&server.client(), answer.text_at("/refresh_token")).await?;
            assert_eq!(refused.status, 401);
        }
    }
    Ok(())
}

#[tokio::test]
async fn no_rotation_in_flight_survives_reuse() -> anyhow::Result<()> {
    let server = unlimited().await?;
    sign_up(&server.client(), ADA).await?;
    for _ in 0..10 {
        let first = logged_in(&server.client(), ADA).await?;
        let second = crate::support::refreshed(&server.client(), &first.refresh).await?;
        let thief = server.client().with_user_agent("thief");
        let answers = at_once((0..10).map(|place| {
            let (client, token) = match place {
                5 => (thief.clone(), first.refresh.clone()),
                _ => (server.client(), second.refresh.clone()),
            };
            async move { refresh(&client, &token).await }
        }))
        .await?;
        assert!(answers.iter().any(|answer| answer.code() == "TOKEN_REUSED"));
        for answer in answers.iter().filter(|answer| answer.status == 200) {
            let refused = refresh(&server.client(), answer.text_at("/refresh_token")).await?;
            assert_eq!(refused.status, 401, "{}", refused.text);
        }
    }
    Ok(())
}

#[tokio::test]
async fn of_parallel_verifications_with_one_token_one_succeeds() -> anyhow::Result<()> {
    let server = unlimited().await?;
    sign_up(&server.client(), ADA).await?;
    let token = crate::support::verification_token(&server, ADA, 1).await?;
    let answers = at_once((0..20).map(|_| {
        let (client, body) = (server.client(), json!({"token": token}));
        async move { client.post("/auth/email/verify", &body).await }
    }))
    .await?;
    assert_eq!((count(&answers, 200), count(&answers, 400)), (1, 19));
    Ok(())
}

#[tokio::test]
async fn of_parallel_resets_with_one_token_one_succeeds() -> anyhow::Result<()> {
    let server = unlimited().await?;
    sign_up(&server.client(), ADA).await?;
    let token = reset_token(&server, ADA, 1).await?;
    let answers = at_once((0..10).map(|place| {
        let (client, token) = (server.client(), token.clone());
        async move { confirm(&client, &token, &format!("Another-Pass{place}!")).await }
    }))
    .await?;
    assert_eq!((count(&answers, 200), count(&answers, 400)), (1, 9));
    assert!(answers.iter().all(|answer| answer.status == 200 || answer.code() == "TOKEN_INVALID"));
    let mut passwords = 0;
    for place in 0..10 {
        let answer = log_in(&server.client(), ADA, &format!("Another-Pass{place}!")).await?;
        passwords += usize::from(answer.status == 200);
        server.clock().advance(seconds(1800));
    }
    assert_eq!(passwords, 1);
    assert_eq!(server.mails(ADA, "password_changed", 1).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn parallel_requests_cannot_pass_a_limit() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let answers = at_once((0..60).map(|place| {
        let client = server.client();
        async move { log_in(&client, &format!("nobody{place}@example.com"), PASSWORD).await }
    }))
    .await?;
    assert_eq!((count(&answers, 401), count(&answers, 429)), (20, 40));
    Ok(())
}

#[tokio::test]
async fn no_log_in_with_the_old_password_survives_a_change_that_races_it() -> anyhow::Result<()> {
    let builder = TestServer::builder().set("rate_limits.enabled", "false");
    let server = builder.set("sessions.max_concurrent_sessions", "1000").start().await?;
    let own = sign_up(&server.client(), ADA).await?;
    let password =
        |round: usize| if round == 0 { PASSWORD.to_owned() } else { format!("Another-Pass{round}!") };
    for round in 0..5 {
        let (old, new) = (password(round), password(round + 1));
        let answers = at_once((0..20).map(|place| {
            let (client, own, old, new) = (server.client(), own.clone(), old.clone(), new.clone());
            async move {
                if place == 10 {
                    let body = json!({"current_password": old, "new_password": new});
                    client.with_token(&own.access).send(Method::PUT, "/auth/password", Some(&body)).await
                } else {
                    log_in(&client, ADA, &old).await
                }
            }
        }))
        .await?;
        assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 401 | 429)), "{answers:?}");
        for answer in answers.iter().filter(|answer| answer.status == 200) {
            let token = answer.text_at("/access_token");
            if !token.is_empty() {
                assert_eq!(server.client().with_token(token).get("/auth/me").await?.status, 401);
            }
        }
        assert_eq!(me(&server.client(), &own).await?.status, 200);
        server.clock().advance(std::time::Duration::from_secs(1));
        // Log-ins that came too late have failed, and may have locked the address.
        let elsewhere = server.client().from_address(&format!("2001:db8:{round}::1"));
        assert!(matches!(log_in(&elsewhere, ADA, &new).await?.status, 200 | 429));
    }
    Ok(())
}

#[tokio::test]
async fn nothing_survives_a_deletion_that_races_it() -> anyhow::Result<()> {
    let server = unlimited().await?;
    for round in 0..10 {
        let email = format!("ada{round}@example.com");
        let tokens = sign_up(&server.client(), &email).await?;
        let answers = at_once((0..21).map(|place| {
            let (client, tokens, email) = (server.client(), tokens.clone(), email.clone());
            async move {
                let known = client.with_token(&tokens.access);
                match place {
                    10 => known.send(Method::DELETE, "/auth/me", Some(&json!({"password": PASSWORD}))).await,
                    _ if place % 3 == 0 => refresh(&client, &tokens.refresh).await,
                    _ if place % 3 == 1 => log_in(&client, &email, PASSWORD).await,
                    _ => known.send(Method::PATCH, "/auth/me", Some(&json!({"name": "Grace"}))).await,
                }
            }
        }))
        .await?;
        assert_eq!(count(&answers, 204), 1);
        let fine = |status| matches!(status, 200 | 204 | 401 | 429);
        assert!(answers.iter().all(|answer| fine(answer.status)), "{answers:?}");
        for answer in answers.iter().filter(|answer| answer.status == 200) {
            let token = answer.text_at("/access_token");
            if !token.is_empty() {
                assert_eq!(server.client().with_token(token).get("/auth/me").await?.status, 401);
                assert_eq!(refresh(&server.client(), answer.text_at("/refresh_token")).await?.status, 401);
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn parallel_changes_of_name_and_of_metadata_both_hold() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let tokens = sign_up(&server.client(), ADA).await?;
    let answers = at_once((0..20).map(|place| {
        let client = server.client().with_token(&tokens.access);
        let body = if place % 2 == 0 { json!({"name": "Ada King"}) } else { json!({"metadata": {"a": 1}}) };
        async move { client.send(Method::PATCH, "/auth/me", Some(&body)).await }
    }))
    .await?;
    assert_eq!(count(&answers, 200), 20);
    let user = me(&server.client(), &tokens).await?.json;
    assert_eq!((&user["name"], &user["metadata"]), (&json!("Ada King"), &json!({"a": 1})));
    Ok(())
}
