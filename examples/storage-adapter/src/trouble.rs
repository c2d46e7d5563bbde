use std::io;
use std::path::{Path, PathBuf};

use archon_domain::{StoreError, StoreErrorKind};

/// What can go wrong with the files, each with the file's name and the mend.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("{what} {path}; check that it belongs to the service's user and that the disk is not full")]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error("line {line} of {path} is no security event: {reason}; mend the line or move the file away")]
    Unreadable { path: PathBuf, line: usize, reason: String },
    #[error("an event cannot be written as JSON")]
    Unwritable(#[from] serde_json::Error),
}

impl Trouble {
    /// The port's error, met while doing `context`.
    pub(crate) fn at(self, context: &'static str) -> StoreError {
        let kind = match &self {
            // Another try may succeed: disks are emptied, rights are mended.
            Self::Io { .. } => StoreErrorKind::Unavailable,
            Self::Unreadable { .. } => StoreErrorKind::Corrupt,
            Self::Unwritable(_) => StoreErrorKind::Internal,
        };
        StoreError::new(kind, context).with_source(self)
    }
}

/// Adds the path to an I/O error.
pub(crate) fn at<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Trouble + use<'a> {
    move |source| Trouble::Io { what, path: path.to_owned(), source }
}
