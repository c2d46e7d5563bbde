//! What the service has noted of a request.

use archon_testkit::Answer;
use serde_json::{Value, json};

use crate::support::{Service, read_sqlite, until};

/// The details of the failed log-in that this request was, once it is noted: failures are, however they end.
pub(super) fn failure(service: &Service, answer: &Answer) -> anyhow::Result<Value> {
    noted(service, answer, "oauth_failed")
}

/// The details of the event of this kind that a request has caused, once it is noted.
pub(super) fn noted(service: &Service, answer: &Answer, kind: &str) -> anyhow::Result<Value> {
    let file = service.folder().data().join("archon.db");
    let request = answer.header("x-request-id");
    until(&format!("there is an event {kind} of the request {request}"), || {
        let statement = "SELECT details FROM security_events WHERE request_id = ? AND kind = ?";
        let rows = read_sqlite(&file, statement, &[request, kind])?;
        let details = rows.first().and_then(|row| row[0].as_str());
        Ok(details.map(serde_json::from_str).transpose()?)
    })
}

/// The details of a failure that has no step.
pub(super) fn reason(provider: &str, reason: &str) -> Value {
    json!({"provider": provider, "reason": reason})
}
