use std::collections::BTreeMap;
use std::fmt;
use std::num::ParseIntError;

use archon_domain::{AlertKind, SigningAlgorithm, Span};
use serde::Deserialize;

/// A time in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub u32);

impl Seconds {
    /// As the domain counts time.
    #[must_use]
    pub fn as_span(self) -> Span {
        Span::seconds(i64::from(self.0))
    }

    /// As the standard library and tokio count time.
    #[must_use]
    pub fn as_std(self) -> std::time::Duration {
        std::time::Duration::from_secs(u64::from(self.0))
    }
}

/// A time in whole milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub struct Milliseconds(pub u32);

impl Milliseconds {
    /// As the standard library and tokio count time.
    #[must_use]
    pub fn as_std(self) -> std::time::Duration {
        std::time::Duration::from_millis(u64::from(self.0))
    }
}

/// A text that is never shown.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// The text itself; `None` when nothing is configured.
    #[must_use]
    pub fn reveal(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(&*self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_empty() { "Secret()" } else { "Secret(***)" })
    }
}

/// The entries of a list of tables by their numbers, which need not be without gaps.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "BTreeMap<String, T>")]
#[serde(bound = "T: Deserialize<'de>")]
pub struct Numbered<T>(BTreeMap<u16, T>);

impl<T> Numbered<T> {
    /// The entries in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u16, &T)> {
        self.0.iter().map(|(number, entry)| (*number, entry))
    }
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> TryFrom<BTreeMap<String, T>> for Numbered<T> {
    type Error = ParseIntError;

    fn try_from(entries: BTreeMap<String, T>) -> Result<Self, ParseIntError> {
        let numbered = entries.into_iter().map(|(number, entry)| Ok((number.parse()?, entry)));
        numbered.collect::<Result<_, _>>().map(Self)
    }
}

/// How many requests a client has within a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaSettings {
    /// Requests per window; at least 1.
    pub limit: u32,
    /// The window's length; at least a second.
    pub window: Seconds,
}

/// An enum of words that a setting can choose from; the words stand once.
macro_rules! words {
    ($(#[$doc:meta])+ $name:ident { $( $(#[$variant_doc:meta])+ $variant:ident = $word:literal, )+ }) => {
        $(#[$doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
        pub enum $name {
            $( $(#[$variant_doc])+ #[serde(rename = $word)] $variant, )+
        }

        impl $name {
            /// Every word, as configuration spells it.
            pub const WORDS: &'static [&'static str] = &[$($word),+];
        }
    };
}

words! {
    /// What log lines look like.
    LogFormat {
        /// Text on a terminal, JSON otherwise.
        Auto = "auto",
        /// Lines for people.
        Text = "text",
        /// One JSON object per line.
        Json = "json",
    }
}

words! {
    /// When a log file is closed and the next one begun.
    LogRotation {
        /// Every day at midnight UTC.
        Daily = "daily",
        /// Every full hour.
        Hourly = "hourly",
        /// Never: one file for ever.
        Never = "never",
    }
}

words! {
    /// What stands between the service and PostgreSQL.
    Pooler {
        /// Nothing, or a pooler that keeps a session for each connection.
        None = "none",
        /// A pooler that gives a session for the length of a transaction, such as PgBouncer in that mode.
        Transaction = "transaction",
    }
}

words! {
    /// A claim that access tokens carry beyond those they always have.
    ExtraClaim {
        /// The e-mail address.
        Email = "email",
        /// The name.
        Name = "name",
    }
}

words! {
    /// What alerts are about.
    AlertWord {
        /// One address fails to log in again and again.
        FailedLogins = "failed_logins",
        /// Many addresses fail to log in.
        PasswordSpraying = "password_spraying",
        /// Several addresses fail to log in to one account.
        AccountAttack = "account_attack",
        /// Forged or spent tokens are presented.
        TokenAttacks = "token_attacks",
        /// Sessions show up where their users cannot be.
        SessionAnomalies = "session_anomalies",
        /// Log-ins with providers are forged or fail.
        OauthAbuse = "oauth_abuse",
    }
}

impl From<AlertWord> for AlertKind {
    fn from(word: AlertWord) -> Self {
        match word {
            AlertWord::FailedLogins => Self::FailedLogins,
            AlertWord::PasswordSpraying => Self::PasswordSpraying,
            AlertWord::AccountAttack => Self::AccountAttack,
            AlertWord::TokenAttacks => Self::TokenAttacks,
            AlertWord::SessionAnomalies => Self::SessionAnomalies,
            AlertWord::OauthAbuse => Self::OauthAbuse,
        }
    }
}

words! {
    /// How tokens are signed.
    KeyAlgorithm {
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        Rs256 = "RS256",
        /// ECDSA with P-256 and SHA-256.
        Es256 = "ES256",
        /// Ed25519.
        EdDsa = "EdDSA",
    }
}

impl From<KeyAlgorithm> for SigningAlgorithm {
    fn from(algorithm: KeyAlgorithm) -> Self {
        match algorithm {
            KeyAlgorithm::Rs256 => Self::Rs256,
            KeyAlgorithm::Es256 => Self::Es256,
            KeyAlgorithm::EdDsa => Self::EdDsa,
        }
    }
}
