use archon_domain::{
    Alert, AlertCause, AlertChannel, AlertId, AlertKind, AlertNotice, BlockedAddress, ClientNetwork, Instant,
    NoticeId, Severity,
};
use serde_json::json;

use super::{Samples, email, ip};

impl Samples {
    /// An alert of ten events, the last of which has just happened, with every field filled in.
    pub fn alert(&self, kind: AlertKind, cause: AlertCause, at: Instant) -> Alert {
        let details = json!({"addresses": ["2001:db8::/64", "192.0.2.1"], "text": "\"ünï\" '; --", "deep": {"null": null}});
        Alert {
            id: AlertId::generate(at, &self.entropy),
            kind,
            cause,
            severity: Severity::Critical,
            raised_at: at,
            last_at: at,
            count: 10,
            part_of: Some(AlertId::generate(at, &self.entropy)),
            details: details.as_object().cloned().unwrap_or_default(),
        }
    }

    /// A notice of an alert to a webhook whose name is hard to store, due at `due`.
    pub fn notice(&self, alert: &Alert, due: Instant) -> AlertNotice {
        AlertNotice {
            id: NoticeId::generate(alert.raised_at, &self.entropy),
            alert: alert.id,
            channel: AlertChannel::Webhook("on-call \"Ünï\" '; -- 🦀".to_owned()),
            attempts: 0,
            next_attempt_at: Some(due),
            last_error: None,
        }
    }

    /// A notice of an alert by mail, due at `due`.
    pub fn mailed_notice(&self, alert: &Alert, due: Instant) -> AlertNotice {
        AlertNotice { channel: AlertChannel::Mail(email("Ops@Example.com")), ..self.notice(alert, due) }
    }

    /// A block of an address that an alert has caused.
    pub fn blocked(&self, address: &str, since: Instant, until: Instant) -> BlockedAddress {
        BlockedAddress {
            network: ClientNetwork::of(ip(address)),
            since,
            until,
            alert: Some(AlertId::generate(since, &self.entropy)),
            reason: "it's \"ünï\"; 10 failed log-ins".to_owned(),
        }
    }
}
