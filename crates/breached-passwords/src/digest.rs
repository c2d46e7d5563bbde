use archon_domain::Password;
use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

/// The SHA-1 of a password as 40 upper-case hexadecimal digits, by which lists of breached passwords go. Wiped
/// when dropped, and without a `Debug`: it is nearly as good as the password.
pub(crate) struct Digest(Zeroizing<String>);

impl Digest {
    /// How many digits a hash has.
    pub(crate) const DIGITS: usize = 40;
    /// How many of them a server is shown.
    pub(crate) const PREFIX_DIGITS: usize = 5;
    /// How many of them it answers with.
    pub(crate) const SUFFIX_DIGITS: usize = Self::DIGITS - Self::PREFIX_DIGITS;

    pub(crate) fn of(password: &Password) -> Self {
        const HEXADECIMAL: [char; 16] =
            ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
        let hash: Zeroizing<[u8; 20]> = Zeroizing::new(Sha1::digest(password.as_bytes()).into());
        // With its whole capacity from the beginning: a string that grows leaves copies behind.
        let mut digits = Zeroizing::new(String::with_capacity(Self::DIGITS));
        for byte in hash.iter() {
            digits.push(HEXADECIMAL[usize::from(byte >> 4)]);
            digits.push(HEXADECIMAL[usize::from(byte & 15)]);
        }
        Self(digits)
    }

    /// All digits.
    pub(crate) fn whole(&self) -> &str {
        &self.0
    }

    /// What may leave the process.
    pub(crate) fn prefix(&self) -> &str {
        &self.0[..Self::PREFIX_DIGITS]
    }

    /// What may not.
    pub(crate) fn suffix(&self) -> &str {
        &self.0[Self::PREFIX_DIGITS..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_the_sha_1_of_the_normalised_password() {
        let digest = Digest::of(&Password::new("password"));
        assert_eq!(digest.whole(), "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8");
        assert_eq!((digest.prefix(), digest.suffix()), ("5BAA6", "1E4C9B93F3F0682250B6CF8331B7EE68FD8"));
        let composed = Digest::of(&Password::new("caf\u{e9}"));
        let decomposed = Digest::of(&Password::new("cafe\u{301}"));
        assert_eq!(composed.whole(), "F424452A9673918C6F09B0CDD35B20BE8E6AE7D7");
        assert_eq!(decomposed.whole(), composed.whole());
    }
}
