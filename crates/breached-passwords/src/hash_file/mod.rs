//! A file of hashes, sorted, on a disk of this machine.

mod check;
mod search;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use archon_domain::Password;
use archon_domain::ports::{BreachLookupError, BreachedPasswords};
use async_trait::async_trait;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use self::search::SortedFile;
use crate::digest::Digest;
use crate::{FileFault, SetupError};

/// How many threads read at a time. A look-up takes some 30 reads, most of them from the system's cache.
const READERS: usize = 8;

/// How long a look-up may take, the wait for a thread included: a disk may hang as a server may.
const DEADLINE: Duration = Duration::from_secs(1);

/// Looks for passwords in a file of SHA-1 hashes, one a line and sorted, as the downloader of Pwned Passwords
/// writes it: `HASH:COUNT` or `HASH`, in either case, with either end of line.
///
/// The file is not loaded: a look-up is a binary search on the disk, in the same memory whatever its size.
/// It stays open, so a file that is renamed into its place counts from the next start on.
pub struct HashFile {
    path: PathBuf,
    file: Arc<SortedFile>,
    readers: Arc<Semaphore>,
}

impl HashFile {
    /// Opens the file and looks at its beginning, its end and samples in between. Blocks for some 250 reads.
    ///
    /// # Errors
    /// When it cannot be read, or a sample is no list of SHA-1 hashes, or not sorted.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, SetupError> {
        let path = path.as_ref().to_path_buf();
        let opened = SortedFile::open(&path).and_then(|file| file.check().map(|()| file));
        match opened {
            Ok(file) => Ok(Self { path, file: Arc::new(file), readers: Arc::new(Semaphore::new(READERS)) }),
            Err(fault) => Err(SetupError::File { path, fault }),
        }
    }

    async fn look_up(&self, digest: Digest) -> Result<bool, FileFault> {
        let reader = Arc::clone(&self.readers).acquire_owned().await.map_err(io::Error::other)?;
        let file = Arc::clone(&self.file);
        let search = spawn_blocking(move || {
            let found = file.contains(&digest);
            // Not before: a caller that has gone away leaves its thread at work.
            drop(reader);
            found
        });
        search.await.map_err(io::Error::other)?
    }
}

impl fmt::Debug for HashFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("HashFile").field("path", &self.path).finish_non_exhaustive()
    }
}

#[async_trait]
impl BreachedPasswords for HashFile {
    async fn contains(&self, password: &Password) -> Result<bool, BreachLookupError> {
        let path = self.path.display();
        match timeout(DEADLINE, self.look_up(Digest::of(password))).await {
            Ok(Ok(found)) => Ok(found),
            Ok(Err(fault)) => {
                Err(BreachLookupError(format!("the file of breached passwords, {path}: {fault}")))
            }
            Err(_) => Err(BreachLookupError(format!(
                "the file of breached passwords, {path}: no answer within {DEADLINE:?}"
            ))),
        }
    }
}
