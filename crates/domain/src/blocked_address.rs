use crate::{AlertId, ClientNetwork, Instant};

/// That a client address may not try to log in, or to open accounts, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockedAddress {
    /// Who is blocked: an IPv4 address, or an IPv6 /64.
    pub network: ClientNetwork,
    /// Since when.
    pub since: Instant,
    /// Until when. One that was lifted ended at that instant.
    pub until: Instant,
    /// The alert that has caused it, if one has.
    pub alert: Option<AlertId>,
    /// Why, for whoever looks at the list.
    pub reason: String,
}

impl BlockedAddress {
    /// Whether the block holds at `now`.
    #[must_use]
    pub fn holds(&self, now: Instant) -> bool {
        now < self.until
    }

    /// What is blocked once `other` is made at `now`, a block of the same address: until the later of the two ends,
    /// for the reason of that one, and since the first.
    #[must_use]
    pub fn joined(self, other: Self, now: Instant) -> Self {
        if !self.holds(now) {
            other
        } else if other.until > self.until {
            Self { since: self.since, ..other }
        } else {
            self
        }
    }
}
