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

/// The parameters of a query as the fields of a body, to be judged like those. One that stands several times, or
/// whose value is not UTF-8, is no string: whoever takes it out refuses it (RFC 6749 section 3.1). The others
/// come from whoever likes to add some, and nobody looks at them.
pub(crate) fn query_fields(query: &str) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, value) in pairs(query) {
        let Some(name) = name else { continue };
        let several = fields.contains_key(&name);
        let value = value.filter(|_| !several).map_or_else(|| Value::Array(Vec::new()), Value::String);
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
        let fields = query_fields("state=a%2Bb+c&code=%C3%BC&empty=&bare&&x=1&x=2&x=3&bad=%ff&%ff=1");
        let expected = json!({"state": "a+b c", "code": "ü", "empty": "", "bare": "", "x": [], "bad": []});
        assert_eq!(Value::Object(fields), expected);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = query_fields(&text);
        }
    }
}
