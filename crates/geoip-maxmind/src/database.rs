use std::fs;
use std::net::IpAddr;
use std::path::Path;

use archon_domain::Instant;
use maxminddb::{LookupResult, Reader};

use crate::{FileFault, OpenError};

/// A database file, in memory.
pub(crate) struct Database(Reader<Vec<u8>>);

/// What a database must know, by the words of which its kind has one.
pub(crate) struct Content {
    kinds: &'static [&'static str],
    wanted: &'static str,
}

/// Places. Country databases have no points and no regions, but tell whether an address is abroad.
pub(crate) const PLACES: Content =
    Content { kinds: &["City", "Enterprise", "Country"], wanted: "City, Enterprise or Country" };

/// Operators of networks.
pub(crate) const OPERATORS: Content = Content { kinds: &["ASN", "ISP"], wanted: "ASN or ISP" };

impl Database {
    /// Reads a file and sees that it is of the right kind. Blocks.
    pub(crate) fn open(path: &Path, content: &Content) -> Result<Self, OpenError> {
        Self::read(path, content).map_err(|fault| OpenError { path: path.to_path_buf(), fault })
    }

    fn read(path: &Path, content: &Content) -> Result<Self, FileFault> {
        if !fs::metadata(path)?.is_file() {
            return Err(FileFault::NotAFile);
        }
        let reader = Reader::from_source(fs::read(path)?).map_err(FileFault::NotADatabase)?;
        let kind = &reader.metadata().database_type;
        if content.kinds.iter().any(|word| kind.contains(word)) {
            Ok(Self(reader))
        } else {
            Err(FileFault::WrongKind { found: kind.clone(), wanted: content.wanted })
        }
    }

    /// What the database has on an address: nothing also where it is damaged, or without IPv6.
    pub(crate) fn look_up(&self, address: IpAddr) -> Option<LookupResult<'_, Vec<u8>>> {
        self.0.lookup(address.to_canonical()).ok()
    }

    /// What the database says of itself.
    pub(crate) fn kind(&self) -> &str {
        &self.0.metadata().database_type
    }

    /// When the database was made.
    pub(crate) fn built_at(&self) -> Option<Instant> {
        let seconds = i64::try_from(self.0.metadata().build_epoch).ok()?;
        Instant::from_timestamp(seconds, 0)
    }
}
