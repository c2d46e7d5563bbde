use std::borrow::Cow;

/// One thing wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field's path in the body, such as `email`.
    pub field: Cow<'static, str>,
    /// The precise cause.
    pub code: FieldErrorCode,
    /// What is wrong and what is allowed, in a sentence for a person.
    pub message: Cow<'static, str>,
}

/// The causes a [`FieldError`] can have, as stable words for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldErrorCode {
    /// The field is absent or null.
    Required,
    /// The field has another JSON type than it must have.
    WrongType,
    /// The field is empty or blank.
    Empty,
    /// The field is longer than allowed.
    TooLong,
    /// The field holds characters that are not allowed.
    InvalidCharacters,
    /// The field is not an e-mail address.
    InvalidEmail,
    /// The password does not meet one rule of the policy.
    WeakPassword,
    /// The value does not have the form the field must have.
    InvalidFormat,
    /// There is no such field.
    UnknownField,
}

impl FieldErrorCode {
    /// The word a client sees in `details[].code`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Required => "REQUIRED",
            Self::WrongType => "WRONG_TYPE",
            Self::Empty => "EMPTY",
            Self::TooLong => "TOO_LONG",
            Self::InvalidCharacters => "INVALID_CHARACTERS",
            Self::InvalidEmail => "INVALID_EMAIL",
            Self::WeakPassword => "WEAK_PASSWORD",
            Self::InvalidFormat => "INVALID_FORMAT",
            Self::UnknownField => "UNKNOWN_FIELD",
        }
    }
}

impl FieldError {
    /// An error of `code` in `field`.
    pub fn new(
        field: impl Into<Cow<'static, str>>,
        code: FieldErrorCode,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { field: field.into(), code, message: message.into() }
    }
}
