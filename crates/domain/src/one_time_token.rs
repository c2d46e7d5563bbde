use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::ports::Entropy;
use crate::{Instant, UserId, random_text};

/// A secret of 256 random bits that proves once that its holder reads a mailbox; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimeToken(String);

impl OneTimeToken {
    /// Random bytes in a token.
    pub const BYTES: usize = 32;

    /// A fresh token.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self(random_text::generate::<{ Self::BYTES }>(entropy))
    }

    /// Reads a token; `None` when the text cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        random_text::parse::<{ Self::BYTES }>(text).map(Self)
    }

    /// The token as it stands in a link: 43 URL-safe characters.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the database keeps in the token's place, so that a copy of it opens nothing.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        TokenDigest(Sha256::digest(self.0.as_bytes()).into())
    }
}

impl fmt::Debug for OneTimeToken {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("OneTimeToken(***)")
    }
}

/// The SHA-256 of a [`OneTimeToken`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenDigest([u8; 32]);

impl TokenDigest {
    /// The digest's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for TokenDigest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// What a one-time token is good for; a token of one purpose is unknown for every other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenPurpose {
    /// Proves that the account's address is its owner's.
    VerifyEmail,
    /// Allows a new password without the old one.
    ResetPassword,
}

impl TokenPurpose {
    /// The word that storage keeps.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
        }
    }
}

/// A one-time token as storage keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedToken {
    /// The digest of the secret.
    pub digest: TokenDigest,
    /// Whose account it opens.
    pub user: UserId,
    /// What for.
    pub purpose: TokenPurpose,
    /// Since when.
    pub issued_at: Instant,
    /// From when on it is refused.
    pub expires_at: Instant,
}
