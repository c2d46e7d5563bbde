use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{FieldError, FieldErrorCode};

/// Free data that a deployment keeps with a user: a JSON object of at most 8 KiB.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Metadata(Map<String, Value>);

impl Metadata {
    /// The largest serialised size in bytes.
    pub const MAX_BYTES: usize = 8 * 1024;

    /// The deepest nesting: well below what the JSON parsers of clients read.
    pub const MAX_DEPTH: usize = 32;

    /// Checks the size and depth of the object, and that no text in it holds a NUL (PostgreSQL cannot store
    /// one).
    ///
    /// # Errors
    /// One [`FieldError`] for `metadata` that says what is wrong.
    pub fn new(object: Map<String, Value>) -> Result<Self, FieldError> {
        let metadata = Self(object);
        let size = serde_json::to_string(&metadata.0).map_or(usize::MAX, |text| text.len());
        if size > Self::MAX_BYTES {
            return Err(FieldError::new(
                "metadata",
                FieldErrorCode::TooLong,
                "must be at most 8192 bytes of JSON",
            ));
        }
        if metadata.0.values().any(|value| is_deeper_than(value, Self::MAX_DEPTH - 1)) {
            return Err(FieldError::new(
                "metadata",
                FieldErrorCode::InvalidFormat,
                "must nest at most 32 levels deep",
            ));
        }
        if metadata.0.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)) {
            return Err(FieldError::new(
                "metadata",
                FieldErrorCode::InvalidCharacters,
                "must not hold NUL characters",
            ));
        }
        Ok(metadata)
    }

    /// The object itself.
    #[must_use]
    pub fn as_object(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The object itself, owned.
    #[must_use]
    pub fn into_object(self) -> Map<String, Value> {
        self.0
    }

    /// The user's language (BCP 47), if `metadata.locale` names one.
    #[must_use]
    pub fn locale(&self) -> Option<&str> {
        self.0.get("locale").and_then(Value::as_str)
    }
}

fn is_deeper_than(value: &Value, levels: usize) -> bool {
    let inner = |item: &Value| is_deeper_than(item, levels - 1);
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(inner),
        Value::Object(object) => levels == 0 || object.values().any(inner),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(object) => object.iter().any(|(key, value)| key.contains('\0') || holds_nul(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn size_and_nul_are_checked() {
        assert!(Metadata::new(object(json!({"locale": "de", "n": [1, {"a": null}]}))).is_ok());
        let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!({"a": inner}));
        assert!(Metadata::new(object(nested(32))).is_ok());
        assert_eq!(Metadata::new(object(nested(33))).unwrap_err().code, FieldErrorCode::InvalidFormat);
        let large = Metadata::new(object(json!({"text": "x".repeat(8192)})));
        assert_eq!(large.unwrap_err().code, FieldErrorCode::TooLong);
        for hidden in [json!({"a": "\u{0}"}), json!({"\u{0}": 1}), json!({"a": [{"b\u{0}": 1}]})] {
            assert_eq!(Metadata::new(object(hidden)).unwrap_err().code, FieldErrorCode::InvalidCharacters);
        }
    }
}
