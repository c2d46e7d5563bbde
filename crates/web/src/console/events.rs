use archon_domain::{EventKind, Instant, SecurityEvent, Severity};
use minijinja::{Value, context};
use serde_json::{Map, Value as Json};

use super::desk::Desk;
use super::search::Search;
use super::times::moment;
use super::{ConsolePlace, PAGE};
use crate::bodies::FindEventsQuery;
use crate::cursor;
use crate::pages::{PageAnswer, Visit};
use crate::problem::Problem;

const TEMPLATE: &str = "console/events.html";

/// The security events, or those that meet some conditions.
pub(crate) async fn list_events(visit: Visit) -> PageAnswer {
    let desk = Desk::open(visit, ConsolePlace::Events).await?;
    let search = Search::of(&desk.visit, &["type", "severity", "user", "address", "from", "until"]);
    let values = context! {
        typed => search.typed(),
        filtered => search.is_filtered(),
        kinds => options(EventKind::ALL.iter().map(|kind| kind.as_str())),
    };
    match found(&desk, &search).await {
        Ok(found) => desk.show(TEMPLATE, &[], context! { ..found, ..values }),
        Err(problem) => {
            let nothing =
                context! { events => [(); 0], links => search.links(&ConsolePlace::Events.path(), None) };
            desk.refused(TEMPLATE, &problem, context! { ..nothing, ..values })
        }
    }
}

async fn found(desk: &Desk, search: &Search) -> Result<Value, Problem> {
    let query: FindEventsQuery = search.judge(desk.auth().policy())?;
    let filter = query.filter();
    let after = query.cursor.as_deref().map(|text| cursor::read(text, &filter)).transpose()?;
    let page = desk.auth().find_events(&filter, after, PAGE).await?;
    let next = page.next.map(|next| cursor::write(&next, &filter));
    let events: Vec<Value> = page.items.iter().map(|event| row(event, desk.now())).collect();
    Ok(context! { events, links => search.links(&ConsolePlace::Events.path(), next.as_deref()) })
}

/// What a list can be narrowed to: one of these words, or any.
pub(super) fn options<'a>(words: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    let any = (String::new(), "Any".to_owned());
    std::iter::once(any).chain(words.map(|word| (word.to_owned(), word.to_owned()))).collect()
}

/// An event as the console shows it.
pub(super) fn row(event: &SecurityEvent, now: Instant) -> Value {
    let more = [
        ("event", Some(event.id.to_string())),
        ("user", event.user.map(|user| user.to_string())),
        ("session", event.session.as_ref().map(|session| session.as_str().to_owned())),
        ("request", event.request_id.clone()),
        ("user agent", event.user_agent.as_ref().map(|agent| agent.as_str().to_owned())),
    ];
    let more: Vec<_> = more.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    context! {
        when => moment(event.at, now),
        kind => event.kind.as_str(),
        severity => event.severity.as_str(),
        tone => tone(event.severity),
        user => event.user.map(|user| user.to_string()),
        address => event.address.map(|address| address.to_string()),
        details => pairs(&event.details),
        more,
    }
}

/// How a severity is shown; not at all for ordinary life.
pub(super) const fn tone(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "",
        Severity::Warning => "caution",
        Severity::Critical => "wrong",
    }
}

/// Details as text, one name and one value each; those that say nothing are left out.
pub(super) fn pairs(details: &Map<String, Json>) -> Vec<(String, String)> {
    let said = |value: &Json| match value {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        Json::Array(items) => Some(items.iter().map(text).collect::<Vec<_>>().join(", ")),
        Json::Object(entries) => {
            let entries = entries.iter().map(|(name, value)| match value {
                Json::Number(count) => format!("{name} ({count})"),
                other => format!("{name}: {}", text(other)),
            });
            Some(entries.collect::<Vec<_>>().join("; "))
        }
        other => Some(other.to_string()),
    };
    details.iter().filter_map(|(name, value)| Some((name.replace('_', " "), said(value)?))).collect()
}

fn text(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_told_as_text() {
        let details = serde_json::json!({
            "reason": "wrong <b>", "count": 3, "gone": null, "user_ids": ["a", 1], "not_blocked": {"10.0.0.1": "is near"},
            "addresses": {"192.0.2.7": 10},
        });
        let Json::Object(details) = details else { panic!() };
        let mut told = pairs(&details);
        told.sort();
        let told: Vec<_> = told.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [
            ("addresses", "192.0.2.7 (10)"),
            ("count", "3"),
            ("not blocked", "10.0.0.1: is near"),
            ("reason", "wrong <b>"),
            ("user ids", "a, 1"),
        ];
        assert_eq!(told, expected);
    }
}
