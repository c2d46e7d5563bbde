use archon_domain::SecurityEvent;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::bodies::EventBody;

/// A security event as administrators see it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminEvent)]
pub(crate) struct AdminEventBody {
    #[serde(flatten)]
    event: EventBody,
    /// Whose account, where there is one.
    user_id: Option<Uuid>,
}

/// Some security events, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AdminEvents)]
pub(crate) struct EventPageBody {
    events: Vec<AdminEventBody>,
    /// What to ask for the next page with; null on the last one.
    next_cursor: Option<String>,
}

impl EventPageBody {
    pub(crate) fn new(events: Vec<SecurityEvent>, next_cursor: Option<String>) -> Self {
        let event = |event: SecurityEvent| AdminEventBody {
            user_id: event.user.map(|user| user.as_uuid()),
            event: event.into(),
        };
        Self { events: events.into_iter().map(event).collect(), next_cursor }
    }
}
