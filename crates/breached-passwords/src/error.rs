use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why passwords cannot be looked up at all, in words for the operator who configured it.
#[derive(Debug, Error)]
pub enum SetupError {
    /// The URL cannot be used. It is not shown: it may hold a password.
    #[error(
        "the URL of the breached passwords cannot be used: write it up to the five digits that are looked up, \
         such as https://api.pwnedpasswords.com/range: {reason}"
    )]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// HTTP cannot be spoken, mostly for want of certificate authorities.
    #[error(
        "the URL of the breached passwords cannot be asked: {reason}; for https this machine needs trusted \
         certificate authorities: install its package of them (ca-certificates), or name a file of them by \
         the environment variable SSL_CERT_FILE"
    )]
    Client {
        /// What is in the way.
        reason: String,
    },
    /// The file cannot be used.
    #[error("the file of breached passwords, {}, cannot be used: {fault}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        fault: FileFault,
    },
}

/// What is wrong with a file of hashes. What stands in it is not shown.
#[derive(Debug, Error)]
pub enum FileFault {
    /// The system refuses.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
    /// A folder, a pipe, a device.
    #[error(
        "it is no regular file; where the hashes are one file for each beginning, have them downloaded \
         as a single file"
    )]
    NotAFile,
    /// Nothing is in it.
    #[error("it is empty; download it anew")]
    Empty,
    /// A line of another kind.
    #[error(
        "there is no SHA-1 hash at byte {at}: each line is to have 40 hexadecimal digits, and after them \
         nothing or a colon and a count; unpack an archive, and do not take the list of NTLM hashes"
    )]
    NoHash {
        /// Where the line begins.
        at: u64,
    },
    /// A line with a smaller hash than the one before.
    #[error(
        "it is not sorted by hash: the line at byte {at} belongs before the ones above it; take the list that \
         is ordered by hash, or sort it with LC_ALL=C sort"
    )]
    NotSorted {
        /// Where the line begins.
        at: u64,
    },
    /// It was longer when it was opened.
    #[error(
        "it has become shorter since it was opened; restart the service, and put the next one in its place \
         by renaming it"
    )]
    Shorter,
}

impl From<io::Error> for FileFault {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}
