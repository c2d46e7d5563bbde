//! Links to the pages of a long list before and behind the one that is shown.
//!
//! Lists are read forward only, each page from where the last one ended. So the address of a page carries, in the
//! name `trail`, where the pages before it began: the way back is the way that was come.

use minijinja::{Value, context};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// How many pages one can go back, page by page; from further behind, a link leads to the first.
const MOST: usize = 20;

/// What stands in a trail for the first page, which begins nowhere.
const FIRST: &str = "-";

/// Where in a list somebody is.
#[derive(Debug, Clone, Default)]
pub(super) struct Paging {
    /// Where the page begins; `None` for the first.
    cursor: Option<String>,
    /// Where the pages before it began, the latest last.
    trail: Vec<String>,
}

impl Paging {
    /// What an address says.
    pub(super) fn new(cursor: Option<String>, trail: &str) -> Self {
        let trail = if cursor.is_none() { "" } else { trail };
        let steps = trail.split('.').filter(|step| !step.is_empty()).map(str::to_owned);
        Self { cursor, trail: steps.collect() }
    }

    /// Links to the first page, the one before and the one behind, as far as there are any: to `path`, with the
    /// conditions of the list.
    pub(super) fn links(&self, path: &str, conditions: &[(String, String)], next: Option<&str>) -> Value {
        let link = |cursor: Option<&str>, trail: &[String]| {
            let mut pairs = conditions.to_vec();
            pairs.extend(cursor.map(|cursor| ("cursor".to_owned(), cursor.to_owned())));
            pairs.extend((!trail.is_empty()).then(|| ("trail".to_owned(), trail.join("."))));
            address(path, &pairs)
        };
        let previous = self
            .trail
            .split_last()
            .map(|(last, before)| if last == FIRST { link(None, &[]) } else { link(Some(last), before) });
        let next = next.map(|next| {
            let mut trail = self.trail.clone();
            trail.push(self.cursor.clone().unwrap_or_else(|| FIRST.to_owned()));
            link(Some(next), &trail[trail.len().saturating_sub(MOST)..])
        });
        context! { first => self.cursor.is_some().then(|| link(None, &[])), previous, next }
    }
}

/// A path with a query. Names are our own, and hold nothing that would have to be encoded.
pub(super) fn address(path: &str, pairs: &[(String, String)]) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let query: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(paging: &Paging, next: Option<&str>) -> [Option<String>; 3] {
        let links = paging.links("/users", &[("query".to_owned(), "a&b".to_owned())], next);
        ["first", "previous", "next"].map(|name| links.get_attr(name).unwrap().as_str().map(str::to_owned))
    }

    /// Follows a link, as the handlers read it.
    fn follow(link: &str) -> Paging {
        let value = |name: &str| {
            let at = link.find(&format!("{name}="))?;
            let value = link[at + name.len() + 1..].split('&').next().unwrap_or_default();
            Some(value.replace("%2E", ".").replace("%2D", "-"))
        };
        Paging::new(value("cursor"), &value("trail").unwrap_or_default())
    }

    #[test]
    fn the_way_back_is_the_way_that_was_come() {
        let first = Paging::new(None, "");
        let [None, None, Some(next)] = links(&first, Some("c1")) else { panic!("{first:?}") };
        assert_eq!(next, "/users?query=a%26b&cursor=c1&trail=%2D");
        let second = follow(&next);
        let [Some(start), Some(previous), Some(next)] = links(&second, Some("c2")) else { panic!() };
        assert_eq!((start.as_str(), previous.as_str()), ("/users?query=a%26b", "/users?query=a%26b"));
        let third = follow(&next);
        let [_, Some(previous), None] = links(&third, None) else { panic!("{third:?}") };
        assert_eq!(previous, "/users?query=a%26b&cursor=c1&trail=%2D");
    }

    #[test]
    fn an_address_does_not_grow_for_ever() {
        let mut paging = Paging::default();
        for page in 0..100 {
            let [_, _, Some(next)] = links(&paging, Some(&format!("c{page}"))) else { panic!() };
            assert!(next.len() < 200, "{next}");
            paging = follow(&next);
        }
        for _ in 0..MOST {
            let [Some(_), Some(previous), _] = links(&paging, None) else { panic!("{paging:?}") };
            paging = follow(&previous);
        }
        let [first, previous, _] = links(&paging, None);
        assert_eq!((first.as_deref(), previous), (Some("/users?query=a%26b"), None));
    }

    #[test]
    fn a_trail_without_a_cursor_leads_nowhere() {
        assert_eq!(links(&Paging::new(None, "a.b"), None), [None, None, None]);
        assert_eq!(links(&Paging::new(Some("c".to_owned()), "..."), None)[1], None);
    }
}
