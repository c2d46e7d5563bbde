//! When events become an alert: what counts for what, and how much of it is enough.

use archon_domain::{AlertCause, AlertKind, AlertRule, EventKind, SecurityEvent, Severity, SuspicionReason};

use super::evidence::Evidence;

/// Fewest addresses that spray passwords together; fewer are each an alert of their own.
const SPRAYING_ADDRESSES: usize = 10;

/// Fewest addresses that attack an account together; its own user has one or two.
const ACCOUNT_ADDRESSES: usize = 3;

/// What an event counts for. Spraying comes first, since failed log-ins can be a part of it.
pub(super) fn causes(event: &SecurityEvent) -> Vec<(AlertKind, AlertCause)> {
    let address = event.address.map(AlertCause::of_address);
    match event.kind {
        EventKind::LoginFailed => {
            let causes = [
                Some((AlertKind::PasswordSpraying, AlertCause::Service)),
                address.map(|address| (AlertKind::FailedLogins, address)),
                event.user.map(|user| (AlertKind::AccountAttack, AlertCause::User(user))),
            ];
            causes.into_iter().flatten().collect()
        }
        EventKind::TokenRejected | EventKind::TokenReuseDetected => {
            vec![(AlertKind::TokenAttacks, AlertCause::Service)]
        }
        EventKind::SessionFlagged => vec![(AlertKind::SessionAnomalies, AlertCause::Service)],
        EventKind::SessionTerminated if is_suspicious(event) => {
            vec![(AlertKind::SessionAnomalies, AlertCause::Service)]
        }
        EventKind::OauthFailed if !is_change_of_mind(event) => {
            vec![(AlertKind::OauthAbuse, AlertCause::Service)]
        }
        _ => Vec::new(),
    }
}

/// Whether an event counts for an alert of this kind and cause.
pub(super) fn counts(event: &SecurityEvent, kind: AlertKind, cause: AlertCause) -> bool {
    causes(event).contains(&(kind, cause))
}

/// Whether there is enough for an alert.
pub(super) fn is_reached(rule: &AlertRule, evidence: &Evidence, critical_at_once: bool) -> bool {
    let enough =
        evidence.count() >= u64::from(rule.threshold) && evidence.addresses() >= least_addresses(rule.kind);
    enough || (critical_at_once && evidence.severity() == Severity::Critical)
}

/// How bad an alert is: as bad as the worst of its events, and an attack on many accounts is worse.
pub(super) fn severity(kind: AlertKind, evidence: &Evidence) -> Severity {
    match kind {
        AlertKind::PasswordSpraying => Severity::Critical,
        _ => evidence.severity().max(Severity::Warning),
    }
}

/// How many addresses must take part.
const fn least_addresses(kind: AlertKind) -> usize {
    match kind {
        AlertKind::PasswordSpraying => SPRAYING_ADDRESSES,
        AlertKind::AccountAttack => ACCOUNT_ADDRESSES,
        AlertKind::FailedLogins
        | AlertKind::TokenAttacks
        | AlertKind::SessionAnomalies
        | AlertKind::OauthAbuse => 0,
    }
}

/// Whether a session was ended because of where it was used from; mostly its user has ended it.
fn is_suspicious(event: &SecurityEvent) -> bool {
    reason(event).is_some_and(|reason| reason.parse::<SuspicionReason>().is_ok())
}

/// Whether a user has simply gone back at the provider.
fn is_change_of_mind(event: &SecurityEvent) -> bool {
    reason(event) == Some("denied")
}

fn reason(event: &SecurityEvent) -> Option<&str> {
    event.details.get("reason").and_then(|reason| reason.as_str())
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
