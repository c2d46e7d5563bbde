use std::net::IpAddr;

use super::{NetworkBlock, Place};
use crate::{Instant, UserAgent};

/// One request on a session, and what is known of where it comes from.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'a> {
    /// The client's address.
    pub address: IpAddr,
    /// What the client calls itself.
    pub user_agent: &'a UserAgent,
    /// When.
    pub at: Instant,
    /// Whether the user has logged in from this address's network within the last 30 days.
    pub known_address: bool,
    /// Where the address is, if a database knows.
    pub place: Option<&'a Place>,
    /// Where the trace's [last address](super::SessionTrace::address) is, if a database knows.
    pub last_place: Option<&'a Place>,
}

impl Sighting<'_> {
    /// The network that the request comes from.
    pub(super) fn block(&self) -> NetworkBlock {
        NetworkBlock::of(self.address)
    }

    /// Both places, where both are known.
    pub(super) fn places(&self) -> Option<(&Place, &Place)> {
        self.last_place.zip(self.place)
    }
}
