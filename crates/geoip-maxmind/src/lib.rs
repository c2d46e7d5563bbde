//! Knows where addresses are, from database files in MaxMind's format.
//!
//! [`MaxMindLocator`] reads a City database (GeoLite2, GeoIP2, DB-IP and others) for places, an ASN database
//! for the operators of networks, or either. The files are held in memory, so that a look-up never waits for
//! a disk.
//!
//! ```no_run
//! use archon_domain::ports::GeoLocator;
//! use archon_geoip_maxmind::{GeoFiles, MaxMindLocator};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let locator = MaxMindLocator::open(GeoFiles {
//!     city: Some("/var/lib/GeoIP/GeoLite2-City.mmdb".into()),
//!     asn: Some("/var/lib/GeoIP/GeoLite2-ASN.mmdb".into()),
//! })?;
//! let place = locator.locate("192.0.2.1".parse()?);
//! # let _ = place;
//! # Ok(())
//! # }
//! ```

mod database;
mod error;
mod locator;
mod record;

pub use error::{FileFault, OpenError};
pub use locator::{GeoFiles, Loaded, MaxMindLocator};
