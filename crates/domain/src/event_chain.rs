//! The chain of security events: each has a sequence, and a digest that depends on every event before it.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use crate::archive::{Field, Misfit, Record, add_field};
use crate::{EventId, SecurityEvent};

/// The SHA-256 of an event, of its sequence, and of the digest before it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainDigest([u8; 32]);

/// A place in the chain of security events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainLink {
    /// How many events stand up to here: 1 for the first, and without gaps from there on.
    pub sequence: u64,
    /// What all of them come to.
    pub digest: ChainDigest,
}

/// Where the chain is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainEnds {
    /// The last event that retention has forgotten; [`ChainLink::before_the_first`] until then.
    pub anchor: ChainLink,
    /// The latest event.
    pub head: ChainLink,
    /// How many stored events stand outside of the chain, so that nothing vouches for them: those from before
    /// there was a chain.
    pub outside: u64,
}

/// An event of the chain as it stands in the store, to the letter: what was changed by hand need not be an event
/// any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainEntry {
    /// Its place.
    pub sequence: u64,
    /// Its id.
    pub id: EventId,
    /// What it says.
    pub event: Record,
    /// Its digest; 32 bytes unless it was changed.
    pub digest: Vec<u8>,
}

/// Where a chain first differs from what was appended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// There is no event with this sequence.
    Missing {
        /// The sequence.
        sequence: u64,
    },
    /// The event does not follow from the one before it: it was changed, or both its predecessor and the
    /// predecessor's digest were.
    Changed {
        /// Its sequence.
        sequence: u64,
        /// Its id.
        id: EventId,
    },
    /// The event was never appended: it stands behind the latest, or in the place of another.
    Extra {
        /// Its sequence.
        sequence: u64,
        /// Its id.
        id: EventId,
    },
    /// The store says that the chain ends otherwise than it does.
    HeadMoved {
        /// What the latest event comes to.
        found: ChainLink,
    },
    /// A link that was noted earlier is not in this chain.
    Rewritten {
        /// What was noted.
        expected: ChainLink,
        /// What stands in its place; `None` when the chain does not reach so far, or no longer.
        found: Option<ChainLink>,
    },
}

/// Follows a chain from its anchor to its head, and says where it first breaks.
#[derive(Debug, Clone)]
pub struct Verification {
    last: ChainLink,
    head: ChainLink,
    expected: Option<ChainLink>,
}

impl ChainDigest {
    /// The digest's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for ChainDigest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for ChainDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainDigest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ChainDigest({self})")
    }
}

impl FromStr for ChainDigest {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const NONE: &str = "a digest is 64 hexadecimal digits";
        let digits = text.as_bytes().as_chunks::<2>().0;
        let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Option<Vec<u8>> = digits.iter().map(byte).collect();
        let bytes = bytes.filter(|_| text.len() == 64).ok_or(NONE)?;
        bytes.try_into().map(Self).map_err(|_| NONE)
    }
}

impl ChainLink {
    /// Where every chain begins.
    #[must_use]
    pub const fn before_the_first() -> Self {
        Self { sequence: 0, digest: ChainDigest([0; 32]) }
    }

    /// The place of the event that comes next: the SHA-256 of this digest, of the next sequence in eight bytes,
    /// and of the event's record, each field with its kind and its length.
    #[must_use]
    pub fn next(&self, event: &Record) -> Self {
        let sequence = self.sequence + 1;
        let mut hash = Sha256::new();
        hash.update(self.digest.0);
        hash.update(sequence.to_be_bytes());
        event.fields().iter().for_each(|field| add_field(&mut hash, field));
        Self { sequence, digest: ChainDigest(hash.finalize().into()) }
    }
}

impl fmt::Display for ChainLink {
    /// As operators note it: the sequence, a colon, the digest.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.sequence, self.digest)
    }
}

impl FromStr for ChainLink {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (sequence, digest) = text.split_once(':').ok_or("a link is a sequence, a colon and a digest")?;
        let sequence = sequence.parse().map_err(|_| "the sequence of a link is a whole number")?;
        Ok(Self { sequence, digest: digest.parse()? })
    }
}

impl ChainEntry {
    /// An event in its place.
    #[must_use]
    pub fn new(event: &SecurityEvent, link: ChainLink) -> Self {
        let ChainLink { sequence, digest } = link;
        Self { sequence, id: event.id, event: Record::from(event), digest: digest.as_bytes().to_vec() }
    }
}

impl TryFrom<Record> for ChainEntry {
    type Error = Misfit;

    /// From a record of the table of security events.
    fn try_from(record: Record) -> Result<Self, Misfit> {
        let (event, mut link) = record.split_event()?;
        let id = match event.order() {
            [Field::Id(id)] => EventId::from(*id),
            _ => return Err(link.misfit("its id is none")),
        };
        let (sequence, digest) = (link.take()?, link.take::<Option<Vec<u8>>>()?);
        Ok(Self { sequence, id, event, digest: digest.unwrap_or_default() })
    }
}

impl Verification {
    /// Of a chain with these ends; a link that was noted earlier is looked for in it.
    ///
    /// # Errors
    /// When the noted link lies outside of the ends.
    pub fn new(ends: &ChainEnds, expected: Option<ChainLink>) -> Result<Self, Break> {
        let ChainEnds { anchor, head, .. } = *ends;
        let outside = |link: &ChainLink| link.sequence < anchor.sequence || link.sequence > head.sequence;
        if let Some(expected) = expected.filter(outside) {
            return Err(Break::Rewritten { expected, found: None });
        }
        let verification = Self { last: anchor, head, expected };
        verification.compare()?;
        Ok(verification)
    }

    /// The sequence of the last event that was taken in; the next page begins behind it.
    #[must_use]
    pub const fn reached(&self) -> u64 {
        self.last.sequence
    }

    /// Takes in the next event.
    ///
    /// # Errors
    /// When it is not the one that should come here.
    pub fn add(&mut self, entry: &ChainEntry) -> Result<(), Break> {
        let &ChainEntry { sequence, id, .. } = entry;
        if sequence <= self.last.sequence || sequence > self.head.sequence {
            return Err(Break::Extra { sequence, id });
        }
        let next = self.last.next(&entry.event);
        if sequence > next.sequence {
            return Err(Break::Missing { sequence: next.sequence });
        }
        if entry.digest != next.digest.as_bytes() {
            return Err(Break::Changed { sequence, id });
        }
        self.last = next;
        self.compare()
    }

    /// The head, once every event was taken in.
    ///
    /// # Errors
    /// When it was not reached, or is another.
    pub fn finish(&self) -> Result<ChainLink, Break> {
        if self.last.sequence < self.head.sequence {
            return Err(Break::Missing { sequence: self.last.sequence + 1 });
        }
        if self.last == self.head { Ok(self.last) } else { Err(Break::HeadMoved { found: self.last }) }
    }

    /// Holds the link that was noted against the one in its place.
    fn compare(&self) -> Result<(), Break> {
        match self.expected {
            Some(expected) if expected.sequence == self.last.sequence && expected != self.last => {
                Err(Break::Rewritten { expected, found: Some(self.last) })
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Break {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { sequence } => write!(formatter, "event {sequence} is missing"),
            Self::Changed { sequence, id } => write!(
                formatter,
                "event {sequence} ({id}) does not follow from the one before it: one of the two was changed"
            ),
            Self::Extra { sequence, id } => {
                write!(formatter, "event {sequence} ({id}) was never appended to the chain")
            }
            Self::HeadMoved { found } => {
                write!(formatter, "the head was changed: the latest event comes to {found}")
            }
            Self::Rewritten { expected, found: Some(found) } => {
                write!(formatter, "the chain was rewritten: in the place of {expected} stands {found}")
            }
            Self::Rewritten { expected, found: None } => {
                write!(
                    formatter,
                    "{expected} is not in the chain: it was cut off, or retention has passed it"
                )
            }
        }
    }
}

#[cfg(test)]
#[path = "event_chain_tests.rs"]
mod tests;
