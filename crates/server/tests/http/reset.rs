//! Resetting a forgotten password (CONTRACT sections 2 and 6).

use std::time::Duration;

use archon_testkit::{Answer, Backend, TestServer};
use serde_json::{Value, json};

use crate::support::{
    PASSWORD, Tokens, assert_refused, confirm, dated, events, fail, fields, forgot, log_in, logged_in,
    mails_so_far, me, refresh, registration, reset_token, seconds, sign_up, unlimited, verification_token,
};

const ADA: &str = "ada@example.com";
const NEW: &str = "EvenBetter456?";

/// A service with an account.
async fn account() -> anyhow::Result<(TestServer, Tokens)> {
    let server = unlimited().await?;
    let tokens = sign_up(&server.client(), ADA).await?;
    Ok((server, tokens))
}

/// Everything in an answer that a client can tell another by, but for what names the request and the time.
fn likeness(mut answer: Answer) -> (u16, Value, Vec<(String, String)>) {
    for name in ["x-request-id", "date"] {
        answer.headers.remove(name);
    }
    if let Some(body) = answer.json.as_object_mut() {
        body.remove("request_id");
    }
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let headers = answer.headers.iter().map(|(name, value)| (name.to_string(), text(value.as_bytes())));
    let mut headers: Vec<_> = headers.collect();
    headers.sort();
    (answer.status, answer.json, headers)
}

#[track_caller]
fn assert_invalid(answer: &Answer) {
    assert_refused(answer, 400, "TOKEN_INVALID");
    assert_eq!(answer.text_at("/message"), "Invalid or expired token");
    assert_eq!(answer.text_at("/details/0/field"), "token");
    assert_eq!(answer.text_at("/details/0/message"), "Ask for a new mail with POST /auth/password/reset");
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_with_the_link_in_the_mail() -> anyhow::Result<()> {
    let (server, _) = account().await?;
    let client = server.client();
    let asked = forgot(&client, " ADA@Example.com ").await?;
    assert_eq!(asked.status, 200, "{}", asked.text);
    let message = "If the address belongs to an account, a mail with a link is on its way";
    assert_eq!(asked.json, json!({"message": message, "success": true}));

    let mail = server.mail(ADA, "password_reset").await?;
    let token = mail.token().unwrap_or_default().to_owned();
    let link = format!("/auth/pages/reset-password?token={token}");
    assert!(mail.text.contains(&link), "{}", mail.text);
    assert!(mail.html.contains(&token), "{}", mail.html);
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    let home = client.with_user_agent(firefox).from_address("192.0.2.1");
    let answer = confirm(&home, &token, NEW).await?;
    assert_eq!((answer.status, &answer.json["success"]), (200, &json!(true)), "{}", answer.text);
    assert!(!answer.text.contains("token"), "nobody is logged in by it: {}", answer.text);

    assert_refused(&log_in(&client, ADA, PASSWORD).await?, 401, "INVALID_CREDENTIALS");
    let tokens = Tokens::at(&log_in(&client, ADA, NEW).await?, "")?;
    let notice = server.mail(ADA, "password_changed").await?;
    assert!(notice.text.contains("Firefox on Linux") && notice.text.contains("192.0.2.1"), "{}", notice.text);
    let recorded = events(&client, &tokens).await?;
    for kind in
        ["password_reset_requested", "password_reset_completed", "email_verified", "session_terminated"]
    {
        assert_eq!(recorded.iter().filter(|event| *event == kind).count(), 1, "{kind} in {recorded:?}");
    }
    Ok(())
}

#[tokio::test]
async fn tokens_that_do_not_work_get_one_and_the_same_answer() -> anyhow::Result<()> {
    let (server, tokens) = account().await?;
    let used = reset_token(&server, ADA, 1).await?;
    assert_eq!(confirm(&server.client(), &used, NEW).await?.status, 200);
    let expired = reset_token(&server, ADA, 2).await?;
    server.clock().advance(seconds(3600));
    sign_up(&server.client(), "grace@example.com").await?;
    let foreign = verification_token(&server, "grace@example.com", 1).await?;
    let good = reset_token(&server, "grace@example.com", 1).await?;

    let (cut, begun) = (&good[..42], &good[..1]);
    let (longer, padded, spaced) = (format!("{good}A"), format!("{good}="), format!(" {good}"));
    // The last character of a token holds two bits that mean nothing: the next one names the same bytes.
    let respelt = format!("{cut}{}", char::from(good.as_bytes()[42] + 1));
    let (unknown, digest) = ("A".repeat(43), "0".repeat(64));
    let odd = [
        "",
        " ",
        "\u{0}",
        "garbage",
        "\u{fc}",
        begun,
        cut,
        &longer,
        &padded,
        &spaced,
        &respelt,
        &unknown,
        &digest,
        &tokens.access,
        &tokens.refresh,
        &used,
        &expired,
        &foreign,
    ];
    let mut seen = Vec::new();
    for token in odd {
        // Whatever the password: the token is judged first.
        for password in [NEW, PASSWORD, "weak"] {
            let answer = confirm(&server.client(), token, password).await?;
            assert_invalid(&answer);
            seen.push(likeness(answer));
        }
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
    let cased = good.to_uppercase();
    assert_invalid(&confirm(&server.client(), &cased, NEW).await?);
    assert_eq!(confirm(&server.client(), &good, NEW).await?.status, 200, "none of that has spent it");
    Ok(())
}

#[tokio::test]
async fn a_reset_token_is_good_for_nothing_else() -> anyhow::Result<()> {
    let (server, _) = account().await?;
    let token = reset_token(&server, ADA, 1).await?;
    let verified = server.client().post("/auth/email/verify", &json!({"token": token})).await?;
    assert_refused(&verified, 400, "TOKEN_INVALID");
    assert_eq!(
        me(&server.client().with_token(&token), &logged_in(&server.client(), ADA).await?).await?.status,
        200
    );
    assert_eq!(server.client().with_token(&token).get("/auth/me").await?.status, 401);
    assert_eq!(confirm(&server.client(), &token, NEW).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn nobody_learns_from_a_request_who_has_an_account() -> anyhow::Result<()> {
    for backend in [Backend::Memory, Backend::Sqlite] {
        let builder = TestServer::builder().set("rate_limits.enabled", "false").backend(backend);
        let server = builder.start().await?;
        sign_up(&server.client(), ADA).await?;
        let [known, unknown] =
            [forgot(&server.client(), ADA).await?, forgot(&server.client(), "nobody@example.com").await?];
        assert_eq!(known.status, 200);
        assert_eq!(likeness(known), likeness(unknown));
        server.mail(ADA, "password_reset").await?;
        // Asked for later, and here: an earlier one would be.
        reset_token(&server, ADA, 2).await?;
        assert!(server.mailbox().messages_to("nobody@example.com").is_empty());
        // Whoever opens the account afterwards finds nothing waiting.
        sign_up(&server.client(), "nobody@example.com").await?;
        server.mail("nobody@example.com", "welcome").await?;
        assert_eq!(mails_so_far(&server, "nobody@example.com", "password_reset"), 0);
    }
    Ok(())
}

#[tokio::test]
async fn a_link_works_for_an_hour_to_the_microsecond() -> anyhow::Result<()> {
    let (server, _) = account().await?;
    let (first, second) = (reset_token(&server, ADA, 1).await?, reset_token(&server, ADA, 2).await?);
    server.clock().advance(seconds(3600));
    assert_invalid(&confirm(&server.client(), &first, NEW).await?);
    assert_invalid(&confirm(&server.client(), &second, NEW).await?);
    let third = reset_token(&server, ADA, 3).await?;
    server.clock().advance(seconds(3600) - Duration::from_micros(1));
    assert_eq!(confirm(&server.client(), &third, NEW).await?.status, 200);

    let builder = TestServer::builder().set("tokens.reset_password_ttl", "60");
    let server = builder.start().await?;
    sign_up(&server.client(), ADA).await?;
    let token = reset_token(&server, ADA, 1).await?;
    server.clock().advance(seconds(60));
    assert_invalid(&confirm(&server.client(), &token, NEW).await?);
    Ok(())
}

#[tokio::test]
async fn every_link_works_until_the_password_changes() -> anyhow::Result<()> {
    let (server, tokens) = account().await?;
    let (first, second) = (reset_token(&server, ADA, 1).await?, reset_token(&server, ADA, 2).await?);
    assert_ne!(first, second);
    assert_eq!(confirm(&server.client(), &first, NEW).await?.status, 200, "another request voids no link");
    assert_invalid(&confirm(&server.client(), &second, "Third-Pass789!").await?);

    let third = reset_token(&server, ADA, 3).await?;
    assert_eq!(me(&server.client(), &tokens).await?.status, 401, "the reset has ended every session");
    let tokens = Tokens::at(&log_in(&server.client(), ADA, NEW).await?, "")?;
    let body = json!({"current_password": NEW, "new_password": "Third-Pass789!"});
    let changing = server.client().with_token(&tokens.access);
    assert_eq!(changing.send(reqwest::Method::PUT, "/auth/password", Some(&body)).await?.status, 200);
    assert_invalid(&confirm(&server.client(), &third, "Fourth-Pass012!").await?);
    Ok(())
}

#[tokio::test]
async fn a_reset_ends_every_session() -> anyhow::Result<()> {
    let (server, first) = account().await?;
    let second = logged_in(&server.client(), ADA).await?;
    let token = reset_token(&server, ADA, 1).await?;
    assert_eq!(me(&server.client(), &first).await?.status, 200, "a request changes nothing yet");
    assert_eq!(confirm(&server.client(), &token, NEW).await?.status, 200);
    for ended in [&first, &second] {
        assert_refused(&me(&server.client(), ended).await?, 401, "TOKEN_REVOKED");
        assert_refused(&refresh(&server.client(), &ended.refresh).await?, 401, "TOKEN_INVALID");
    }
    Ok(())
}

#[tokio::test]
async fn a_reset_lifts_the_lock_for_everybody() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let [home, stranger] = ["192.0.2.1", "198.51.100.7"].map(|address| server.client().from_address(address));
    sign_up(&home, ADA).await?;
    // The stranger first: failures at a known network count for the account, too.
    for client in [&stranger, &home] {
        fail(client, ADA, 5).await?;
        assert_refused(&log_in(client, ADA, PASSWORD).await?, 429, "ACCOUNT_LOCKED");
    }
    let token = reset_token(&server, ADA, 1).await?;
    assert_refused(&log_in(&home, ADA, PASSWORD).await?, 429, "ACCOUNT_LOCKED");
    assert_eq!(confirm(&stranger, &token, NEW).await?.status, 200);
    for client in [&home, &stranger] {
        // As many failures as ever lock again: none is left over.
        fail(client, ADA, 4).await?;
        assert_eq!(log_in(client, ADA, NEW).await?.status, 200);
    }
    Ok(())
}

#[tokio::test]
async fn a_reset_verifies_the_address() -> anyhow::Result<()> {
    let builder = TestServer::builder().set("registration.require_verified_email", "true");
    let server = builder.start().await?;
    assert_eq!(server.client().post("/auth/register", &registration(ADA)).await?.status, 201);
    assert_refused(&log_in(&server.client(), ADA, PASSWORD).await?, 403, "EMAIL_NOT_VERIFIED");
    let token = reset_token(&server, ADA, 1).await?;
    assert_eq!(confirm(&server.client(), &token, NEW).await?.status, 200);
    let tokens = Tokens::at(&log_in(&server.client(), ADA, NEW).await?, "")?;
    assert_eq!(me(&server.client(), &tokens).await?.json["email_verified"], true);
    Ok(())
}

#[tokio::test]
async fn a_password_that_is_refused_leaves_the_link_as_it_was() -> anyhow::Result<()> {
    let (server, tokens) = account().await?;
    let token = reset_token(&server, ADA, 1).await?;
    let hashes = server.hashes_done();
    for (weak, count) in [("short", 4), ("Password1!", 1), ("Ada Lovelace", 3), (ADA, 3)] {
        let answer = confirm(&server.client(), &token, weak).await?;
        assert_refused(&answer, 400, "WEAK_PASSWORD");
        assert_eq!(fields(&answer), vec!["new_password"; count], "{weak}: {}", answer.text);
    }
    assert_eq!(server.hashes_done(), hashes, "nothing was hashed for it");
    let answer = confirm(&server.client(), &token, PASSWORD).await?;
    assert_refused(&answer, 400, "PASSWORD_REUSED");
    assert_eq!(fields(&answer), ["new_password"]);
    assert_eq!(me(&server.client(), &tokens).await?.status, 200);
    assert_eq!(confirm(&server.client(), &token, NEW).await?.status, 200);
    assert_eq!(mails_so_far(&server, ADA, "password_reset"), 1);
    Ok(())
}

#[tokio::test]
async fn the_last_five_passwords_may_not_come_again_by_a_reset() -> anyhow::Result<()> {
    let (server, _) = account().await?;
    let password =
        |place: usize| if place == 0 { PASSWORD.to_owned() } else { format!("Another-Pass{place}!") };
    for place in 0..5 {
        let token = reset_token(&server, ADA, place + 1).await?;
        for old in 0..=place {
            assert_refused(&confirm(&server.client(), &token, &password(old)).await?, 400, "PASSWORD_REUSED");
        }
        assert_eq!(confirm(&server.client(), &token, &password(place + 1)).await?.status, 200);
    }
    let token = reset_token(&server, ADA, 6).await?;
    let answer = confirm(&server.client(), &token, &password(0)).await?;
    assert_eq!(answer.status, 200, "the sixth last is forgotten: {}", answer.text);
    Ok(())
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() -> anyhow::Result<()> {
    let server = dated().await?;
    let post = async |body: Value| server.client().post("/auth/password/reset/confirm", &body).await;
    for (body, named) in [
        (json!({}), vec!["token", "new_password"]),
        (json!({"new_password": NEW}), vec!["token"]),
        (json!({"new_password": "short"}), [vec!["token"], vec!["new_password"; 4]].concat()),
        (json!({"token": 1, "new_password": "Password1!"}), vec!["token", "new_password"]),
        (json!({"token": [], "new_password": ""}), vec!["token", "new_password"]),
        (json!({"token": "made up", "new_password": null}), vec!["new_password"]),
    ] {
        let answer = post(body).await?;
        assert_refused(&answer, 400, "VALIDATION_ERROR");
        assert_eq!(fields(&answer), named, "{}", answer.text);
    }
    Ok(())
}
