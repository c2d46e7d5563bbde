//! What a receiver is sent.

use archon_alerts_webhook::{Webhook, WebhookSettings};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::receiver::Receiver;
use crate::{SECRET, alert, notice, tell};

#[tokio::test]
async fn a_receiver_is_sent_the_alert_signed_under_the_id_of_its_notice() {
    let receiver = Receiver::answering("204 No Content", "", "").await;
    tell(&receiver.url).await.unwrap();
    let requests = receiver.requests();
    let [request] = &requests[..] else { panic!("{requests:?}") };
    assert!(request.head.starts_with("POST /alerts?key=secret-in-the-url HTTP/1.1\r\n"), "{}", request.head);
    assert_eq!(request.header("content-type"), "application/json");
    assert_eq!(request.header("webhook-id"), notice("pager").id.to_string());
    assert_eq!(request.header("webhook-timestamp"), "1809426090", "the time of the try");

    let key = STANDARD.decode(SECRET.trim_start_matches("whsec_")).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{}.1809426090.", notice("pager").id).as_bytes());
    mac.update(&request.body);
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    assert_eq!(request.header("webhook-signature"), expected);

    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(
        body,
        json!({
            "type": "alert.raised",
            "timestamp": "2027-05-04T10:20:30Z",
            "data": {
                "id": alert().id,
                "type": "failed_logins",
                "severity": "warning",
                "ip_address": "198.51.100.7",
                "user_id": null,
                "raised_at": "2027-05-04T10:20:30Z",
                "last_at": "2027-05-04T10:20:35Z",
                "count": 12,
                "part_of": null,
                "details": {"user_count": 1},
            },
        })
    );
}

#[test]
fn neither_the_url_nor_the_secret_is_shown() {
    let settings = WebhookSettings::new("http://127.0.0.1:1/key", SECRET);
    let webhook = Webhook::new(&settings).unwrap();
    for shown in [format!("{settings:?}"), format!("{webhook:?}")] {
        assert!(!shown.contains("key") && !shown.contains("MfKQ"), "{shown}");
    }
}

#[test]
fn what_cannot_be_used_is_said_at_once() {
    let why =
        |url: &str, secret: &str| Webhook::new(&WebhookSettings::new(url, secret)).unwrap_err().to_string();
    assert!(why("ftp://127.0.0.1/key", SECRET).starts_with("url cannot be used: it is neither http"));
    assert!(why("not a url", SECRET).starts_with("url cannot be used"));
    assert!(why("http://127.0.0.1/", "too short").starts_with("secret must have at least 24 bytes"));
    assert!(!why("ftp://127.0.0.1/key", SECRET).contains("key"));
}
