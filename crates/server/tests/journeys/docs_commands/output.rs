//! What a page says that commands print, and whether they do.

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

/// What stands for anything.
const ANYTHING: &str = "...";

/// What commands are to print.
pub(super) enum Output {
    Json(Vec<Value>),
    Text(String),
}

impl Output {
    /// The values of a `json` block.
    pub(super) fn json(text: &str) -> anyhow::Result<Self> {
        values(text).map(Self::Json)
    }

    /// Holds what was printed against what should be.
    pub(super) fn compare(&self, printed: &str) -> anyhow::Result<()> {
        match self {
            Self::Json(expected) => {
                let printed = values(printed)?;
                ensure!(printed.len() == expected.len(), "{} values were printed", printed.len());
                for (expected, printed) in expected.iter().zip(&printed) {
                    // A number that stands for itself is a status.
                    ensure!(!expected.is_number() || expected == printed, "{printed} in place of {expected}");
                    compare(expected, printed)?;
                }
                Ok(())
            }
            Self::Text(expected) => {
                let (expected, printed): (Vec<_>, Vec<_>) =
                    (expected.lines().collect(), printed.lines().collect());
                ensure!(lines_match(&expected, &printed), "other lines were printed");
                Ok(())
            }
        }
    }
}

fn values(text: &str) -> anyhow::Result<Vec<Value>> {
    let values = serde_json::Deserializer::from_str(text).into_iter();
    values.collect::<Result<_, _>>().with_context(|| format!("no JSON: {text}"))
}

fn compare(expected: &Value, printed: &Value) -> anyhow::Result<()> {
    match (expected, printed) {
        (Value::Object(expected), Value::Object(printed)) => {
            let names = |object: &serde_json::Map<String, Value>| object.keys().cloned().collect::<Vec<_>>();
            let (mut wanted, mut got) = (names(expected), names(printed));
            wanted.sort();
            got.sort();
            ensure!(wanted == got, "the names are {got:?}");
            expected.iter().try_for_each(|(name, value)| {
                compare(value, &printed[name]).with_context(|| format!("in {name:?}"))
            })
        }
        (Value::Array(expected), Value::Array(printed)) => {
            let open = expected.last().is_some_and(|last| last == ANYTHING);
            let fixed = expected.len() - usize::from(open);
            let enough = if open { printed.len() >= fixed } else { printed.len() == fixed };
            ensure!(enough, "the array has {} elements", printed.len());
            expected[..fixed]
                .iter()
                .zip(printed)
                .try_for_each(|(expected, printed)| compare(expected, printed))
        }
        (Value::String(expected), Value::String(printed)) => {
            ensure!(text_matches(expected, printed), "{printed:?} in place of {expected:?}");
            Ok(())
        }
        (Value::Number(_), Value::Number(_)) => Ok(()),
        (expected, printed) if expected == printed => Ok(()),
        (expected, printed) => bail!("{printed} in place of {expected}"),
    }
}

fn lines_match(expected: &[&str], printed: &[&str]) -> bool {
    match expected {
        [] => printed.is_empty(),
        [ANYTHING, rest @ ..] => (0..=printed.len()).any(|skipped| lines_match(rest, &printed[skipped..])),
        [first, rest @ ..] => match printed {
            [line, further @ ..] => text_matches(first, line) && lines_match(rest, further),
            [] => false,
        },
    }
}

fn text_matches(expected: &str, printed: &str) -> bool {
    let mut parts = expected.split(ANYTHING);
    let Some(mut rest) = parts.next().and_then(|first| printed.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[test]
fn a_page_is_held_to_what_it_shows() -> anyhow::Result<()> {
    let shown = Output::json("{\"id\": \"01a2...\", \"list\": [{\"n\": 1}, \"...\"], \"none\": null}\n201")?;
    shown.compare("{\"none\":null,\"id\":\"01a2-b\",\"list\":[{\"n\":7},{\"n\":8}]}\n201\n")?;
    for other in [
        "{\"none\":null,\"id\":\"01a2-b\",\"list\":[{\"n\":7}]}\n200",
        "{\"none\":null,\"id\":\"02a2-b\",\"list\":[{\"n\":7}]}\n201",
        "{\"none\":null,\"id\":\"01a2-b\",\"list\":[]}\n201",
        "{\"none\":null,\"id\":\"01a2-b\",\"list\":[{\"n\":\"7\"}]}\n201",
        "{\"id\":\"01a2-b\",\"list\":[{\"n\":7}]}\n201",
    ] {
        assert!(shown.compare(other).is_err(), "{other}");
    }
    let shown = Output::Text("made ...; it signs from ... on\n...\nend".to_owned());
    shown.compare("made k1; it signs from 2026 on\nend\n")?;
    shown.compare("made k1; it signs from 2026 on\na\nb\nend\n")?;
    assert!(shown.compare("made k1; it signs\nend\n").is_err());
    Ok(())
}
