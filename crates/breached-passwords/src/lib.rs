//! Knows passwords that were made public.
//!
//! [`RangeQuery`] asks a server that speaks the protocol of Pwned Passwords and shows it five digits of a hash,
//! which some thousand passwords share. [`HashFile`] looks into a file of hashes and shows nobody anything.
//! [`Lists`] asks several of them in turn.
//!
//! ```
//! use std::sync::Arc;
//!
//! use archon_breached_passwords::{HashFile, Lists, RangeQuery, RangeQuerySettings};
//! use archon_domain::Password;
//! use archon_domain::ports::BreachedPasswords;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("pwned.txt");
//! // The SHA-1 of "password", and how often it was seen.
//! std::fs::write(&path, "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:9659365\n")?;
//! let lists = Lists::new(vec![
//!     Arc::new(HashFile::open(&path)?),
//!     Arc::new(RangeQuery::new(RangeQuerySettings::new("http://pwned.internal/range"))?),
//! ]);
//! assert!(lists.contains(&Password::new("password")).await?);
//! # Ok(())
//! # }
//! ```
//!
//! `docs/passwords.md` tells operators about it.

mod digest;
mod entry;
mod error;
mod hash_file;
mod lists;
mod range_query;
mod resolver;

pub use error::{FileFault, SetupError};
pub use hash_file::HashFile;
pub use lists::Lists;
pub use range_query::{RangeQuery, RangeQuerySettings};
