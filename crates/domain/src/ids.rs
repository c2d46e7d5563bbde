use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::ports::Entropy;
use crate::{Instant, random_text};

/// A UUIDv7 (RFC 9562 section 5.7) of `now` and fresh random bits.
fn uuid_v7(now: Instant, entropy: &dyn Entropy) -> Uuid {
    let mut random = [0; 10];
    entropy.fill(&mut random);
    let milliseconds = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid()
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new identifier: a UUIDv7 of `now` and random bits.
            #[must_use]
            pub fn generate(now: Instant, entropy: &dyn Entropy) -> Self {
                Self(uuid_v7(now, entropy))
            }

            /// When the identifier was made, to the millisecond; `None` for one that is no UUIDv7.
            #[must_use]
            pub fn made_at(&self) -> Option<Instant> {
                let (seconds, nanoseconds) = self.0.get_timestamp()?.to_unix();
                Instant::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)
            }

            /// The identifier as stored.
            #[must_use]
            pub const fn as_uuid(&self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::try_parse(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

uuid_id!(
    /// Identifies a user for ever; the `sub` claim.
    UserId
);
uuid_id!(
    /// Identifies one token; the `jti` claim (RFC 7519 section 4.1.7).
    TokenId
);
uuid_id!(
    /// Identifies one mail in the outbox.
    MailId
);
uuid_id!(
    /// Identifies one security event.
    EventId
);
uuid_id!(
    /// Identifies one alert.
    AlertId
);
uuid_id!(
    /// Identifies one notice of an alert.
    NoticeId
);

uuid_id!(
    /// Identifies one request in answers, logs and events, where its client has sent no id of its own.
    RequestId
);

/// Identifies one session: 192 random bits, made at log-in and never taken from a client.
///
/// Not a UUID: a UUIDv7 holds 74 random bits, and OWASP's session sheet asks for far more than
/// an attacker can guess.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(String);

impl SessionId {
    /// Random bytes in a session id.
    pub const BYTES: usize = 24;

    /// A fresh session id.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(random_text::generate::<{ Self::BYTES }>(entropy))
    }

    /// Reads a session id; `None` when the text cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        random_text::parse::<{ Self::BYTES }>(text).map(Self)
    }

    /// The id as it stands in tokens and paths: 32 URL-safe characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Identifies a signing key; the `kid` header parameter (RFC 7515 section 4.1.4).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(String);

impl KeyId {
    /// Wraps a key id as it stands in a token header or a key store.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
