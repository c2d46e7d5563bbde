use crate::common_passwords::is_common;
use crate::{Email, FieldError, FieldErrorCode, NewPassword, Password, PersonName};

/// What a new password must be like.
///
/// The default asks for 8 to 128 characters of four classes; with every `require_*` off it is a
/// length-only rule in the spirit of NIST SP 800-63B-4.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// Fewest characters, counted after normalisation.
    pub min_length: usize,
    /// Most characters, counted after normalisation.
    pub max_length: usize,
    /// At least one upper-case letter.
    pub require_uppercase: bool,
    /// At least one lower-case letter.
    pub require_lowercase: bool,
    /// At least one digit.
    pub require_digit: bool,
    /// At least one of [`PasswordPolicy::SYMBOLS`].
    pub require_symbol: bool,
    /// Refuse the entries of the embedded list of common passwords.
    pub refuse_common: bool,
    /// Refuse the user's own e-mail address and name.
    pub refuse_personal: bool,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            min_length: 8,
            max_length: 128,
            require_uppercase: true,
            require_lowercase: true,
            require_digit: true,
            require_symbol: true,
            refuse_common: true,
            refuse_personal: true,
        }
    }
}

impl PasswordPolicy {
    /// The characters that count as symbols.
    pub const SYMBOLS: &'static str = "!@#$%^&*(),.?\":{}|<>";

    /// Accepts a password, or says everything that is wrong with it: one error per rule.
    ///
    /// `email` and `name` are the user's own, as far as they are known.
    ///
    /// # Errors
    /// One [`FieldErrorCode::WeakPassword`] for `field` per rule that is not met.
    pub fn accept(
        &self,
        field: &'static str,
        password: Password,
        email: Option<&Email>,
        name: Option<&PersonName>,
    ) -> Result<NewPassword, Vec<FieldError>> {
        let faults: Vec<FieldError> = self
            .faults(password.as_str(), email, name)
            .into_iter()
            .map(|message| FieldError::new(field, FieldErrorCode::WeakPassword, message))
            .collect();
        if faults.is_empty() { Ok(NewPassword::accepted(password)) } else { Err(faults) }
    }

    fn faults(&self, text: &str, email: Option<&Email>, name: Option<&PersonName>) -> Vec<String> {
        let length = text.chars().count();
        let has = |class: fn(char) -> bool| text.chars().any(class);
        let rules = [
            (length < self.min_length, format!("must be at least {} characters long", self.min_length)),
            (length > self.max_length, format!("must be at most {} characters long", self.max_length)),
            (text.contains('\0'), "must not hold NUL characters".to_owned()),
            (
                self.require_uppercase && !has(char::is_uppercase),
                "must hold at least one upper-case letter".to_owned(),
            ),
            (
                self.require_lowercase && !has(char::is_lowercase),
                "must hold at least one lower-case letter".to_owned(),
            ),
            (
                self.require_digit && !has(|letter| letter.is_ascii_digit()),
                "must hold at least one digit".to_owned(),
            ),
            (
                self.require_symbol && !has(|letter| Self::SYMBOLS.contains(letter)),
                format!("must hold at least one of {}", Self::SYMBOLS),
            ),
            (self.refuse_common && is_common(text), "is one of the most common passwords".to_owned()),
            (
                self.refuse_personal && is_personal(text, email, name),
                "must not be the account's own e-mail address or name".to_owned(),
            ),
        ];
        rules.into_iter().filter_map(|(broken, message)| broken.then_some(message)).collect()
    }
}

fn is_personal(text: &str, email: Option<&Email>, name: Option<&PersonName>) -> bool {
    let text = text.trim().to_lowercase();
    let own_email =
        email.is_some_and(|email| text == email.key().as_str() || text == email.local_part().to_lowercase());
    own_email || name.is_some_and(|name| text == name.as_str().to_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn faults(typed: &str) -> Vec<String> {
        let email = Email::parse("Grace.Hopper1!@example.com").unwrap();
        let name = PersonName::parse("Grace Hopper 1!").unwrap();
        match PasswordPolicy::default().accept("password", Password::new(typed), Some(&email), Some(&name)) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.into_iter().map(|error| error.message.into_owned()).collect(),
        }
    }

    #[test]
    fn promised_passwords_are_accepted() {
        for typed in ["SecurePass123!", "TestPassword123!", "TestPass123!", "Ünïcode9?x"] {
            assert_eq!(faults(typed), Vec::<String>::new(), "{typed}");
        }
    }

    #[test]
    fn every_missing_rule_has_an_entry_of_its_own() {
        assert_eq!(faults("").len(), 5);
        assert_eq!(faults("short").len(), 4);
        assert_eq!(faults("alllowercase1!"), ["must hold at least one upper-case letter"]);
        assert_eq!(faults("ALLUPPERCASE1!"), ["must hold at least one lower-case letter"]);
        assert_eq!(faults("NoDigitsHere!"), ["must hold at least one digit"]);
        assert_eq!(faults("NoSymbols123").len(), 1);
        assert_eq!(faults(&format!("Aa1!{}", "x".repeat(125))), ["must be at most 128 characters long"]);
    }

    #[test]
    fn common_and_personal_passwords_are_refused() {
        assert_eq!(faults("Password1!"), ["is one of the most common passwords"]);
        let personal = ["must not be the account's own e-mail address or name"];
        assert_eq!(faults("grace.HOPPER1!@example.com"), personal);
        assert_eq!(faults("Grace Hopper 1!"), personal);
        assert_eq!(faults("Grace.Hopper1!"), personal);
    }

    #[test]
    fn a_length_only_rule_can_be_configured() {
        let policy = PasswordPolicy {
            min_length: 15,
            require_uppercase: false,
            require_lowercase: false,
            require_digit: false,
            require_symbol: false,
            ..PasswordPolicy::default()
        };
        assert!(policy.accept("password", Password::new("correct horse battery"), None, None).is_ok());
        assert_eq!(policy.accept("password", Password::new("too short"), None, None).unwrap_err().len(), 1);
    }

    proptest! {
        #[test]
        fn composed_and_decomposed_spellings_are_the_same_password(typed in "\\PC{0,40}") {
            let again: String = unicode_normalization::UnicodeNormalization::nfd(typed.as_str()).collect();
            let (composed, decomposed) = (Password::new(&typed), Password::new(&again));
            prop_assert_eq!(composed.as_bytes(), decomposed.as_bytes());
        }
    }
}
