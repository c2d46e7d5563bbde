//! What is made of a receiver's answer.

use std::net::TcpListener;
use std::time::Duration;

use archon_alerts_webhook::Webhooks;
use archon_domain::DeliveryError;
use archon_domain::ports::AlertSender as _;

use crate::receiver::Receiver;
use crate::{alert, notice, raised_at, tell, tell_within};

/// Whether an answer says that another try may succeed; `None` when the alert was taken.
async fn verdict(status: &str) -> Option<bool> {
    match tell(&Receiver::answering(status, "", "no, thanks").await.url).await {
        Ok(()) => None,
        Err(DeliveryError::Temporary(words)) => {
            assert!(words.contains(status), "{words}");
            Some(true)
        }
        Err(DeliveryError::Permanent(words)) => {
            assert_eq!(words, format!("{status}: no, thanks"));
            Some(false)
        }
    }
}

#[tokio::test]
async fn only_2xx_takes_an_alert_and_only_4xx_refuses_it_for_good() {
    for taken in ["200 OK", "201 Created", "202 Accepted", "299 Whatever"] {
        let receiver = Receiver::answering(taken, "", "").await;
        assert_eq!(tell(&receiver.url).await, Ok(()), "{taken}");
    }
    for refused in ["400 Bad Request", "401 Unauthorized", "403 Forbidden", "404 Not Found", "410 Gone"] {
        assert_eq!(verdict(refused).await, Some(false), "{refused}");
    }
    for later in [
        "408 Request Timeout",
        "425 Too Early",
        "429 Too Many Requests",
        "500 Internal Server Error",
        "502 Bad Gateway",
        "503 Service Unavailable",
    ] {
        assert_eq!(verdict(later).await, Some(true), "{later}");
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = Receiver::answering("200 OK", "", "").await;
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"] {
        let location = format!("Location: {}\r\n", elsewhere.url);
        let receiver = Receiver::answering(status, &location, "").await;
        let outcome = tell(&receiver.url).await;
        let Err(DeliveryError::Temporary(words)) = outcome else { panic!("{status}: {outcome:?}") };
        assert_eq!(words, format!("it answers {status}, and redirects are not followed"));
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn a_silent_receiver_is_given_up_for_this_time() {
    let receiver = Receiver::start(None).await;
    let outcome = tell_within(&receiver.url, Duration::from_millis(200)).await;
    assert_eq!(outcome, Err(DeliveryError::Temporary("no answer within 200ms".to_owned())));
}

#[tokio::test]
async fn what_is_no_http_and_who_is_not_there_are_tried_again_and_the_url_is_not_told() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = format!("http://{free}/alerts?key=secret-in-the-url");
    let babbling = Receiver::start(Some("220 mail.example.com ESMTP\r\n".to_owned())).await;
    for url in [&nobody, &babbling.url] {
        let outcome = tell(url).await;
        let Err(DeliveryError::Temporary(words)) = outcome else { panic!("{outcome:?}") };
        assert!(!words.contains("secret-in-the-url"), "{words}");
    }
}

#[tokio::test]
async fn the_words_of_a_refusal_are_one_short_line() {
    let words = format!("<h1>\r\n\tno\u{7}</h1>{}", "x".repeat(100_000));
    let outcome = tell(&Receiver::answering("400 Bad Request", "", &words).await.url).await;
    let Err(DeliveryError::Permanent(words)) = outcome else { panic!("{outcome:?}") };
    assert!(words.starts_with("400 Bad Request: <h1> no </h1>xxx"), "{words}");
    assert!(words.chars().count() < 250 && !words.chars().any(char::is_control), "{words}");
}

#[tokio::test]
async fn a_webhook_that_is_configured_no_more_is_given_up() {
    let outcome = Webhooks::default().send(&notice("pager"), &alert(), raised_at()).await;
    let words = "no webhook of this name is configured any more".to_owned();
    assert_eq!(outcome, Err(DeliveryError::Permanent(words)));
}
