use std::cmp::Reverse;
use std::collections::HashSet;

use archon_domain::archive::{ChainEnd, ChainEndName, Record, RefusalReason, StoredEvent};
use archon_domain::ports::EventLog;
use archon_domain::{
    ChainEnds, ChainEntry, ChainLink, EventCursor, EventFilter, EventId, EventKind, EventTally, Instant,
    SecurityEvent, Span, StoreError, UserId,
};
use async_trait::async_trait;

use crate::MemoryStore;

/// The log of security events.
pub(crate) struct Events {
    stored: Vec<StoredEvent>,
    anchor: ChainLink,
    head: ChainLink,
}

impl Default for Events {
    fn default() -> Self {
        Self {
            stored: Vec::new(),
            anchor: ChainLink::before_the_first(),
            head: ChainLink::before_the_first(),
        }
    }
}

impl Events {
    pub(crate) fn records(&self) -> Vec<Record> {
        self.stored.iter().map(Record::from).collect()
    }

    /// The ends as records; where nothing was appended or forgotten yet, there is nothing to say.
    pub(crate) fn end_records(&self) -> Vec<Record> {
        let ends = [(ChainEndName::Anchor, self.anchor), (ChainEndName::Head, self.head)];
        let ends = ends.into_iter().filter(|(_, link)| link.sequence > 0);
        ends.map(|(name, link)| Record::from(&ChainEnd { name, link })).collect()
    }

    /// Puts an event in the place of the one with its id, unless its place in the chain is another's.
    pub(crate) fn put(&mut self, event: StoredEvent) -> Option<RefusalReason> {
        let sequence = |stored: &StoredEvent| stored.link.map(|link| link.sequence);
        let id = event.event.id;
        let holder = self.stored.iter().find(|stored| {
            event.link.is_some() && sequence(stored) == sequence(&event) && stored.event.id != id
        });
        if let Some(holder) = holder {
            return Some(RefusalReason::PlaceTaken { by: holder.event.id });
        }
        match self.stored.iter_mut().find(|stored| stored.event.id == id) {
            Some(stored) => *stored = event,
            None => self.stored.push(event),
        }
        None
    }

    pub(crate) fn put_end(&mut self, end: ChainEnd) {
        match end.name {
            ChainEndName::Anchor => self.anchor = end.link,
            ChainEndName::Head => self.head = end.link,
        }
    }

    fn append(&mut self, events: Vec<SecurityEvent>) {
        let mut present: HashSet<EventId> = self.stored.iter().map(|stored| stored.event.id).collect();
        for event in events.into_iter().filter(|event| present.insert(event.id)) {
            self.head = self.head.next(&Record::from(&event));
            self.stored.push(StoredEvent { event, link: Some(self.head) });
        }
    }

    /// Those that `is_wanted`, newest first.
    fn latest(&self, is_wanted: impl Fn(&SecurityEvent) -> bool, limit: u32) -> Vec<SecurityEvent> {
        let stored = self.stored.iter().map(|stored| &stored.event);
        let mut found: Vec<_> = stored.filter(|event| is_wanted(event)).collect();
        found.sort_by_key(|event| Reverse(EventCursor::from(*event)));
        found.truncate(limit as usize);
        found.into_iter().cloned().collect()
    }

    /// The chain in its order.
    fn chain(&self) -> Vec<(ChainLink, &StoredEvent)> {
        let mut chain: Vec<_> =
            self.stored.iter().filter_map(|stored| stored.link.map(|link| (link, stored))).collect();
        chain.sort_by_key(|(link, _)| link.sequence);
        chain
    }

    fn purge(&mut self, before: Instant) -> usize {
        let chain = self.chain();
        let live = chain.iter().filter(|(link, _)| link.sequence > self.anchor.sequence);
        let old = live.take_while(|(_, stored)| stored.event.at < before);
        self.anchor = old.last().map_or(self.anchor, |(link, _)| *link);
        let count = self.stored.len();
        let anchor = self.anchor;
        let is_vouched_for =
            |stored: &StoredEvent| stored.link.is_some_and(|link| link.sequence > anchor.sequence);
        self.stored.retain(|stored| is_vouched_for(stored) || stored.event.at >= before);
        count - self.stored.len()
    }

    fn ends(&self) -> ChainEnds {
        let &Self { anchor, head, .. } = self;
        let is_vouched_for =
            |stored: &&StoredEvent| stored.link.is_some_and(|link| link.sequence > anchor.sequence);
        let inside = self.stored.iter().filter(is_vouched_for).count();
        ChainEnds { anchor, head, outside: (self.stored.len() - inside) as u64 }
    }
}

#[async_trait]
impl EventLog for MemoryStore {
    async fn append(&self, events: Vec<SecurityEvent>) -> Result<(), StoreError> {
        self.state().events.append(events);
        Ok(())
    }

    async fn of_user(&self, user: UserId, limit: u32) -> Result<Vec<SecurityEvent>, StoreError> {
        Ok(self.state().events.latest(|event| event.user == Some(user), limit))
    }

    async fn search(
        &self,
        filter: &EventFilter,
        after: Option<EventCursor>,
        limit: u32,
    ) -> Result<Vec<SecurityEvent>, StoreError> {
        let is_behind = |event: &SecurityEvent| after.is_none_or(|after| EventCursor::from(event) < after);
        Ok(self.state().events.latest(|event| filter.admits(event) && is_behind(event), limit))
    }

    async fn tally(
        &self,
        kinds: &[EventKind],
        from: Instant,
        until: Instant,
        step: Span,
    ) -> Result<Vec<EventTally>, StoreError> {
        let state = self.state();
        let events = state.events.stored.iter().map(|stored| &stored.event);
        Ok(EventTally::of(events, kinds, (from, until), step))
    }

    async fn chain(&self, after: u64, limit: u32) -> Result<Vec<ChainEntry>, StoreError> {
        let state = self.state();
        let chain = state.events.chain().into_iter().filter(|(link, _)| link.sequence > after);
        Ok(chain.take(limit as usize).map(|(link, stored)| ChainEntry::new(&stored.event, link)).collect())
    }

    async fn chain_ends(&self) -> Result<ChainEnds, StoreError> {
        Ok(self.state().events.ends())
    }

    async fn purge(&self, before: Instant) -> Result<u64, StoreError> {
        Ok(self.state().events.purge(before) as u64)
    }
}
