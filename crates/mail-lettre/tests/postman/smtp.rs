//! What a real mail server receives, and what is made of its answers.

use std::collections::HashMap;
use std::time::Duration;

use archon_domain::ports::Mailer as _;
use archon_domain::{DeliveryError, Email, Mail, PersonName, StoreErrorKind};
use archon_mail_lettre::{Postman, SmtpSettings, Transport, samples};
use serde_json::{Value, json};

use crate::log::Log;
use crate::smtp_server::{SmtpServer, answering, count};
use crate::{LINK, deliver, postman, verify_email};

fn over(settings: SmtpSettings) -> Postman {
    postman(Transport::Smtp(settings))
}

/// Why a mail is to be tried again.
fn temporary(outcome: Result<(), DeliveryError>) -> String {
    let Err(DeliveryError::Temporary(why)) = outcome else { panic!("{outcome:?}") };
    why
}

/// Why a mail is given up.
fn permanent(outcome: Result<(), DeliveryError>) -> String {
    let Err(DeliveryError::Permanent(why)) = outcome else { panic!("{outcome:?}") };
    why
}

/// The headers that a server has received, by name.
fn headers(received: &Value) -> HashMap<String, String> {
    serde_json::from_value::<Vec<(String, String)>>(received["headers"].clone())
        .unwrap()
        .into_iter()
        .collect()
}

/// Holds what a server has received against the standards.
fn assert_clean(received: &Value) {
    let raw = received["raw"].as_str().unwrap();
    assert!(raw.is_ascii(), "every server takes it, whatever it supports");
    assert!(!raw.replace("\r\n", "").contains(['\r', '\n']), "RFC 5322 section 2.3");
    assert!(raw.split("\r\n").all(|line| line.len() <= 998), "RFC 5322 section 2.1.1");
    assert_eq!(received["defects"], json!([]));
    for (part, kind) in received["parts"].as_array().unwrap().iter().zip(["text/plain", "text/html"]) {
        assert_eq!(part["type"], kind);
        assert_eq!(part["charset"], "utf-8");
        assert!(matches!(part["encoding"].as_str(), Some("7bit" | "quoted-printable")), "{part}");
        assert_eq!(part["defects"], json!([]));
    }
}

#[tokio::test]
async fn every_mail_arrives_as_it_was_written() {
    let mut server =
        SmtpServer::start(json!({"tls": "starttls", "user": "auth", "password": "p@ss:wörd"})).await;
    let postman = over(server.settings("smtp://auth:p%40ss%3Aw%C3%B6rd@", "/auth.example.com"));
    for language in postman.languages() {
        for sample in samples() {
            let mail = Mail { locale: Some(language.clone()), ..sample };
            postman.deliver(&mail).await.unwrap();
            let received = server.event("mail").await;
            assert_clean(&received);
            let (headers, sent) = (headers(&received), deliver(&mail).await);
            assert_eq!(headers["Subject"], sent.subject);
            assert_eq!(headers["From"], "Example <no-reply@auth.example.com>");
            assert_eq!(headers["Message-ID"], format!("<{}@auth.example.com>", mail.id));
            assert_eq!(headers["Date"], "Tue, 04 May 2027 10:20:30 +0000");
            assert_eq!(received["to"], json!([["Ada Lovelace", "ada@example.com"]]));
            let content =
                |part: usize| received["parts"][part]["content"].as_str().unwrap().replace("\r\n", "\n");
            assert_eq!(content(0), sent.text);
            assert_eq!(content(1), sent.html);
            assert_eq!(received["sender"], "no-reply@auth.example.com");
            assert_eq!(received["recipients"], json!(["ada@example.com"]));
            assert_eq!((&received["user"], &received["is_encrypted"]), (&json!("auth"), &json!(true)));
            assert_eq!(received["hello"], "auth.example.com");
        }
    }
    drop(postman);
    assert_eq!(count(&server.stop().await, "connected"), 0, "one connection has carried them all");
}

#[tokio::test]
async fn tls_from_the_first_byte_and_both_ways_to_log_in_work() {
    for mechanism in ["PLAIN", "LOGIN"] {
        let setup = json!({"tls": "implicit", "user": "u", "password": "p", "mechanisms": [mechanism]});
        let mut server = SmtpServer::start(setup).await;
        over(server.settings("smtps://u:p@", "")).deliver(&verify_email()).await.unwrap();
        let received = server.event("mail").await;
        assert_eq!((&received["user"], &received["is_encrypted"]), (&json!("u"), &json!(true)));
    }
}

#[tokio::test]
async fn names_and_addresses_arrive_as_they_are() {
    let mut server = SmtpServer::start(json!({"utf8": true})).await;
    let postman = over(server.settings("smtp://", "?tls=none"));
    let long = "Zoë Müller-Lüdenscheidt ".repeat(4);
    let cases = [
        ("Zoë Åkesson", "zoe+archon@example.com", "zoe+archon@example.com"),
        ("李小龍", "bruce@例え.テスト", "bruce@xn--r8jz45g.xn--zckzah"),
        ("Ada \"Countess\" Lovelace, Jr. (UK) <x>;", "o'brien@example.ie", "o'brien@example.ie"),
        ("back\\slash \"", "\"a b\"@example.com", "\"a b\"@example.com"),
        ("👩‍🚀 Valentina", "\"comma, here\"@example.com", "\"comma, here\"@example.com"),
        ("=?utf-8?q?Bcc=3A?=", "x@example.com", "x@example.com"),
        (long.trim(), "x@sub.example.co.uk", "x@sub.example.co.uk"),
        ("Jürgen", "jürgen@exämple.de", "jürgen@xn--exmple-cua.de"),
    ];
    for (name, typed, written) in cases {
        let to = Email::parse(typed).unwrap();
        postman
            .deliver(&Mail { name: PersonName::parse(name).unwrap(), to, ..verify_email() })
            .await
            .unwrap();
        let received = server.event("mail").await;
        assert_eq!(received["recipients"], json!([written]));
        assert_eq!(received["parts"].as_array().unwrap().len(), 2, "{name}");
        if written.is_ascii() {
            assert_clean(&received);
            // What looks encoded arrives as text that does not.
            assert_eq!(received["to"], json!([[name.replace("=?", "= ?"), written]]));
        } else {
            assert!(received["options"].as_array().unwrap().contains(&json!("SMTPUTF8")));
        }
    }
    let mut strict = SmtpServer::start(json!({})).await;
    let mail = Mail { to: Email::parse("jürgen@example.de").unwrap(), ..verify_email() };
    let why = permanent(over(strict.settings("smtp://", "?tls=none")).deliver(&mail).await);
    assert!(why.contains("SMTPUTF8") || why.contains("MAIL FROM"), "{why}");
    strict.event("connected").await;
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_that_is_not_who_it_says() {
    let (other, tls) = (SmtpServer::start(json!({})).await, json!({"tls": "starttls"}));
    let server = SmtpServer::start(tls).await;
    let mut strangers = server.settings("smtp://", "?tls=required");
    strangers.ca_file = Some(other.folder.path().join("authority.pem"));
    let why = temporary(over(strangers.clone()).deliver(&verify_email()).await);
    assert!(why.contains("certificate"), "{why}");
    let told = over(strangers).probe().await.unwrap_err();
    assert_eq!(told.kind(), StoreErrorKind::Unavailable);
    let mut misnamed = server.settings("smtp://", "?tls=required");
    misnamed.url = misnamed.url.replace("127.0.0.1", "localhost");
    let why = temporary(over(misnamed).deliver(&verify_email()).await);
    assert!(why.contains("certificate"), "{why}");
    assert_eq!(count(&server.stop().await, "mail"), 0);
}

#[tokio::test]
async fn a_ca_file_in_the_url_stands_for_the_setting() {
    let mut server = SmtpServer::start(json!({"tls": "starttls"})).await;
    let path = server.folder.path().join("authority.pem");
    let url = format!("smtp://127.0.0.1:{}?tls=required&ca_file={}", server.port, path.display());
    over(SmtpSettings::new(url)).deliver(&verify_email()).await.unwrap();
    assert_eq!(server.event("mail").await["is_encrypted"], true);
}

#[tokio::test]
async fn what_shall_be_encrypted_is_never_sent_in_clear() {
    let server = SmtpServer::start(json!({"user": "u", "password": "p"})).await;
    for (before, after) in [("smtp://", "?tls=required"), ("smtp://u:p@", "")] {
        let why = temporary(over(server.settings(before, after)).deliver(&verify_email()).await);
        assert!(why.contains("STARTTLS is not supported"), "{why}");
    }
    let opportunistic = over(server.settings("smtp://u:p@", "?tls=opportunistic"));
    let why = temporary(opportunistic.deliver(&verify_email()).await);
    assert!(why.contains("the password is not sent in clear"), "{why}");
    assert_eq!(count(&server.stop().await, "mail"), 0);
}

#[tokio::test]
async fn what_may_be_sent_in_clear_is() {
    let mut server = SmtpServer::start(json!({"user": "u", "password": "p"})).await;
    over(server.settings("smtp://u:p@", "?tls=none")).deliver(&verify_email()).await.unwrap();
    assert_eq!(server.event("mail").await["is_encrypted"], false);
    let mut server = SmtpServer::start(json!({})).await;
    over(server.settings("smtp://", "")).deliver(&verify_email()).await.unwrap();
    assert_eq!(server.event("mail").await["is_encrypted"], false);
}

#[tokio::test]
async fn a_refused_log_in_is_the_operators_business() {
    let server = SmtpServer::start(json!({"tls": "starttls", "user": "u", "password": "p"})).await;
    let wrong = over(server.settings("smtp://u:wrong@", ""));
    let why = temporary(wrong.deliver(&verify_email()).await);
    assert!(why.contains("535") && why.contains("Authentication credentials invalid"), "{why}");
    assert!(!why.contains("wrong"), "{why}");
    assert_eq!(wrong.probe().await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    let without = over(server.settings("smtp://", "?tls=required"));
    let why = temporary(without.deliver(&verify_email()).await);
    assert!(why.contains("530") && why.contains("Authentication required"), "{why}");
    assert_eq!(count(&server.stop().await, "mail"), 0);
}

#[tokio::test]
async fn later_is_tried_again_and_never_is_given_up() {
    let later = Some("451 4.7.1 Greylisted, come back later");
    let never = Some("550-5.1.1 No such user here,\r\n550 5.1.1 \u{1b}[31mask the postmaster");
    let server = SmtpServer::start(answering("RCPT", &[later, None, never])).await;
    let postman = over(server.settings("smtp://", "?tls=none"));
    let why = temporary(postman.deliver(&verify_email()).await);
    assert_eq!(why, "451 4.7.1 Greylisted, come back later");
    postman.deliver(&verify_email()).await.unwrap();
    let why = permanent(postman.deliver(&verify_email()).await);
    assert!(why.starts_with("550 5.1.1 No such user here,"), "{why}");
    assert!(!why.contains(char::is_control), "{why:?}");
    postman.deliver(&verify_email()).await.unwrap();
    let events = server.stop().await;
    assert_eq!(
        (count(&events, "mail"), count(&events, "connected")),
        (2, 1),
        "a refusal costs no connection"
    );
}

#[tokio::test]
async fn each_step_may_be_refused() {
    let cases = [
        ("MAIL", "550 5.7.1 sender refused", true),
        ("MAIL", "530 5.7.0 log in first", false),
        ("MAIL", "452 4.3.1 disk full", false),
        ("RCPT", "552 5.2.2 mailbox full", true),
        ("DATA", "554 5.6.0 looks like spam", true),
        ("DATA", "450 4.2.0 busy", false),
        ("DATA", "534 5.7.9 stronger log-in needed", false),
    ];
    for (command, answer, is_final) in cases {
        let server = SmtpServer::start(answering(command, &[Some(answer)])).await;
        let outcome = over(server.settings("smtp://", "?tls=none")).deliver(&verify_email()).await;
        let why = if is_final { permanent(outcome) } else { temporary(outcome) };
        assert_eq!(why, answer, "the server's words");
    }
}

#[tokio::test]
async fn a_server_that_says_good_bye_is_left() {
    let server = SmtpServer::start(answering("MAIL", &[Some("421 4.3.2 shutting down")])).await;
    let postman = over(server.settings("smtp://", "?tls=none"));
    assert!(temporary(postman.deliver(&verify_email()).await).contains("421"));
    postman.deliver(&verify_email()).await.unwrap();
    assert_eq!(count(&server.stop().await, "connected"), 2);
}

#[tokio::test]
async fn a_silent_server_holds_nothing_up_and_its_late_answer_is_nobodys() {
    let hang = async |command: &str| {
        let server = SmtpServer::start(answering(command, &[Some("hang")])).await;
        let settings = server.settings("smtp://", "?tls=none");
        let hurried = over(SmtpSettings { timeout: Duration::from_secs(2), ..settings });
        assert!(temporary(hurried.deliver(&verify_email()).await).contains("no answer within 2s"));
        hurried.deliver(&verify_email()).await.unwrap();
        assert_eq!(count(&server.stop().await, "connected"), 2, "{command}");
    };
    tokio::join!(hang("MAIL"), hang("RCPT"), hang("DATA"));
    let server = SmtpServer::start(json!({"waits": true})).await;
    let settings = server.settings("smtp://", "?tls=none");
    let hurried = over(SmtpSettings { timeout: Duration::from_millis(100), ..settings });
    assert!(temporary(hurried.deliver(&verify_email()).await).contains("no answer within 100ms"));
    assert_eq!(hurried.probe().await.unwrap_err().kind(), StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn a_slow_greeting_is_waited_for() {
    let mut server = SmtpServer::start(json!({"waits": true})).await;
    let postman = over(server.settings("smtp://", "?tls=none"));
    let sending = tokio::spawn(async move { postman.deliver(&verify_email()).await });
    server.event("connected").await;
    assert!(!sending.is_finished());
    server.greet().await;
    sending.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_mail_whose_answer_got_lost_is_the_same_mail_again() {
    let mut server = SmtpServer::start(answering("DATA", &[Some("drop")])).await;
    let postman = over(server.settings("smtp://", "?tls=none"));
    temporary(postman.deliver(&verify_email()).await);
    postman.deliver(&verify_email()).await.unwrap();
    let (first, second) = (server.event("mail").await, server.event("mail").await);
    for name in ["Message-ID", "Date"] {
        assert_eq!(headers(&first)[name], headers(&second)[name]);
    }
}

#[tokio::test]
async fn no_more_connections_than_allowed_are_open_at_once() {
    let server = SmtpServer::start(json!({})).await;
    let settings = server.settings("smtp://", "?tls=none");
    let postman = over(SmtpSettings { concurrency: 3, ..settings });
    let mail = verify_email();
    let sent = futures::future::join_all((0..24).map(|_| postman.deliver(&mail))).await;
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    let events = server.stop().await;
    assert_eq!((count(&events, "mail"), count(&events, "connected")), (24, 3));
    assert!(events.iter().all(|event| event["open"].as_u64().is_none_or(|open| open <= 3)));
}

#[tokio::test]
async fn a_kept_connection_that_the_server_has_closed_is_replaced() {
    let mut server = SmtpServer::start(json!({})).await;
    let postman = over(server.settings("smtp://", "?tls=none"));
    postman.deliver(&verify_email()).await.unwrap();
    server.cut().await;
    postman.deliver(&verify_email()).await.unwrap();
    postman.probe().await.unwrap();
    let events = server.stop().await;
    assert_eq!((count(&events, "mail"), count(&events, "connected")), (1, 1), "beside those before the cut");
}

#[tokio::test]
async fn an_unneeded_connection_takes_its_leave() {
    let mut server = SmtpServer::start(json!({})).await;
    let settings = server.settings("smtp://", "?tls=none");
    let postman = over(SmtpSettings { idle_timeout: Duration::from_millis(50), ..settings });
    postman.deliver(&verify_email()).await.unwrap();
    server.event("quit").await;
    postman.deliver(&verify_email()).await.unwrap();
    assert_eq!(count(&server.stop().await, "connected"), 1, "beside the one before");
}

#[tokio::test]
async fn a_mail_server_that_is_away_is_temporary() {
    // A port that was just free: nobody listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let postman = over(SmtpSettings::new(format!("smtp://127.0.0.1:{port}?tls=none")));
    temporary(postman.deliver(&verify_email()).await);
    assert_eq!(postman.probe().await.unwrap_err().kind(), StoreErrorKind::Unavailable);
}

#[test]
fn a_postman_outlives_its_runtime_and_needs_none_to_be_made() {
    let postman = over(SmtpSettings::new("smtp://127.0.0.1:1?tls=none"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert!(runtime.block_on(postman.deliver(&verify_email())).is_err());
    drop(runtime);
    drop(postman);
}

#[tokio::test]
async fn neither_passwords_nor_links_are_logged() {
    let log = Log::listen();
    let server = SmtpServer::start(json!({"user": "auth", "password": "hunter2"})).await;
    over(server.settings("smtp://auth:hunter2@", "?tls=none")).deliver(&verify_email()).await.unwrap();
    tracing::info!("the log is open");
    let logged = log.text();
    assert!(logged.contains("the log is open"));
    // The second is what AUTH PLAIN makes of user and password.
    for secret in ["hunter2", "AGF1dGgAaHVudGVyMg", LINK, "token=abc"] {
        assert!(!logged.contains(secret), "{secret} is in {logged}");
    }
}
