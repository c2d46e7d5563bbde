//! Changing the password (CONTRACT section 2).

use archon_testkit::{Answer, Client, TestServer};
use reqwest::Method;
use serde_json::json;

use crate::support::{
    PASSWORD, Tokens, WRONG, assert_refused, events, fields, log_in, logged_in, me, refresh, refreshed,
    seconds, sign_up,
};

const ADA: &str = "ada@example.com";
const NEW: &str = "EvenBetter456?";

async fn account() -> anyhow::Result<(TestServer, Client, Tokens)> {
    let server = TestServer::start().await?;
    let client = server.client();
    let tokens = sign_up(&client, ADA).await?;
    Ok((server, client, tokens))
}

async fn change(client: &Client, tokens: &Tokens, current: &str, new: &str) -> anyhow::Result<Answer> {
    let body = json!({"current_password": current, "new_password": new});
    client.with_token(&tokens.access).send(Method::PUT, "/auth/password", Some(&body)).await
}

#[tokio::test]
async fn a_new_password_takes_the_place_of_the_old_one() -> anyhow::Result<()> {
    let (_server, client, tokens) = account().await?;
    let answer = change(&client, &tokens, PASSWORD, NEW).await?;
    assert_eq!((answer.status, &answer.json["success"]), (200, &json!(true)), "{}", answer.text);
    assert!(!answer.text_at("/message").is_empty());
    assert_refused(&log_in(&client, ADA, PASSWORD).await?, 401, "INVALID_CREDENTIALS");
    assert_eq!(log_in(&client, ADA, NEW).await?.status, 200);
    assert!(events(&client, &tokens).await?.contains(&"password_changed".to_owned()));
    Ok(())
}

#[tokio::test]
async fn every_other_session_ends_and_ones_own_goes_on() -> anyhow::Result<()> {
    let (_server, client, first) = account().await?;
    let (own, other) = (logged_in(&client, ADA).await?, logged_in(&client, ADA).await?);
    assert_eq!(change(&client, &own, PASSWORD, NEW).await?.status, 200);
    for ended in [&first, &other] {
        assert_refused(&me(&client, ended).await?, 401, "TOKEN_REVOKED");
        assert_refused(&refresh(&client, &ended.refresh).await?, 401, "TOKEN_INVALID");
    }
    assert_eq!(me(&client, &own).await?.status, 200);
    refreshed(&client, &own.refresh).await?;
    Ok(())
}

#[tokio::test]
async fn a_change_is_told_by_mail() -> anyhow::Result<()> {
    let (server, client, tokens) = account().await?;
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    let client = client.with_user_agent(firefox).from_address("192.0.2.1");
    change(&client, &tokens, PASSWORD, NEW).await?;
    let mails = server.mails(ADA, "password_changed", 1).await?;
    assert_eq!(mails.len(), 1);
    for text in [&mails[0].text, &mails[0].html] {
        assert!(text.contains("Firefox on Linux") && text.contains("192.0.2.1"), "{text}");
        assert!(!text.contains(NEW) && !text.contains(PASSWORD));
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_current_password_changes_nothing() -> anyhow::Result<()> {
    let (server, client, tokens) = account().await?;
    let other = logged_in(&client, ADA).await?;
    let answer = change(&client, &tokens, WRONG, NEW).await?;
    assert_refused(&answer, 401, "INVALID_CREDENTIALS");
    assert_eq!(fields(&answer), ["current_password"]);
    assert_eq!(me(&client, &other).await?.status, 200);
    logged_in(&client, ADA).await?;
    server.mails(ADA, "welcome", 1).await?;
    assert!(server.mailbox().messages().iter().all(|sent| sent.mail.message.kind() != "password_changed"));
    Ok(())
}

#[tokio::test]
async fn wrong_current_passwords_lock_like_failed_log_ins() -> anyhow::Result<()> {
    let (server, client, tokens) = account().await?;
    for _ in 0..5 {
        assert_eq!(change(&client, &tokens, WRONG, NEW).await?.status, 401);
    }
    let hashes = server.hashes_done();
    for current in [WRONG, PASSWORD] {
        assert_refused(&change(&client, &tokens, current, NEW).await?, 429, "ACCOUNT_LOCKED");
    }
    assert_refused(&log_in(&client, ADA, PASSWORD).await?, 429, "ACCOUNT_LOCKED");
    assert_eq!(server.hashes_done(), hashes);
    server.clock().advance(seconds(1800));
    logged_in(&client, ADA).await?;
    Ok(())
}

#[tokio::test]
async fn a_weak_password_is_refused_with_one_detail_per_rule() -> anyhow::Result<()> {
    let (server, client, tokens) = account().await?;
    let hashes = server.hashes_done();
    for (weak, count) in [("short", 4), ("alllowercase1!", 1), ("Password1!", 1), ("Ada Lovelace", 3)] {
        // The answer is the same whether or not the current password is right.
        for current in [PASSWORD, WRONG] {
            let answer = change(&client, &tokens, current, weak).await?;
            assert_refused(&answer, 400, "WEAK_PASSWORD");
            assert_eq!(fields(&answer), vec!["new_password"; count], "{weak}: {}", answer.text);
        }
    }
    assert_eq!(server.hashes_done(), hashes, "nothing was hashed for it");
    logged_in(&client, ADA).await?;
    Ok(())
}

#[tokio::test]
async fn the_last_five_passwords_may_not_come_again() -> anyhow::Result<()> {
    let (_server, client, tokens) = account().await?;
    let password =
        |place: usize| if place == 0 { PASSWORD.to_owned() } else { format!("Another-Pass{place}!") };
    for place in 0..5 {
        for old in 0..=place {
            let answer = change(&client, &tokens, &password(place), &password(old)).await?;
            assert_refused(&answer, 400, "PASSWORD_REUSED");
            assert_eq!(fields(&answer), ["new_password"]);
        }
        let answer = change(&client, &tokens, &password(place), &password(place + 1)).await?;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let answer = change(&client, &tokens, &password(5), &password(0)).await?;
    assert_eq!(answer.status, 200, "the sixth last is forgotten: {}", answer.text);
    Ok(())
}

#[tokio::test]
async fn a_new_password_is_the_same_as_the_old_however_its_letters_are_composed() -> anyhow::Result<()> {
    let (_server, client, tokens) = account().await?;
    assert_eq!(change(&client, &tokens, PASSWORD, "Caf\u{e9}-Pass1!").await?.status, 200);
    let same = change(&client, &tokens, "Cafe\u{301}-Pass1!", "Cafe\u{301}-Pass1!").await?;
    assert_refused(&same, 400, "PASSWORD_REUSED");
    Ok(())
}

#[tokio::test]
async fn a_right_current_password_clears_the_counter() -> anyhow::Result<()> {
    let (_server, client, tokens) = account().await?;
    for _ in 0..4 {
        assert_eq!(change(&client, &tokens, WRONG, NEW).await?.status, 401);
    }
    assert_eq!(change(&client, &tokens, PASSWORD, NEW).await?.status, 200);
    for _ in 0..4 {
        assert_eq!(log_in(&client, ADA, WRONG).await?.status, 401);
    }
    assert_eq!(log_in(&client, ADA, NEW).await?.status, 200);
    Ok(())
}
