use std::collections::BTreeMap;

use archon_app::Policy;
use minijinja::Value;
use serde_json::{Map, Value as Json};

use super::paging::Paging;
use super::times::completed;
use crate::body::{self, RequestBody};
use crate::pages::Visit;
use crate::problem::Problem;

/// Fields for times.
const TIMES: [&str; 2] = ["from", "until"];

/// What the address of a list says: the conditions that were typed, and which page of it is meant.
///
/// Forms send every field, and one that is left empty is no condition.
#[derive(Debug)]
pub(super) struct Search {
    typed: BTreeMap<&'static str, String>,
    cursor: Option<String>,
    paging: Paging,
}

impl Search {
    /// Reads the conditions of these names.
    pub(super) fn of(visit: &Visit, names: &[&'static str]) -> Self {
        let given = |name: &str| visit.query(name).map(|text| text.trim().to_owned());
        let given = |name: &str| given(name).filter(|text| !text.is_empty());
        let typed = names.iter().filter_map(|name| Some((*name, given(name)?)));
        let cursor = given("cursor");
        let paging = Paging::new(cursor.clone(), &given("trail").unwrap_or_default());
        Self { typed: typed.collect(), cursor, paging }
    }

    /// Checks the conditions as those of a request to the API.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub(super) fn judge<B: RequestBody>(&self, policy: &Policy) -> Result<B, Problem> {
        let mut fields = Map::new();
        for (name, typed) in &self.typed {
            let text = if TIMES.contains(name) { completed(typed) } else { typed.clone() };
            fields.insert((*name).to_owned(), Json::String(text));
        }
        if let Some(cursor) = &self.cursor {
            fields.insert("cursor".to_owned(), Json::String(cursor.clone()));
        }
        body::judge(fields, policy)
    }

    /// What stands in the fields again.
    pub(super) fn typed(&self) -> Value {
        Value::from_pairs(self.typed.clone())
    }

    /// Whether there is any condition.
    pub(super) fn is_filtered(&self) -> bool {
        !self.typed.is_empty()
    }

    /// Links to the pages before and behind.
    pub(super) fn links(&self, path: &str, next: Option<&str>) -> Value {
        let conditions: Vec<_> =
            self.typed.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect();
        self.paging.links(path, &conditions, next)
    }
}
