use std::fmt;

use uuid::Uuid;

use crate::{EventId, Instant, MailId, TokenId, UserId};

/// A value of a record; never shown, since it may be a secret.
///
/// Values of one kind are ordered as their bytes are, which every engine can do.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Nothing.
    Absent,
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A point in time.
    Instant(Instant),
    /// An identifier.
    Id(Uuid),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// JSON, to the letter.
    Json(String),
    /// Texts in an order that matters.
    List(Vec<String>),
}

impl fmt::Debug for Field {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Field(***)")
    }
}

/// JSON as it was written, with its spaces and its digits.
#[derive(Clone, PartialEq, Eq)]
pub struct JsonText(pub String);

/// What can be the value of a record.
pub trait FieldValue: Sized {
    /// The value as a field.
    fn into_field(self) -> Field;

    /// The value of a field; `None` when the field is of another kind.
    fn from_field(field: Field) -> Option<Self>;
}

macro_rules! field_values {
    ($($type:ty = $kind:ident: $into:expr, $from:expr;)*) => {
        $(
            impl FieldValue for $type {
                fn into_field(self) -> Field {
                    let into: fn($type) -> _ = $into;
                    Field::$kind(into(self))
                }

                fn from_field(field: Field) -> Option<Self> {
                    let from: fn(_) -> Option<$type> = $from;
                    match field {
                        Field::$kind(value) => from(value),
                        _ => None,
                    }
                }
            }
        )*
    };
}

field_values! {
    bool = Flag: |flag| flag, Some;
    i32 = Number: i64::from, |number: i64| number.try_into().ok();
    u32 = Number: i64::from, |number: i64| number.try_into().ok();
    i64 = Number: |number| number, Some;
    u64 = Number: |number| i64::try_from(number).unwrap_or(i64::MAX), |number: i64| number.try_into().ok();
    Instant = Instant: |instant| instant, Some;
    Uuid = Id: |id| id, Some;
    UserId = Id: |id| id.as_uuid(), |id: Uuid| Some(id.into());
    TokenId = Id: |id| id.as_uuid(), |id: Uuid| Some(id.into());
    MailId = Id: |id| id.as_uuid(), |id: Uuid| Some(id.into());
    EventId = Id: |id| id.as_uuid(), |id: Uuid| Some(id.into());
    String = Text: |text| text, Some;
    Vec<u8> = Bytes: |bytes| bytes, Some;
    JsonText = Json: |json| json.0, |json: String| Some(JsonText(json));
    Vec<String> = List: |list| list, Some;
}

impl FieldValue for &str {
    fn into_field(self) -> Field {
        Field::Text(self.to_owned())
    }

    fn from_field(_: Field) -> Option<Self> {
        None
    }
}

impl FieldValue for Field {
    fn into_field(self) -> Field {
        self
    }

    fn from_field(field: Field) -> Option<Self> {
        Some(field)
    }
}

impl<T: FieldValue> FieldValue for Option<T> {
    fn into_field(self) -> Field {
        self.map_or(Field::Absent, T::into_field)
    }

    fn from_field(field: Field) -> Option<Self> {
        match field {
            Field::Absent => Some(None),
            field => T::from_field(field).map(Some),
        }
    }
}
