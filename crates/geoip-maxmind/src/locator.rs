use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use archon_domain::ports::GeoLocator;
use archon_domain::{Instant, Place};
use maxminddb::geoip2::{Asn, City};

use crate::database::{Database, OPERATORS, PLACES};
use crate::{OpenError, record};

/// Which files to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GeoFiles {
    /// Where addresses are: a City database, or an Enterprise or Country one.
    pub city: Option<PathBuf>,
    /// Whose networks they belong to: an ASN database, or an ISP one.
    pub asn: Option<PathBuf>,
}

/// A database that is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// Its file.
    pub path: PathBuf,
    /// What it says of itself, such as `GeoLite2-City`.
    pub kind: String,
    /// When it was made, if it says so.
    pub built_at: Option<Instant>,
}

/// Looks addresses up in database files of MaxMind's format, held in memory.
pub struct MaxMindLocator {
    files: GeoFiles,
    databases: RwLock<Arc<Databases>>,
}

struct Databases {
    city: Option<Database>,
    asn: Option<Database>,
}

impl MaxMindLocator {
    /// Reads the files. Blocks, and takes as much memory as they are long.
    ///
    /// # Errors
    /// When one of them cannot be read, is in another format, or knows other things.
    pub fn open(files: GeoFiles) -> Result<Self, OpenError> {
        let databases = RwLock::new(Arc::new(Databases::read(&files)?));
        Ok(Self { files, databases })
    }

    /// Reads the files anew; look-ups go on meanwhile with what they had. Blocks.
    ///
    /// # Errors
    /// As with [`open`](Self::open). Everything stays as it was then.
    pub fn reload(&self) -> Result<(), OpenError> {
        let databases = Arc::new(Databases::read(&self.files)?);
        *self.databases.write().unwrap_or_else(PoisonError::into_inner) = databases;
        Ok(())
    }

    /// The databases that are in use.
    #[must_use]
    pub fn loaded(&self) -> Vec<Loaded> {
        let databases = self.databases();
        [(&self.files.city, &databases.city), (&self.files.asn, &databases.asn)]
            .into_iter()
            .filter_map(|(path, database)| path.as_ref().zip(database.as_ref()))
            .map(|(path, database)| Loaded {
                path: path.clone(),
                kind: database.kind().to_owned(),
                built_at: database.built_at(),
            })
            .collect()
    }

    fn databases(&self) -> Arc<Databases> {
        Arc::clone(&self.databases.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for MaxMindLocator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MaxMindLocator").field("files", &self.files).finish_non_exhaustive()
    }
}

impl GeoLocator for MaxMindLocator {
    fn locate(&self, address: IpAddr) -> Option<Place> {
        let databases = self.databases();
        let place = databases.place(address);
        let autonomous_system = databases.autonomous_system(address);
        let known = place.is_some() || autonomous_system.is_some();
        known.then(|| Place { autonomous_system, ..place.unwrap_or_default() })
    }
}

impl Databases {
    fn read(files: &GeoFiles) -> Result<Self, OpenError> {
        Ok(Self {
            city: files.city.as_deref().map(|path| Database::open(path, &PLACES)).transpose()?,
            asn: files.asn.as_deref().map(|path| Database::open(path, &OPERATORS)).transpose()?,
        })
    }

    fn place(&self, address: IpAddr) -> Option<Place> {
        let found = self.city.as_ref()?.look_up(address)?;
        found.decode::<City<'_>>().ok().flatten().map(|city| record::place(&city))
    }

    fn autonomous_system(&self, address: IpAddr) -> Option<u32> {
        let found = self.asn.as_ref()?.look_up(address)?;
        found.decode::<Asn<'_>>().ok().flatten()?.autonomous_system_number
    }
}
