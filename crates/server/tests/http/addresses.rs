//! Unusual addresses and names, from the registration to the headers of the mails.

use std::collections::BTreeSet;

use archon_testkit::TestServer;
use serde_json::json;

use crate::support::{
    PASSWORD, assert_refused, confirm, fields, log_in, registration, reset_token, unlimited,
    verification_token,
};

const NEW: &str = "EvenBetter456?";

/// The header lines of a message (RFC 5322), continuations joined.
fn headers(raw: &str) -> Vec<String> {
    let (head, _) = raw.split_once("\r\n\r\n").unwrap_or((raw, ""));
    head.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n").map(str::to_owned).collect()
}

/// The names of the headers, each as often as it stands there.
fn names(raw: &str) -> Vec<String> {
    let name = |line: &String| line.split(':').next().unwrap_or_default().to_lowercase();
    headers(raw).iter().map(name).collect()
}

/// A value of a header.
fn header(raw: &str, name: &str) -> String {
    let prefix = format!("{name}: ");
    headers(raw).iter().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_default().to_owned()
}

/// Asserts who alone a mail is addressed to, with a name or without.
#[track_caller]
fn assert_goes_to(raw: &str, recipient: &str) {
    let to = header(raw, "To");
    let name = to.strip_suffix(&format!("<{recipient}>")).or_else(|| to.strip_suffix(recipient));
    assert!(name.is_some_and(|name| !name.contains('@')), "{recipient}: {raw}");
}

#[tokio::test]
async fn unusual_addresses_register_log_in_verify_and_reset() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let client = server.client();
    for (email, recipient) in [
        ("first.last+tag@sub.example.co.uk", "first.last+tag@sub.example.co.uk"),
        ("o'brien@example.ie", "o'brien@example.ie"),
        ("\"quoted name\"@example.com", "\"quoted name\"@example.com"),
        ("\"a@b\"@example.com", "\"a@b\"@example.com"),
        ("!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"),
        ("user@ex\u{e4}mple.de", "user@xn--exmple-cua.de"),
        ("user@\u{4f8b}\u{3048}.jp", "user@xn--r8jz45g.jp"),
    ] {
        let registered = client.post("/auth/register", &registration(email)).await?;
        assert_eq!(registered.status, 201, "{email}: {}", registered.text);
        assert_eq!(registered.text_at("/user/email"), email);
        let body = json!({"token": verification_token(&server, email, 1).await?});
        assert_eq!(client.post("/auth/email/verify", &body).await?.status, 200, "{email}");
        assert_eq!(log_in(&client, &email.to_uppercase(), PASSWORD).await?.status, 200, "{email}");
        let token = reset_token(&server, email, 1).await?;
        assert_eq!(confirm(&client, &token, NEW).await?.status, 200, "{email}");
        assert_eq!(log_in(&client, email, NEW).await?.status, 200, "{email}");
        let mail = server.mail(email, "password_reset").await?;
        assert_goes_to(&mail.raw, recipient);
    }
    Ok(())
}

#[tokio::test]
async fn an_address_cannot_bring_headers_of_its_own() -> anyhow::Result<()> {
    let server = unlimited().await?;
    let endings = ["\r\n", "\n", "\r", "\0", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}"];
    for ending in endings {
        for email in [
            format!("ada@example.com{ending}Bcc: victim@example.com"),
            format!("ada{ending}Bcc: victim@example.com"),
            format!("\"ada{ending}Bcc: victim\"@example.com"),
            format!("ada@example.com{ending}x"),
        ] {
            for (path, body) in [
                ("/auth/register", registration(&email)),
                ("/auth/password/reset", json!({"email": email})),
                ("/auth/login", json!({"email": email, "password": PASSWORD})),
            ] {
                let answer = server.client().post(path, &body).await?;
                if answer.status == 400 {
                    assert_eq!(fields(&answer), ["email"], "{path} {email:?}");
                } else {
                    // What the syntax of addresses allows must be harmless.
                    assert!(["\u{2028}", "\u{2029}"].contains(&ending), "{path} {email:?}: {}", answer.text);
                }
            }
        }
    }
    assert_headers_are_ours(&server).await
}

#[tokio::test]
async fn a_name_cannot_bring_headers_of_its_own() -> anyhow::Result<()> {
    let server = unlimited().await?;
    for (place, ending) in ["\r\n", "\n", "\r", "\0", "\u{b}", "\u{c}", "\u{85}"].into_iter().enumerate() {
        let mut body = registration(&format!("refused{place}@example.com"));
        body["name"] = json!(format!("Ada{ending}Bcc: victim@example.com"));
        let answer = server.client().post("/auth/register", &body).await?;
        assert_refused(&answer, 400, "VALIDATION_ERROR");
        assert_eq!(fields(&answer), ["name"], "{ending:?}");
    }
    let harmless = [
        "Ada\u{2028}Bcc: victim@example.com",
        "Ada\u{2029}Bcc: victim@example.com",
        "Ada\", <victim@example.com>, \"",
        "Ada <victim@example.com>",
        "=?utf-8?Q?Ada=0D=0ABcc:_victim=40example.com?=",
        "=?utf-8?B?QWRhDQpCY2M6IHZpY3RpbUBleGFtcGxlLmNvbQ==?=",
        "Ada; Bcc: victim@example.com",
        "Ada \u{202e}moc.elpmaxe",
        "{{ link }} {% raw %} <script>alert(1)</script>",
    ];
    for (place, name) in harmless.into_iter().enumerate() {
        let email = format!("ada{place}@example.com");
        let mut body = registration(&email);
        body["name"] = json!(name);
        assert_eq!(server.client().post("/auth/register", &body).await?.status, 201, "{name}");
        reset_token(&server, &email, 1).await?;
        for kind in ["welcome", "verify_email", "password_reset"] {
            let mail = server.mail(&email, kind).await?;
            assert_goes_to(&mail.raw, &email);
            assert!(!mail.html.contains("<script>"), "{}", mail.html);
        }
    }
    assert_headers_are_ours(&server).await
}

#[tokio::test]
async fn a_user_agent_cannot_bring_headers_or_markup_of_its_own() -> anyhow::Result<()> {
    let server = unlimited().await?;
    server.client().post("/auth/register", &registration("ada@example.com")).await?;
    let agent = "<script>alert(1)</script>\tBcc:victim@example.com";
    let client = server.client().with_user_agent(agent);
    assert_eq!(client.post("/auth/register", &registration("ada@example.com")).await?.status, 409);
    let mail = server.mail("ada@example.com", "already_registered").await?;
    assert!(!mail.html.contains("<script>"), "{}", mail.html);
    assert_headers_are_ours(&server).await
}

/// Holds every mail so far to the headers that an honest one has, each once, and to one recipient.
async fn assert_headers_are_ours(server: &TestServer) -> anyhow::Result<()> {
    let honest = "honest@example.com";
    let registered = server.client().post("/auth/register", &registration(honest)).await?;
    assert_eq!(registered.status, 201);
    let honest = names(&server.mail(honest, "welcome").await?.raw);
    let expected: BTreeSet<&String> = honest.iter().collect();
    assert_eq!(expected.len(), honest.len(), "{honest:?}");
    for sent in server.mailbox().messages() {
        let found = names(&sent.raw);
        assert_eq!(found.len(), honest.len(), "{}", sent.raw);
        assert_eq!(found.iter().collect::<BTreeSet<_>>(), expected, "{}", sent.raw);
    }
    Ok(())
}
