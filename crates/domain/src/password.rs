use std::fmt;

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

/// A password as somebody presents it: normalised (NFC), wiped when dropped, never shown.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// The longest password in bytes that is read at all.
    pub const MAX_BYTES: usize = 1024;

    /// Normalises what was typed, so that the same password typed on another keyboard is the same.
    #[must_use]
    pub fn new(typed: &str) -> Self {
        Self(Zeroizing::new(typed.nfc().collect()))
    }

    /// The bytes to hash.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(***)")
    }
}

/// A password that the [`crate::PasswordPolicy`] has accepted; there is no other way to make one.
#[derive(Debug, Clone)]
pub struct NewPassword(Password);

impl NewPassword {
    pub(crate) fn accepted(password: Password) -> Self {
        Self(password)
    }

    /// The password to hash.
    #[must_use]
    pub fn password(&self) -> &Password {
        &self.0
    }
}

/// A password hash as a PHC string, such as `$argon2id$v=19$m=19456,t=2,p=1$...`; never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a PHC string.
    pub fn new(phc: impl Into<String>) -> Self {
        Self(phc.into())
    }

    /// The PHC string, for storage and verification only.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PasswordHash(***)")
    }
}
