//! The log of security events, for those who read it and those who doubt it.

use archon_domain::ports::EventLog;
use archon_domain::{Break, ChainEnds, ChainLink, SecurityEvent, StoreError, Verification};
use serde_json::{Value, json};

/// What became of a verification of the chain of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainReport {
    /// The ends as the store tells them.
    pub ends: ChainEnds,
    /// Where the chain first breaks; `None` when it is whole.
    pub broken: Option<Break>,
    /// How many events were found in order.
    pub verified: u64,
}

/// How many events are read at once.
const PAGE: u32 = 1000;

/// How often the verification begins anew when retention has moved the anchor meanwhile.
const TRIES: usize = 5;

/// An event with all that it says, under the names of the API.
#[must_use]
pub fn event_document(event: &SecurityEvent) -> Value {
    json!({
        "id": event.id,
        "time": event.at,
        "type": event.kind.as_str(),
        "severity": event.severity.as_str(),
        "user_id": event.user,
        "session_id": event.session,
        "ip_address": event.address,
        "user_agent": event.user_agent.as_ref().map(|agent| agent.as_str()),
        "request_id": event.request_id,
        "details": event.details,
    })
}

/// Follows the chain of events from its anchor to its head, and looks for a link that was noted earlier; also
/// while events are appended and forgotten.
///
/// # Errors
/// When the log cannot be read.
pub async fn verify_chain(
    log: &dyn EventLog,
    expected: Option<ChainLink>,
) -> Result<ChainReport, StoreError> {
    let mut ends = log.chain_ends().await?;
    for _ in 0..TRIES {
        let report = follow(log, ends, expected).await?;
        let now = log.chain_ends().await?;
        if report.broken.is_none() || now.anchor == ends.anchor {
            return Ok(report);
        }
        ends = now;
    }
    follow(log, ends, expected).await
}

async fn follow(
    log: &dyn EventLog,
    ends: ChainEnds,
    expected: Option<ChainLink>,
) -> Result<ChainReport, StoreError> {
    let report =
        |reached: u64, broken| ChainReport { ends, broken, verified: reached - ends.anchor.sequence };
    let mut verification = match Verification::new(&ends, expected) {
        Ok(verification) => verification,
        Err(broken) => return Ok(report(ends.anchor.sequence, Some(broken))),
    };
    while verification.reached() < ends.head.sequence {
        let page = log.chain(verification.reached(), PAGE).await?;
        if page.is_empty() {
            break;
        }
        // What was appended since the ends were told is for the next time.
        for entry in page.iter().filter(|entry| entry.sequence <= ends.head.sequence) {
            if let Err(broken) = verification.add(entry) {
                return Ok(report(verification.reached(), Some(broken)));
            }
        }
        if page.iter().all(|entry| entry.sequence > ends.head.sequence) {
            break;
        }
    }
    let broken = match verification.finish() {
        Ok(_) => behind_the_head(log, &ends).await?,
        Err(broken) => Some(broken),
    };
    Ok(report(verification.reached(), broken))
}

/// An event that stands behind the head; the head is asked for afterwards, since it moves with every event.
async fn behind_the_head(log: &dyn EventLog, ends: &ChainEnds) -> Result<Option<Break>, StoreError> {
    let behind = log.chain(ends.head.sequence, 1).await?;
    let head = log.chain_ends().await?.head;
    let behind = behind.first().filter(|entry| entry.sequence > head.sequence);
    Ok(behind.map(|entry| Break::Extra { sequence: entry.sequence, id: entry.id }))
}
