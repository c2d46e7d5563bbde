use std::net::IpAddr;

use serde::{Deserialize, Deserializer, Serialize};

use super::{NetworkBlock, Place, SuspicionReason};
use crate::{Instant, UserAgent};

/// What is remembered of a session to judge its next request by; of bounded size.
///
/// It belongs to the log-in: only a log-in anew begins another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionTrace {
    /// The address of the last request that was judged.
    pub address: IpAddr,
    /// Until when that address is known to have been in use.
    pub seen_at: Instant,
    /// The user agent of the log-in, or its latest version seen since.
    #[serde(deserialize_with = "user_agent")]
    pub user_agent: UserAgent,
    /// Where the client's IPv4 and IPv6 traffic comes from.
    pub(super) legs: Legs,
    /// The networks that the session was used from.
    pub(super) haunts: Haunts,
    /// The session's latest returns to networks that it had left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) returns: Option<Returns>,
    /// Since when the session is suspicious, and why. Never taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<SessionFlag>,
}

/// That a session is suspicious.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionFlag {
    /// Since when.
    pub at: Instant,
    /// Why.
    pub reason: SuspicionReason,
}

/// The two ways that a client's traffic takes.
///
/// A client that has IPv4 and IPv6 uses either as it pleases (RFC 8305), and moves on both when it moves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Legs {
    /// By IPv4, if it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) v4: Option<Leg>,
    /// By IPv6, if it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) v6: Option<Leg>,
}

/// One way that a client's traffic takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Leg {
    /// Where it comes from now.
    pub(super) block: NetworkBlock,
    /// The changes that count so far.
    pub(super) changes: u32,
}

/// A network that a session was used from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Haunt {
    /// The network.
    pub(super) block: NetworkBlock,
    /// Where it is, without the point on earth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) place: Option<Place>,
}

/// The networks that a session was used from: at most [`Haunts::MOST`], the latest last.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<Haunt>", into = "Vec<Haunt>")]
pub(super) struct Haunts(Vec<Haunt>);

/// How often a session went back to networks that it had left, as a level that sinks with time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Returns {
    /// The last return that was counted.
    pub(super) last_at: Instant,
    /// When all of them will be forgotten.
    pub(super) forgotten_at: Instant,
}

impl SessionTrace {
    /// The trace of a log-in.
    #[must_use]
    pub fn begin(address: IpAddr, user_agent: &UserAgent, place: Option<&Place>, at: Instant) -> Self {
        let mut trace = Self {
            address,
            seen_at: at,
            user_agent: user_agent.clone(),
            legs: Legs::default(),
            haunts: Haunts::default(),
            returns: None,
            flag: None,
        };
        trace.settle(address, place);
        trace
    }

    /// The trace as stores keep it.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what [`to_json`](Self::to_json) has written.
    ///
    /// # Errors
    /// When the text is no trace.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// What a store holds of a session that was opened at `created_at`: its trace, or the beginning of one where
    /// the session is older than traces are.
    ///
    /// # Errors
    /// When the text is no trace.
    pub fn of_stored(
        text: Option<&str>,
        address: IpAddr,
        user_agent: &UserAgent,
        created_at: Instant,
    ) -> Result<Self, serde_json::Error> {
        text.map_or_else(|| Ok(Self::begin(address, user_agent, None, created_at)), Self::from_json)
    }

    /// Whether a request must be judged: it shows another address or user agent, or the session is flagged.
    #[must_use]
    pub fn needs_judgement(&self, address: IpAddr, user_agent: &UserAgent) -> bool {
        self.flag.is_some() || !self.was_at(address) || self.user_agent != *user_agent
    }

    /// Takes over that the session was used until `last_accessed` without a request that had to be judged.
    pub fn used_until(&mut self, last_accessed: Instant) {
        self.seen_at = self.seen_at.max(last_accessed);
    }

    /// Whether there is anything that a store must learn, if it holds `stored`: not when a client that has
    /// IPv4 and IPv6 merely used the other one.
    #[must_use]
    pub fn is_news_after(&self, stored: &Self) -> bool {
        let here = Self { address: stored.address, seen_at: stored.seen_at, ..self.clone() };
        here != *stored
    }

    /// The changes of network that count so far. A client that moves on both legs has moved once.
    #[must_use]
    pub fn changes(&self) -> u32 {
        [self.legs.v4, self.legs.v6].into_iter().flatten().map(|leg| leg.changes).max().unwrap_or(0)
    }

    /// Whether the last request came from this very address.
    pub(super) fn was_at(&self, address: IpAddr) -> bool {
        self.address.to_canonical() == address.to_canonical()
    }

    /// Takes an address's network over as the one that its leg comes from now, and remembers it.
    pub(super) fn settle(&mut self, address: IpAddr, place: Option<&Place>) {
        let block = NetworkBlock::of(address);
        let leg = self.legs.of_mut(address);
        *leg = Some(Leg { block, changes: leg.map_or(0, |leg| leg.changes) });
        self.haunts.remember(block, place);
    }
}

impl Legs {
    /// The leg that an address belongs to, if it was seen.
    pub(super) fn of(&self, address: IpAddr) -> Option<Leg> {
        if address.to_canonical().is_ipv4() { self.v4 } else { self.v6 }
    }

    pub(super) fn of_mut(&mut self, address: IpAddr) -> &mut Option<Leg> {
        if address.to_canonical().is_ipv4() { &mut self.v4 } else { &mut self.v6 }
    }
}

impl Haunts {
    /// The most networks that are remembered; the one that was entered longest ago is forgotten first.
    pub(super) const MOST: usize = 16;

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the session was used from this network, from its region or through its operator.
    pub(super) fn include(&self, block: NetworkBlock, place: Option<&Place>) -> bool {
        self.0.iter().any(|haunt| {
            let places = haunt.place.as_ref().zip(place);
            haunt.block == block || places.is_some_and(|(haunt, place)| haunt.shares_surroundings(place))
        })
    }

    fn remember(&mut self, block: NetworkBlock, place: Option<&Place>) {
        self.0.retain(|haunt| haunt.block != block);
        if self.0.len() == Self::MOST {
            self.0.remove(0);
        }
        self.0.push(Haunt { block, place: place.map(Place::surroundings) });
    }
}

impl From<Vec<Haunt>> for Haunts {
    fn from(mut haunts: Vec<Haunt>) -> Self {
        haunts.drain(..haunts.len().saturating_sub(Self::MOST));
        Self(haunts)
    }
}

impl From<Haunts> for Vec<Haunt> {
    fn from(haunts: Haunts) -> Self {
        haunts.0
    }
}

fn user_agent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UserAgent, D::Error> {
    String::deserialize(deserializer).map(|text| UserAgent::new(&text))
}
