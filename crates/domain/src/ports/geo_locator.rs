use std::net::IpAddr;

use crate::Place;

/// Knows where addresses are.
///
/// Asked while a request waits: it answers from memory, within microseconds.
pub trait GeoLocator: Send + Sync {
    /// Where an address is, if that is known. IPv4 addresses mapped into IPv6 count as IPv4.
    fn locate(&self, address: IpAddr) -> Option<Place>;
}
