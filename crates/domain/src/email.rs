use std::borrow::Borrow;
use std::fmt;

use email_address::{EmailAddress, Options};

use crate::{FieldError, FieldErrorCode};

/// An e-mail address (RFC 5321 syntax, RFC 6531 characters) of at most 254 bytes.
///
/// Keeps what the user typed for showing and sending; compares by its [`EmailKey`].
#[derive(Clone)]
pub struct Email {
    typed: String,
    key: EmailKey,
}

/// The lower-cased form of an address: what unique indexes, counters and look-ups use.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailKey(String);

impl Email {
    /// The longest address in bytes (RFC 5321 section 4.5.3.1.3 less the angle brackets).
    pub const MAX_BYTES: usize = 254;

    /// Reads an address; white space around it is dropped.
    ///
    /// # Errors
    /// One [`FieldError`] for `email` that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(FieldError::new("email", FieldErrorCode::Empty, "must not be empty"));
        }
        if text.len() > Self::MAX_BYTES {
            return Err(FieldError::new("email", FieldErrorCode::TooLong, "must be at most 254 bytes long"));
        }
        let options = Options::default().without_display_text();
        if text.chars().any(char::is_control) || EmailAddress::parse_with_options(text, options).is_err() {
            return Err(FieldError::new(
                "email",
                FieldErrorCode::InvalidEmail,
                "must be an e-mail address such as name@example.com",
            ));
        }
        Ok(Self { typed: text.to_owned(), key: EmailKey(text.to_lowercase()) })
    }

    /// The address as the user typed it.
    #[must_use]
    pub fn as_typed(&self) -> &str {
        &self.typed
    }

    /// The form to compare by.
    #[must_use]
    pub fn key(&self) -> &EmailKey {
        &self.key
    }

    /// The part before the last `@`.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.typed.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// The address with all but its first character and its domain hidden, for logs: `a***@example.com`.
    #[must_use]
    pub fn masked(&self) -> String {
        let domain = self.typed.rsplit_once('@').map_or("", |(_, domain)| domain);
        let first = self.typed.chars().next().map(String::from).unwrap_or_default();
        format!("{first}***@{domain}")
    }
}

/// A text with every address in it hidden as [`Email::masked`] hides one: for words that come from elsewhere,
/// such as a mail server's, and go into a log.
#[must_use]
pub fn mask_addresses(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('@') {
        let (other, local) = before.split_at(local_part_of(before));
        masked.push_str(other);
        if let Some(first) = local.chars().next() {
            masked.push(first);
            masked.push_str("***");
        }
        masked.push('@');
        rest = after;
    }
    masked + rest
}

/// Where the local part begins that a text ends with.
fn local_part_of(text: &str) -> usize {
    let quoted = text.strip_suffix('"').and_then(|text| text.rfind('"'));
    quoted.unwrap_or_else(|| {
        let is_around = |c: char| c.is_whitespace() || "<>()[]:;,\"".contains(c);
        text.char_indices().rfind(|(_, c)| is_around(*c)).map_or(0, |(at, c)| at + c.len_utf8())
    })
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Email {}

impl fmt::Debug for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Email({})", self.masked())
    }
}

impl EmailKey {
    /// The lower-cased address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Ordered maps of keys are searched by the beginning of one.
impl Borrow<str> for EmailKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EmailKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EmailKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_and_unusual_addresses_are_read() {
        for text in [
            "user@example.com",
            "First.Last+tag@sub.example.co.uk",
            "o'brien@example.ie",
            "\"quoted name\"@example.com",
            "jürgen@exämple.de",
        ] {
            assert!(Email::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "   ",
            "plain",
            "@example.com",
            "user@",
            "a b@example.com",
            "a@b@c",
            "user@exa\u{0}mple.com",
            "user@example.com\r\nBcc: victim@example.com",
            "Name <user@example.com>",
        ] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
        let long = format!("{}@example.com", "a".repeat(243));
        assert_eq!(Email::parse(&long).map_err(|error| error.code), Err(FieldErrorCode::TooLong));
    }

    #[test]
    fn addresses_compare_without_case_and_keep_what_was_typed() {
        let typed = Email::parse(" User@Example.COM ").unwrap();
        assert_eq!(typed, Email::parse("user@example.com").unwrap());
        assert_eq!(typed.as_typed(), "User@Example.COM");
        assert_eq!(format!("{typed:?}"), "Email(U***@Example.COM)");
    }

    #[test]
    fn addresses_in_the_words_of_others_are_masked() {
        for (words, masked) in [
            ("550 5.1.1 <ada@example.com>: no such user", "550 5.1.1 <a***@example.com>: no such user"),
            ("Ada.L+tag@example.com, bob@example.org", "A***@example.com, b***@example.org"),
            ("to:\"a b\"@example.com rejected", "to:\"***@example.com rejected"),
            ("jürgen@exämple.de", "j***@exämple.de"),
            ("nobody @ home, @", "nobody @ home, @"),
            ("421 4.3.2 later", "421 4.3.2 later"),
        ] {
            assert_eq!(mask_addresses(words), masked);
        }
        let address = Email::parse("ada@example.com").unwrap();
        assert_eq!(mask_addresses(address.as_typed()), address.masked());
    }

    proptest! {
        #[test]
        fn no_local_part_is_left_where_addresses_are_masked(before in "[ <(]?", after in "[ >:)]?") {
            let words = format!("{before}ada.lovelace@example.com{after}");
            prop_assert_eq!(mask_addresses(&words), format!("{before}a***@example.com{after}"));
        }

        #[test]
        fn parsing_never_panics_and_what_it_accepts_it_accepts_again(text in "\\PC{0,300}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_typed()), Ok(email.clone()));
                prop_assert!(Email::parse(email.key().as_str()).is_ok());
            }
        }
    }
}
