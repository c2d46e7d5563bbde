use serde::Serialize;

use crate::{Email, FieldError, FieldErrorCode};

/// What a user wants to be called: 1 to 100 characters after trimming, no control characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PersonName(String);

impl PersonName {
    /// The longest name in characters.
    pub const MAX_CHARACTERS: usize = 100;

    /// Reads a name; white space around it is dropped.
    ///
    /// # Errors
    /// One [`FieldError`] for `name` that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        if text.chars().any(char::is_control) {
            return Err(FieldError::new(
                "name",
                FieldErrorCode::InvalidCharacters,
                "must not hold control characters",
            ));
        }
        let text = text.trim();
        if text.is_empty() {
            return Err(FieldError::new("name", FieldErrorCode::Empty, "must not be empty"));
        }
        if text.chars().count() > Self::MAX_CHARACTERS {
            return Err(FieldError::new(
                "name",
                FieldErrorCode::TooLong,
                "must be at most 100 characters long",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// A name for who has told none: what stands before the `@` of their address, cut to what a name may be.
    #[must_use]
    pub fn from_address(email: &Email) -> Self {
        let cut: String = email.local_part().chars().take(Self::MAX_CHARACTERS).collect();
        // Some letters that an address may have are nothing but space in a name.
        Self::parse(&cut)
            .unwrap_or_else(|_| Self(email.masked().chars().take(Self::MAX_CHARACTERS).collect()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_trimmed_and_bounded() {
        assert_eq!(PersonName::parse("  Ada ").unwrap().as_str(), "Ada");
        assert!(PersonName::parse(&"ä".repeat(100)).is_ok());
        let code = |text: &str| PersonName::parse(text).unwrap_err().code;
        assert_eq!(code(&"a".repeat(101)), FieldErrorCode::TooLong);
        assert_eq!(code(" "), FieldErrorCode::Empty);
        assert_eq!(code("a\u{0}b"), FieldErrorCode::InvalidCharacters);
        assert_eq!(code("a\nb"), FieldErrorCode::InvalidCharacters);
    }

    #[test]
    fn an_address_makes_a_name() {
        let name = |address: &str| PersonName::from_address(&Email::parse(address).unwrap());
        assert_eq!(name("ada.lovelace+tag@example.com").as_str(), "ada.lovelace+tag");
        assert_eq!(name("\"a@b\"@example.com").as_str(), "\"a@b\"");
        assert_eq!(name("jürgen@exämple.de").as_str(), "jürgen");
    }
}
