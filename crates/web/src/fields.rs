use std::borrow::Cow;
use std::ops::RangeInclusive;

use archon_domain::{FieldError, FieldErrorCode, Password};
use serde_json::{Map, Value};

/// The fields of a request body, taken out one by one; everything wrong is kept and told at once.
pub(crate) struct Fields {
    object: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    pub(crate) fn new(object: Map<String, Value>) -> Self {
        Self { object, errors: Vec::new() }
    }

    /// A text that must be there, read by `parse`.
    pub(crate) fn text<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, FieldError>,
    ) -> Option<T> {
        match self.object.remove(name) {
            None | Some(Value::Null) => {
                self.report(name, FieldErrorCode::Required, "is required");
                None
            }
            Some(Value::String(text)) => self.keep(parse(&text)),
            Some(_) => {
                self.report(name, FieldErrorCode::WrongType, "must be a single string");
                None
            }
        }
    }

    /// A text that may be absent or null, read by `parse`.
    pub(crate) fn optional_text<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, FieldError>,
    ) -> Option<T> {
        if self.is_absent(name) { None } else { self.text(name, parse) }
    }

    /// A password that somebody presents: not empty and not beyond any that is read at all.
    pub(crate) fn password(&mut self, name: &'static str) -> Option<Password> {
        self.text(name, |text| {
            if text.is_empty() {
                return Err(FieldError::new(name, FieldErrorCode::Empty, "must not be empty"));
            }
            if text.len() > Password::MAX_BYTES {
                let message = "must be at most 1024 bytes long";
                return Err(FieldError::new(name, FieldErrorCode::TooLong, message));
            }
            Ok(Password::new(text))
        })
    }

    /// A password that may be absent or null.
    pub(crate) fn optional_password(&mut self, name: &'static str) -> Option<Password> {
        if self.is_absent(name) { None } else { self.password(name) }
    }

    /// A whole number within a range, which must be there.
    pub(crate) fn number(&mut self, name: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let number = match self.object.remove(name) {
            None | Some(Value::Null) => {
                self.report(name, FieldErrorCode::Required, "is required");
                return None;
            }
            Some(value) => value.as_u64().filter(|number| range.contains(number)),
        };
        if number.is_none() {
            let message = format!("must be a whole number from {} to {}", range.start(), range.end());
            self.errors.push(FieldError::new(name, FieldErrorCode::InvalidFormat, message));
        }
        number
    }

    /// A truth value that is false when absent or null.
    pub(crate) fn flag(&mut self, name: &'static str) -> bool {
        match self.object.remove(name) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(value)) => value,
            Some(_) => {
                self.report(name, FieldErrorCode::WrongType, "must be true or false");
                false
            }
        }
    }

    /// An object that may be absent or null, read by `parse`.
    pub(crate) fn optional_object<T>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(Map<String, Value>) -> Result<T, FieldError>,
    ) -> Option<T> {
        match self.object.remove(name) {
            None | Some(Value::Null) => None,
            Some(Value::Object(object)) => self.keep(parse(object)),
            Some(_) => {
                self.report(name, FieldErrorCode::WrongType, "must be an object");
                None
            }
        }
    }

    /// An array of texts that must be there, each read by `parse`.
    pub(crate) fn texts<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, FieldError>,
    ) -> Option<Vec<T>> {
        let items = match self.object.remove(name) {
            None | Some(Value::Null) => {
                self.report(name, FieldErrorCode::Required, "is required");
                return None;
            }
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.report(name, FieldErrorCode::WrongType, "must be an array of strings");
                return None;
            }
        };
        // Read to the end, so that every wrong one is told.
        let read: Vec<Option<T>> = items
            .iter()
            .map(|item| match item.as_str() {
                Some(text) => self.keep(parse(text)),
                None => {
                    self.report(name, FieldErrorCode::WrongType, "must hold strings only");
                    None
                }
            })
            .collect();
        read.into_iter().collect()
    }

    /// Words of a query, each read by `parse`: separated by commas, in one parameter or in several of the name.
    pub(crate) fn words<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, FieldError>,
    ) -> Option<Vec<T>> {
        let split = |text: &str| text.split(',').map(Value::from).collect::<Vec<_>>();
        let words = match self.object.remove(name) {
            None => return Some(Vec::new()),
            Some(Value::String(text)) => split(&text),
            Some(Value::Array(several)) => several
                .into_iter()
                .flat_map(|value| match value {
                    Value::String(text) => split(&text),
                    other => vec![other],
                })
                .collect(),
            Some(other) => vec![other],
        };
        self.object.insert(name.to_owned(), Value::Array(words));
        self.texts(name, parse)
    }

    /// Refuses every field that was not taken out.
    pub(crate) fn refuse_others(&mut self) {
        let mut others: Vec<_> = std::mem::take(&mut self.object).into_iter().map(|(name, _)| name).collect();
        others.sort();
        for name in others {
            self.errors.push(FieldError::new(name, FieldErrorCode::UnknownField, "is not known here"));
        }
    }

    /// Takes over errors that were found elsewhere.
    pub(crate) fn keep_all<T>(&mut self, parsed: Result<T, Vec<FieldError>>) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(errors) => {
                self.errors.extend(errors);
                None
            }
        }
    }

    /// Everything that was wrong.
    pub(crate) fn into_errors(self) -> Vec<FieldError> {
        self.errors
    }

    pub(crate) fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Whether a field is not there, or null.
    pub(crate) fn is_absent(&self, name: &str) -> bool {
        self.object.get(name).is_none_or(Value::is_null)
    }

    fn keep<T>(&mut self, parsed: Result<T, FieldError>) -> Option<T> {
        self.keep_all(parsed.map_err(|error| vec![error]))
    }

    fn report(&mut self, name: &'static str, code: FieldErrorCode, message: &'static str) {
        self.errors.push(FieldError { field: Cow::Borrowed(name), code, message: message.into() });
    }
}
