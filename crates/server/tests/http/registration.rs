//! Registration (CONTRACT section 2).

use archon_testkit::{Answer, TestServer};
use serde_json::{Value, json};

use crate::support::Tokens;
use crate::support::{
    PASSWORD, assert_refused, dated, events, fields, log_in, me, registration, sign_up, unlimited,
};

async fn register(server: &TestServer, body: &Value) -> anyhow::Result<Answer> {
    server.client().post("/auth/register", body).await
}

/// A registration with one field changed.
fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut body = registration("ada@example.com");
    body[name] = value.into();
    body
}

#[tokio::test]
async fn a_registration_answers_with_the_user_and_logs_in() -> anyhow::Result<()> {
    let server = dated().await?;
    let body = json!({
        "email": "Ada.Lovelace@Example.com", "password": PASSWORD, "name": "  Ada Lovelace ",
        "metadata": {"locale": "de", "plan": {"seats": [1, 2.5, null]}},
    });
    let answer = register(&server, &body).await?;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let expected = json!({
        "id": answer.text_at("/user/id"), "email": "Ada.Lovelace@Example.com", "name": "Ada Lovelace",
        "email_verified": false, "created_at": "2026-01-05T10:00:00.123456Z",
        "updated_at": "2026-01-05T10:00:00.123456Z", "last_login_at": "2026-01-05T10:00:00.123456Z",
        "metadata": {"locale": "de", "plan": {"seats": [1, 2.5, null]}},
    });
    assert_eq!(answer.json["user"], expected);
    assert_eq!(&answer.text_at("/user/id")[14..15], "7", "a UUIDv7");
    let tokens = &answer.json["tokens"];
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_eq!(tokens["refresh_expires_in"], 3600);
    let tokens = Tokens::at(&answer, "/tokens")?;
    assert_eq!(me(&server.client(), &tokens).await?.json, expected);
    for secret in [PASSWORD, "argon2", "hash", "$"] {
        assert!(!answer.text.contains(secret), "{secret} in {}", answer.text);
    }
    assert!(events(&server.client(), &tokens).await?.contains(&"registered".to_owned()));
    Ok(())
}

#[tokio::test]
async fn a_registration_mails_a_welcome_and_a_link() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    sign_up(&server.client(), "ada@example.com").await?;
    server.mails("ada@example.com", "welcome", 1).await?;
    let verify = server.mails("ada@example.com", "verify_email", 1).await?;
    assert!(verify[0].text.contains("token=") && verify[0].html.contains("token="));
    assert_eq!(server.mailbox().messages().len(), 2);
    Ok(())
}

#[tokio::test]
async fn an_address_is_taken_however_it_is_spelt() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let first = sign_up(&server.client(), "Ada@example.com").await?;
    for email in ["Ada@example.com", "ada@EXAMPLE.com", " ADA@EXAMPLE.COM "] {
        let mut body = registration(email);
        body["password"] = json!("Different-Pass789!");
        assert_refused(&register(&server, &body).await?, 409, "EMAIL_EXISTS");
    }
    assert_eq!(me(&server.client(), &first).await?.text_at("/email"), "Ada@example.com", "as typed");
    assert_eq!(log_in(&server.client(), "ada@example.com", "Different-Pass789!").await?.status, 401);
    assert_eq!(server.mails("ada@example.com", "welcome", 1).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_at_once() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let body = json!({"email": "no address", "password": "short", "name": " ", "metadata": []});
    let answer = register(&server, &body).await?;
    assert_refused(&answer, 400, "VALIDATION_ERROR");
    assert_eq!(answer.text_at("/error"), "validation_error");
    let mut named = fields(&answer);
    named.sort_unstable();
    named.dedup();
    assert_eq!(named, ["email", "metadata", "name", "password"]);
    Ok(())
}

#[tokio::test]
async fn each_rule_that_a_password_misses_is_a_detail_of_its_own() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let long = format!("Aa1!{}", "x".repeat(125));
    let cases = [
        ("", 5),
        ("short", 4),
        ("alllowercase1!", 1),
        ("ALLUPPERCASE1!", 1),
        ("NoDigitsHere!", 1),
        ("NoSymbols123", 1),
        ("Sh0rt!a", 1),
        (long.as_str(), 1),
        ("Password1!", 1),
        ("12345678", 4),
    ];
    for (password, count) in cases {
        let answer = register(&server, &with("password", password)).await?;
        assert_refused(&answer, 400, "WEAK_PASSWORD");
        assert_eq!(fields(&answer), vec!["password"; count], "{password}: {}", answer.text);
        for detail in answer.json["details"].as_array().into_iter().flatten() {
            assert_eq!(detail["code"], "WEAK_PASSWORD");
        }
    }
    assert_eq!(log_in(&server.client(), "ada@example.com", "Password1!").await?.status, 401, "no account");
    Ok(())
}

#[tokio::test]
async fn ones_own_address_and_name_are_no_passwords() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    for password in ["Ada.Lovelace1!@example.com", "ADA.lovelace1!", "Ada Lovelace 1!"] {
        let body =
            json!({"email": "ada.lovelace1!@example.com", "password": password, "name": "Ada Lovelace 1!"});
        assert_refused(&register(&server, &body).await?, 400, "WEAK_PASSWORD");
    }
    Ok(())
}

#[tokio::test]
async fn good_passwords_are_accepted() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let longest = format!("Aa1!{}", "\u{e4}".repeat(124));
    let good =
        ["SecurePass123!", "TestPassword123!", "TestPass123!", "\u{dc}n\u{ef}code9?x", "Aa1!xyzw", &longest];
    for (place, password) in good.into_iter().enumerate() {
        let mut body = with("password", password);
        body["email"] = json!(format!("ada{place}@example.com"));
        let answer = register(&server, &body).await?;
        assert_eq!(answer.status, 201, "{password}: {}", answer.text);
        assert_eq!(log_in(&server.client(), &format!("ada{place}@example.com"), password).await?.status, 200);
    }
    Ok(())
}

#[tokio::test]
async fn a_length_only_rule_can_be_configured() -> anyhow::Result<()> {
    let classes = ["uppercase", "lowercase", "digit", "symbol"];
    let builder = TestServer::builder().set("passwords.min_length", "15");
    let builder = classes
        .iter()
        .fold(builder, |builder, class| builder.set(&format!("passwords.require_{class}"), "false"));
    let server = builder.start().await?;
    assert_refused(&register(&server, &with("password", "too short")).await?, 400, "WEAK_PASSWORD");
    assert_eq!(register(&server, &with("password", "correct horse battery")).await?.status, 201);
    Ok(())
}

#[tokio::test]
async fn the_limits_of_each_field_are_where_they_are_promised() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let local = "a".repeat(64);
    let domain =
        |length: usize| format!("{}.{}.{}.com", "b".repeat(60), "c".repeat(60), "d".repeat(length - 126));
    let email = |length: usize| format!("{local}@{}", domain(length - 65));
    let metadata = |length: usize| json!({"text": "x".repeat(length - r#"{"text":""}"#.len())});
    let cases = [
        ("email", json!(email(254)), 201),
        ("email", json!(email(255)), 400),
        ("name", json!("\u{e4}".repeat(100)), 201),
        ("name", json!("\u{e4}".repeat(101)), 400),
        ("name", json!(format!("  {}  ", "a".repeat(100))), 201),
        ("metadata", metadata(8192), 201),
        ("metadata", metadata(8193), 400),
        ("metadata", Value::Null, 201),
    ];
    for (place, (name, value, status)) in cases.into_iter().enumerate() {
        let mut body = registration(&format!("ada{place}@example.com"));
        body[name] = value;
        let answer = register(&server, &body).await?;
        assert_eq!(answer.status, status, "case {place}, {name}: {}", answer.text);
        if status == 400 {
            assert_eq!(fields(&answer), [name]);
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_is_no_address_is_refused() -> anyhow::Result<()> {
    let server = unlimited().await?;
    for email in [
        "ada",
        "@example.com",
        "ada@",
        "ada@@example.com",
        "ada@exa mple.com",
        "Ada <ada@example.com>",
        "ada@example.com\r\nBcc: all@example.com",
        "ada@example.com,grace@example.com",
        "ada@.com",
        ".ada@example.com",
    ] {
        let answer = register(&server, &with("email", email)).await?;
        assert_refused(&answer, 400, "VALIDATION_ERROR");
        assert_eq!(
            (fields(&answer), answer.text_at("/details/0/code")),
            (vec!["email"], "INVALID_EMAIL"),
            "{email}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn fields_that_are_not_asked_for_give_nobody_anything() -> anyhow::Result<()> {
    let server = TestServer::start().await?;
    let mut body = registration("ada@example.com");
    for (name, value) in [
        ("roles", json!(["admin"])),
        ("email_verified", json!(true)),
        ("id", json!("0190163d-8694-739b-aea5-966c26f8ad91")),
        ("created_at", json!("2000-01-01T00:00:00Z")),
        ("status", json!("disabled")),
    ] {
        body[name] = value;
    }
    let answer = register(&server, &body).await?;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.json["user"]["email_verified"], false);
    assert_ne!(answer.text_at("/user/id"), "0190163d-8694-739b-aea5-966c26f8ad91");
    let tokens = Tokens::at(&answer, "/tokens")?;
    assert_eq!(crate::support::part(&tokens.access, 1)?["roles"], json!(["user"]));
    Ok(())
}
