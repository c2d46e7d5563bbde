//! What providers say about people, in the forms that we keep.

use archon_domain::{Email, PersonName};

/// The longest subject in bytes: OpenID Connect Core section 2 allows 255.
const MAX_SUBJECT_BYTES: usize = 255;

/// Whether a text can be what a provider calls a user for ever.
pub(crate) fn is_subject(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_SUBJECT_BYTES && !text.chars().any(char::is_control)
}

/// An address that mail could be sent to; what is none counts as no address at all.
pub(crate) fn email(text: Option<&str>) -> Option<Email> {
    text.and_then(|text| Email::parse(text).ok())
}

/// A name, cut to what we keep; nobody is kept out for what another service let them be called.
pub(crate) fn name(text: Option<&str>) -> Option<PersonName> {
    let clean: String = text?.chars().filter(|character| !character.is_control()).collect();
    let cut: String = clean.trim().chars().take(PersonName::MAX_CHARACTERS).collect();
    PersonName::parse(&cut).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_to_fit() {
        let name = |text: &str| name(Some(text)).map(|name| name.as_str().to_owned());
        assert_eq!(name(" Ada\n Lovelace "), Some("Ada Lovelace".to_owned()));
        assert_eq!(name(&"ä".repeat(300)), Some("ä".repeat(100)));
        assert_eq!(name("\u{0} \t"), None);
    }

    #[test]
    fn subjects_are_bounded() {
        assert!(is_subject("4711") && is_subject(&"s".repeat(255)));
        assert!(!is_subject("") && !is_subject(&"s".repeat(256)) && !is_subject("a\u{0}b"));
    }
}
