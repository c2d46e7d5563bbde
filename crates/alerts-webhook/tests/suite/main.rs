//! Alerts told to a real server on this machine.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod answers;
mod receiver;
mod requests;

use std::net::IpAddr;
use std::time::Duration;

use archon_alerts_webhook::{Webhook, WebhookSettings, Webhooks};
use archon_domain::ports::{AlertSender as _, Entropy};
use archon_domain::{
    Alert, AlertCause, AlertChannel, AlertId, AlertKind, AlertNotice, DeliveryError, Instant, NoticeId,
    Severity, Span,
};
use serde_json::{Map, json};

/// What messages are signed with.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Yields the same bytes each time.
#[derive(Debug)]
struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// 4 May 2027, 10:20:30 UTC.
fn raised_at() -> Instant {
    Instant::from_timestamp(1_809_426_030, 0).unwrap()
}

fn alert() -> Alert {
    let address: IpAddr = "198.51.100.7".parse().unwrap();
    Alert {
        id: AlertId::generate(raised_at(), &Fixed),
        kind: AlertKind::FailedLogins,
        cause: AlertCause::of_address(address),
        severity: Severity::Warning,
        raised_at: raised_at(),
        last_at: raised_at() + Span::seconds(5),
        count: 12,
        part_of: None,
        details: Map::from_iter([("user_count".to_owned(), json!(1))]),
    }
}

fn notice(webhook: &str) -> AlertNotice {
    AlertNotice {
        id: NoticeId::generate(raised_at(), &Fixed),
        alert: alert().id,
        channel: AlertChannel::Webhook(webhook.to_owned()),
        attempts: 1,
        next_attempt_at: None,
        last_error: None,
    }
}

/// Tells the alert to a receiver at an address, which has a moment to answer.
async fn tell(url: &str) -> Result<(), DeliveryError> {
    tell_within(url, Duration::from_secs(10)).await
}

async fn tell_within(url: &str, deadline: Duration) -> Result<(), DeliveryError> {
    let settings = WebhookSettings { deadline, ..WebhookSettings::new(url, SECRET) };
    let webhooks = Webhooks::new([("pager".to_owned(), Webhook::new(&settings).unwrap())]);
    webhooks.send(&notice("pager"), &alert(), raised_at() + Span::seconds(60)).await
}
