//! A storage adapter to learn from: the security events of Archon Auth in files, one JSON object per line.
//!
//! `docs/adding-a-storage-adapter.md` walks through it.

mod directory;
mod line;
mod trouble;

use std::path::PathBuf;

use archon_domain::ports::EventLog;
use archon_domain::{
    ChainEnds, ChainEntry, EventCursor, EventFilter, EventKind, EventTally, Instant, SecurityEvent, Span,
    StoreError, StoreErrorKind, UserId,
};
use async_trait::async_trait;

use directory::Directory;
use trouble::Trouble;

/// Keeps security events in a directory: a file for each day (UTC), in it a JSON object per line.
///
/// Any number of processes of one machine may share the directory: whoever writes holds a lock, which the
/// operating system lets go of when its holder dies. The directory belongs on a local disk.
#[derive(Debug, Clone)]
pub struct FileEventLog(Directory);

impl FileEventLog {
    /// A log in `directory`, which is made if it is not there. What a killed process did not write to its end
    /// is cut off.
    ///
    /// # Errors
    /// When the directory cannot be made or written.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let directory = Directory::new(directory.into());
        directory.prepare().map_err(|trouble| trouble.at("open the log of security events"))?;
        Ok(Self(directory))
    }

    /// Runs blocking file work off the runtime's threads, and to its end even where the caller goes away.
    async fn blocking<T: Send + 'static>(
        &self,
        context: &'static str,
        work: impl FnOnce(&Directory) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, StoreError> {
        let directory = self.0.clone();
        match tokio::task::spawn_blocking(move || work(&directory)).await {
            Ok(result) => result.map_err(|trouble| trouble.at(context)),
            Err(error) => Err(StoreError::new(StoreErrorKind::Internal, context).with_source(error)),
        }
    }
}

#[async_trait]
impl EventLog for FileEventLog {
    async fn append(&self, events: Vec<SecurityEvent>) -> Result<(), StoreError> {
        self.blocking("store security events", move |directory| directory.append(events)).await
    }

    async fn of_user(&self, user: UserId, limit: u32) -> Result<Vec<SecurityEvent>, StoreError> {
        self.search(&EventFilter { user: Some(user), ..EventFilter::default() }, None, limit).await
    }

    async fn search(
        &self,
        filter: &EventFilter,
        after: Option<EventCursor>,
        limit: u32,
    ) -> Result<Vec<SecurityEvent>, StoreError> {
        let (filter, limit) = (filter.clone(), usize::try_from(limit).unwrap_or(usize::MAX));
        self.blocking("search security events", move |directory| directory.search(&filter, after, limit))
            .await
    }

    async fn tally(
        &self,
        kinds: &[EventKind],
        from: Instant,
        until: Instant,
        step: Span,
    ) -> Result<Vec<EventTally>, StoreError> {
        let chain = self.blocking("count security events", Directory::chain).await?;
        Ok(EventTally::of(chain.iter().map(|stored| &stored.event), kinds, (from, until), step))
    }

    async fn chain(&self, after: u64, limit: u32) -> Result<Vec<ChainEntry>, StoreError> {
        let chain = self.blocking("read the chain of security events", Directory::chain).await?;
        let behind = chain.into_iter().filter(|stored| stored.link.sequence > after);
        let behind = behind.take(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(behind.map(|stored| ChainEntry::new(&stored.event, stored.link)).collect())
    }

    async fn chain_ends(&self) -> Result<ChainEnds, StoreError> {
        self.blocking("read the ends of the chain", Directory::ends).await
    }

    async fn purge(&self, before: Instant) -> Result<u64, StoreError> {
        self.blocking("forget old security events", move |directory| directory.purge(before)).await
    }
}
