use std::io;
use std::path::PathBuf;

use maxminddb::MaxMindDbError;
use thiserror::Error;

/// Why a database file cannot be used, in words for the operator who configured it.
#[derive(Debug, Error)]
#[error("the GeoIP database {} cannot be used: {fault}", path.display())]
pub struct OpenError {
    /// Which file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub fault: FileFault,
}

/// What is wrong with a database file.
#[derive(Debug, Error)]
pub enum FileFault {
    /// The system refuses.
    #[error("it cannot be read: {0}; check its path, and that the service may read it")]
    Unreadable(#[from] io::Error),
    /// A folder, a pipe, a device.
    #[error("it is no regular file; name the file that ends in .mmdb")]
    NotAFile,
    /// The file is in another format, or damaged.
    #[error("{0}; unpack it if it is an archive, and download it anew if it is not")]
    NotADatabase(MaxMindDbError),
    /// The database knows other things.
    #[error("it is a database of the kind {found:?}, and one of the kind {wanted} is needed in its place")]
    WrongKind {
        /// What the database says of itself.
        found: String,
        /// What is needed.
        wanted: &'static str,
    },
}
