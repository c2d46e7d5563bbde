//! Alerts, mailed to operators.

use archon_domain::ports::AlertSender as _;
use archon_domain::{
    Alert, AlertCause, AlertChannel, AlertId, AlertKind, AlertNotice, DeliveryError, Email, NoticeId,
    Severity, Span,
};
use archon_mail_lettre::{Mailbox, Reception, SentAlert, Transport};
use serde_json::{Map, json};

use crate::{Fixed, postman, queued_at};

fn alert(kind: AlertKind) -> Alert {
    let details = json!({"addresses": {"198.51.100.7": 12}, "blocked_for_seconds": 3600});
    Alert {
        id: AlertId::generate(queued_at(), &Fixed),
        kind,
        cause: AlertCause::of_address("198.51.100.7".parse().unwrap()),
        severity: Severity::Warning,
        raised_at: queued_at(),
        last_at: queued_at() + Span::seconds(5),
        count: 12,
        part_of: None,
        details: details.as_object().cloned().unwrap_or_else(Map::new),
    }
}

fn notice(channel: AlertChannel) -> AlertNotice {
    AlertNotice {
        id: NoticeId::generate(queued_at(), &Fixed),
        alert: alert(AlertKind::FailedLogins).id,
        channel,
        attempts: 1,
        next_attempt_at: None,
        last_error: None,
    }
}

fn to_operators() -> AlertNotice {
    notice(AlertChannel::Mail(Email::parse("ops@exämple.com").unwrap()))
}

async fn send(alert: &Alert) -> SentAlert {
    let mailbox = Mailbox::new();
    let postman = postman(Transport::Memory(mailbox.clone()));
    postman.send(&to_operators(), alert, queued_at()).await.unwrap();
    let [sent] = <[SentAlert; 1]>::try_from(mailbox.alerts()).unwrap();
    assert!(mailbox.messages().is_empty(), "it is no mail to a user");
    sent
}

#[tokio::test]
async fn a_mail_says_what_is_going_on_since_when_and_what_to_do() {
    let sent = send(&alert(AlertKind::FailedLogins)).await;
    assert_eq!(sent.subject, "[Example] Alert: Failed log-ins from 198.51.100.7");
    for line in [
        "Severity: warning",
        "Address: 198.51.100.7",
        "Events so far: 12",
        "Noticed: 2027-05-04 10:20:30 UTC",
        "Last event: 2027-05-04 10:20:35 UTC",
        "  \"blocked_for_seconds\": 3600",
    ] {
        assert!(
            sent.text.lines().any(|present| present.trim_end_matches(',') == line),
            "{line}: {}",
            sent.text
        );
    }
    let id = sent.notice.id;
    for header in [
        format!("Message-ID: <{id}@auth.example.com>\r\n"),
        "To: ops@xn--exmple-cua.com\r\n".to_owned(),
        "From: Example <no-reply@auth.example.com>\r\n".to_owned(),
        "Auto-Submitted: auto-generated\r\n".to_owned(),
        "Date: Tue, 04 May 2027 10:20:30 +0000\r\n".to_owned(),
    ] {
        assert!(sent.raw.contains(&header), "{header}: {}", sent.raw);
    }
}

#[tokio::test]
async fn every_kind_has_words_of_its_own() {
    let mut subjects = Vec::new();
    for kind in AlertKind::ALL {
        let sent = send(&Alert { cause: AlertCause::Service, ..alert(kind) }).await;
        assert!(!sent.text.contains("Address:"), "{}", sent.text);
        subjects.push(sent.subject);
    }
    subjects.sort();
    subjects.dedup();
    assert_eq!(subjects.len(), AlertKind::ALL.len());
}

#[tokio::test]
async fn a_mail_server_that_is_away_is_tried_again() {
    let mailbox = Mailbox::new();
    mailbox.set_reception(Reception::Away);
    let postman = postman(Transport::Memory(mailbox));
    let outcome = postman.send(&to_operators(), &alert(AlertKind::FailedLogins), queued_at()).await;
    assert_eq!(outcome, Err(DeliveryError::Temporary("the mailbox is away".to_owned())));
}

#[tokio::test]
async fn without_a_mail_server_alerts_are_files() {
    let folder = tempfile::tempdir().unwrap();
    let postman = postman(Transport::File(folder.path().to_owned()));
    postman.send(&to_operators(), &alert(AlertKind::FailedLogins), queued_at()).await.unwrap();
    let path = folder.path().join(format!("{}.eml", to_operators().id));
    assert!(std::fs::read_to_string(path).unwrap().contains("Subject: [Example] Alert"));
}

#[tokio::test]
async fn what_is_for_a_webhook_is_not_mailed() {
    let postman = postman(Transport::Memory(Mailbox::new()));
    let webhook = notice(AlertChannel::Webhook("pager".to_owned()));
    let outcome = postman.send(&webhook, &alert(AlertKind::FailedLogins), queued_at()).await;
    assert!(matches!(outcome, Err(DeliveryError::Permanent(_))), "{outcome:?}");
}
