//! What a durable store holds, in a form that another store can take over to the letter.
//!
//! A [`Record`] is what stands in the store, not what the rules of today would let in: whoever moves data
//! carries it and does not judge it.

mod convert;
mod digest;
mod event;
mod field;
mod items;
mod record;

pub use digest::TableDigest;
pub(crate) use digest::add_field;
pub use event::{ChainEnd, ChainEndName, StoredEvent};
pub use field::{Field, FieldValue, JsonText};
pub use items::{KnownNetwork, PasswordHistory, Revocation};
use record::EVENT;
pub use record::{Fields, Layout, Misfit, Record, RecordKey, SIGNING_KEYS};

use std::fmt;

use crate::{EventId, UserId};

/// A part of what an archive holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Accounts.
    Users,
    /// Who a user is to a provider.
    OauthIdentities,
    /// The latest password hashes of each user that has any: one record per user.
    PasswordHistory,
    /// From where each user has logged in.
    KnownNetworks,
    /// Sessions, live and past.
    Sessions,
    /// Tokens that are refused although they have not expired.
    Revocations,
    /// Digests of the tokens that mails carry.
    OneTimeTokens,
    /// Mails to be sent, and those that were given up.
    Outbox,
    /// What happened.
    SecurityEvents,
    /// Where the chain of what happened is held.
    EventChain,
}

impl Table {
    /// Every table, those that refer to others behind them.
    pub const ALL: [Self; 10] = [
        Self::Users,
        Self::OauthIdentities,
        Self::PasswordHistory,
        Self::KnownNetworks,
        Self::Sessions,
        Self::Revocations,
        Self::OneTimeTokens,
        Self::Outbox,
        Self::SecurityEvents,
        Self::EventChain,
    ];

    /// What its records are made of.
    #[must_use]
    pub const fn layout(self) -> &'static Layout {
        match self {
            Self::Users => &record::USERS,
            Self::OauthIdentities => &record::OAUTH_IDENTITIES,
            Self::PasswordHistory => &record::PASSWORD_HISTORY,
            Self::KnownNetworks => &record::KNOWN_NETWORKS,
            Self::Sessions => &record::SESSIONS,
            Self::Revocations => &record::REVOCATIONS,
            Self::OneTimeTokens => &record::ONE_TIME_TOKENS,
            Self::Outbox => &record::OUTBOX,
            Self::SecurityEvents => &record::SECURITY_EVENTS,
            Self::EventChain => &record::EVENT_CHAIN,
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.layout().name)
    }
}

/// A record that was not stored because it does not go together with what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Which record.
    pub key: RecordKey,
    /// Why.
    pub reason: RefusalReason,
}

/// Why a record was not stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalReason {
    /// Another user has the address of this one.
    AddressTaken {
        /// Who has it.
        by: UserId,
    },
    /// The user to whom the record belongs is not there.
    NoSuchUser(UserId),
    /// Another event has the place of this one in the chain.
    PlaceTaken {
        /// Which event has it.
        by: EventId,
    },
}
