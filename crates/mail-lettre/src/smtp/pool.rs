use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lettre::transport::smtp::client::AsyncSmtpConnection;

/// Connections that wait for the next mail, each for a while.
///
/// In place of lettre's own pool, which takes back a connection whose mail ran into the timeout.
pub(super) struct Pool {
    kept: Arc<Mutex<Vec<Kept>>>,
    next: AtomicU64,
    idle_timeout: Duration,
}

struct Kept {
    number: u64,
    connection: AsyncSmtpConnection,
}

impl Pool {
    pub(super) fn new(idle_timeout: Duration) -> Self {
        Self { kept: Arc::default(), next: AtomicU64::new(0), idle_timeout }
    }

    /// The connection that was kept last.
    pub(super) fn take(&self) -> Option<AsyncSmtpConnection> {
        lock(&self.kept).pop().map(|kept| kept.connection)
    }

    /// Keeps a connection, and takes leave of the server when it was not needed for a while.
    pub(super) fn keep(&self, connection: AsyncSmtpConnection) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        lock(&self.kept).push(Kept { number, connection });
        let (kept, idle_timeout) = (Arc::downgrade(&self.kept), self.idle_timeout);
        tokio::spawn(async move {
            tokio::time::sleep(idle_timeout).await;
            let Some(kept) = kept.upgrade() else { return };
            let unneeded = remove(&kept, number);
            if let Some(mut unneeded) = unneeded {
                // Whether the server answers makes no difference any more, nor when.
                let _ = tokio::time::timeout(idle_timeout, unneeded.connection.quit()).await;
            }
        });
    }
}

/// Takes one connection out, if it is there still.
fn remove(kept: &Mutex<Vec<Kept>>, number: u64) -> Option<Kept> {
    let mut kept = lock(kept);
    let index = kept.iter().position(|one| one.number == number)?;
    Some(kept.remove(index))
}

fn lock(kept: &Mutex<Vec<Kept>>) -> MutexGuard<'_, Vec<Kept>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
