use archon_domain::{EventCursor, EventFilter, EventKind, EventTally, Instant, SecurityEvent, Span};

use super::Page;
use crate::{Auth, Fault};

impl Auth {
    /// The latest security events that a filter admits and that come behind `after`, newest first; also those that
    /// this replica has recorded a moment ago.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn find_events(
        &self,
        filter: &EventFilter,
        after: Option<EventCursor>,
        limit: u32,
    ) -> Result<Page<SecurityEvent, EventCursor>, Fault> {
        self.recorder.flush().await;
        let asked = Page::<SecurityEvent, EventCursor>::with_one_more(limit);
        let found = self.ports.events.search(filter, after, asked).await?;
        Ok(Page::cut(found, limit, |event| EventCursor { at: event.at, id: event.id }))
    }

    /// How many events of these kinds happened from `from` on and before `until`, by steps of `step`, which is a
    /// second at least; also those that this replica has recorded a moment ago.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn tally_events(
        &self,
        kinds: &[EventKind],
        from: Instant,
        until: Instant,
        step: Span,
    ) -> Result<Vec<EventTally>, Fault> {
        self.recorder.flush().await;
        Ok(self.ports.events.tally(kinds, from, until, step).await?)
    }
}
