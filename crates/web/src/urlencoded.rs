//! Names and values as forms and queries hold them (<https://url.spec.whatwg.org/#urlencoded-parsing>).

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// Names and values, decoded; `None` for what is not UTF-8.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = (Option<String>, Option<String>)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name), decoded(value))
    })
}

fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

/// The parameters of a query as the fields of a body, to be judged like those. One that stands several times is an
/// array, and one whose value is not UTF-8 is one with a null: whoever wants a string refuses both (RFC 6749
/// section 3.1). The others come from whoever likes to add some; lists refuse them, and nobody else looks at them.
pub(crate) fn query_fields(query: &str) -> Map<String, Value> {
    let mut fields: Map<String, Value> = Map::new();
    for (name, value) in pairs(query) {
        let Some(name) = name else { continue };
        let value = value.map_or(Value::Null, Value::String);
        let value = match (fields.remove(&name), value) {
            (None, Value::Null) => Value::Array(vec![Value::Null]),
            (None, first) => first,
            (Some(Value::Array(mut before)), next) => {
                before.push(next);
                Value::Array(before)
            }
            (Some(before), next) => Value::Array(vec![before, next]),
        };
        fields.insert(name, value);
    }
    fields
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_query_is_read_as_fields() {
        let query = "state=a%2Bb+c&code=%C3%BC&empty=&bare&&x=1&x=2&x=3&bad=%ff&%ff=1&y=1&y=%ff";
        let expected = json!({
            "state": "a+b c", "code": "ü", "empty": "", "bare": "",
            "x": ["1", "2", "3"], "bad": [null], "y": ["1", null],
        });
        let fields = query_fields(query);
        assert_eq!(Value::Object(fields), expected);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = query_fields(&text);
        }
    }
}
