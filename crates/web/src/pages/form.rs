use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use archon_app::Policy;
use minijinja::Value as Shown;
use serde_json::{Map, Value};

use crate::body::{self, RequestBody};
use crate::problem::Problem;
use crate::urlencoded::pairs;

/// The fields of an HTML form as they were typed; `crate::body` judges them like those of the API.
#[derive(Clone)]
pub(crate) struct Form(Map<String, Value>);

/// Fields that are checkboxes: present and `true`, or absent.
const CHECKBOXES: [&str; 1] = ["remember_me"];

/// Fields that are never shown again.
const SECRETS: [&str; 3] = ["password", "current_password", "new_password"];

impl Form {
    /// Reads `application/x-www-form-urlencoded` (<https://url.spec.whatwg.org/#urlencoded-parsing>), as strictly
    /// as the API reads JSON.
    ///
    /// # Errors
    /// 400 where a name stands twice or something is not UTF-8.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("the form is not UTF-8"))?;
        let mut fields = Map::new();
        for (name, value) in pairs(text) {
            let (Some(name), Some(value)) = (name, value) else {
                return Err(malformed("a field of the form is not UTF-8"));
            };
            let checked = CHECKBOXES.contains(&name.as_str()) && value == "true";
            let value = if checked { Value::Bool(true) } else { Value::String(value) };
            if fields.insert(name, value).is_some() {
                return Err(malformed("a field of the form stands twice"));
            }
        }
        Ok(Self(fields))
    }

    /// Takes a field out that is about the page, not about what the form is for; empty where there is none.
    pub(crate) fn take(&mut self, name: &str) -> String {
        match self.0.remove(name) {
            Some(Value::String(text)) => text,
            _ => String::new(),
        }
    }

    /// The same with the words of one field apart, as the API takes a list.
    pub(crate) fn with_words(&self, name: &str) -> Self {
        let mut form = self.clone();
        if let Some(Value::String(text)) = self.0.get(name) {
            let words = text.split([' ', ',', '\t']).filter(|word| !word.is_empty());
            form.0.insert(name.to_owned(), words.map(Value::from).collect());
        }
        form
    }

    /// Checks the fields as those of a request to the API.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub(crate) fn judge<B: RequestBody>(&self, policy: &Policy) -> Result<B, Problem> {
        body::judge(self.0.clone(), policy)
    }

    /// What was typed, as far as it may be shown again.
    pub(crate) fn typed(&self) -> BTreeMap<String, Shown> {
        let shown = self.0.iter().filter(|(name, _)| !SECRETS.contains(&name.as_str()));
        let shown = shown.map(|(name, value)| match value {
            Value::String(text) => (name.clone(), Shown::from(text)),
            other => (name.clone(), Shown::from(other == &Value::Bool(true))),
        });
        shown.collect()
    }
}

/// The value of a name in a query, where it stands there once.
pub(crate) fn query(text: &str, name: &str) -> Option<String> {
    let mut values =
        pairs(text).filter(|(present, _)| present.as_deref() == Some(name)).map(|(_, value)| value);
    values.next().flatten().filter(|_| values.next().is_none())
}

fn malformed(message: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "MALFORMED_FORM", message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_are_decoded_as_browsers_encode_them() {
        let mut form =
            Form::parse(b"name=Ada+King%20%2B%C3%BC&empty=&bare&remember_me=true&&odd=%zz").unwrap();
        let mut take = |name: &str| form.take(name);
        assert_eq!([take("name"), take("empty"), take("bare"), take("odd")], ["Ada King +ü", "", "", "%zz"]);
        assert_eq!(form.typed().get("remember_me"), Some(&Shown::from(true)));
    }

    #[test]
    fn what_is_ambiguous_or_no_text_is_refused() {
        for body in [&b"a=1&a=2"[..], b"a=1&%61=2", b"a=%ff", b"%ff=a", b"a=\xff"] {
            assert_eq!(Form::parse(body).err().map(|problem| problem.code), Some("MALFORMED_FORM"));
        }
        assert_eq!(query("a=1&a=2&b=3", "a"), None);
        assert_eq!(query("a=1&a=2&b=3", "b").as_deref(), Some("3"));
        assert_eq!(query("b=%ff", "b"), None);
    }

    #[test]
    fn the_words_of_a_field_can_be_taken_apart() {
        let form = Form::parse(b"roles=+user,admin++x&reason=a+b").unwrap().with_words("roles");
        assert_eq!(
            Value::Object(form.0),
            serde_json::json!({"roles": ["user", "admin", "x"], "reason": "a b"})
        );
    }

    #[test]
    fn no_password_is_shown_again() {
        let form = Form::parse(b"password=a&current_password=b&new_password=c&email=d").unwrap();
        assert_eq!(form.typed().keys().collect::<Vec<_>>(), ["email"]);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64), text in ".{0,40}") {
            let _ = Form::parse(&bytes);
            let _ = query(&text, "token");
        }
    }
}
