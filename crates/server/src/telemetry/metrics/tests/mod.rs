mod deploy;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::registry::{self, Kind, Section, Values};
use super::{builder, introduce, render_reference};

/// Where the repository is.
fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every file of a folder and of those within, by the end of its name.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let within = entries.flat_map(|path| match path.is_dir() {
        true => files(&path, ending),
        false => vec![path],
    });
    within.filter(|path| path.to_string_lossy().ends_with(ending)).collect()
}

/// The names that the code counts under, each with its type.
fn counted_in_code() -> BTreeSet<(&'static str, String)> {
    let crates = fs::read_dir(repository().join("crates")).unwrap();
    let sources = crates.flat_map(|entry| files(&entry.unwrap().path().join("src"), ".rs"));
    let mut found = BTreeSet::new();
    for source in sources {
        let text = fs::read_to_string(&source).unwrap();
        for kind in ["counter", "gauge", "histogram"] {
            for call in text.split(&format!("{kind}!(")).skip(1) {
                let Some(rest) = call.trim_start().strip_prefix('"') else { continue };
                found.insert((kind, rest.split('"').next().unwrap_or_default().to_owned()));
            }
        }
    }
    found
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram(_) => "histogram",
    }
}

#[test]
fn the_code_counts_what_is_registered_and_nothing_else() {
    let registered: BTreeSet<_> =
        registry::all().map(|metric| (word(metric.kind), metric.name.to_owned())).collect();
    assert_eq!(counted_in_code(), registered);
}

#[test]
fn names_follow_the_conventions_of_prometheus() {
    let mut seen = BTreeSet::new();
    for metric in registry::all() {
        let name = metric.name;
        assert!(seen.insert(name), "{name} stands there twice");
        assert!(name.starts_with("archon_") || name.starts_with("process_"), "{name}");
        let letters = |letter: char| letter.is_ascii_lowercase() || letter == '_';
        assert!(name.chars().all(letters), "{name}");
        assert_eq!(name.ends_with("_total"), metric.kind == Kind::Counter, "{name}");
        let unit = name.trim_end_matches("_total");
        assert_eq!(unit.ends_with("_seconds"), metric.unit == metrics::Unit::Seconds, "{name}");
        assert_eq!(unit.trim_end_matches("_max").ends_with("_bytes"), metric.unit == metrics::Unit::Bytes);
        assert!(metric.doc.ends_with('.'), "{name}: {}", metric.doc);
        if let Kind::Histogram(bounds) = metric.kind {
            assert!(bounds.is_sorted_by(|before, after| before < after), "{name}");
        }
        for label in &metric.labels {
            assert!(label.values != Values::These(Vec::new()), "{name} {}", label.name);
        }
    }
}

#[test]
fn every_known_series_is_there_before_anything_happens() {
    let recorder = builder().unwrap().build_recorder();
    metrics::with_local_recorder(&recorder, || registry::all().for_each(introduce));
    let page = recorder.handle().render();
    for metric in registry::all().filter(|metric| metric.kind != Kind::Gauge) {
        let known = metric.labels.iter().all(|label| matches!(label.values, Values::These(_)));
        let head =
            format!("# HELP {} {}\n# TYPE {} {}\n", metric.name, metric.doc, metric.name, word(metric.kind));
        assert_eq!(page.contains(&head), known, "{}:\n{page}", metric.name);
    }
    for line in [
        "archon_logins_total{outcome=\"success\"} 0\n",
        "archon_mails_total{kind=\"welcome\",outcome=\"failed\"} 0\n",
        "archon_alerts_total{type=\"password_spraying\"} 0\n",
        "archon_hash_seconds_bucket{le=\"+Inf\"} 0\n",
        "archon_mail_send_seconds_bucket{outcome=\"sent\",le=\"70\"} 0\n",
    ] {
        assert!(page.contains(line), "no {line} in:\n{page}");
    }
}

#[test]
fn metrics_page_is_up_to_date() {
    let page = repository().join("docs/metrics.md");
    let wanted = render_reference();
    if std::env::var_os("ARCHON_BLESS").is_some() {
        fs::write(&page, &wanted).unwrap();
    }
    let found = fs::read_to_string(&page).unwrap_or_default();
    assert!(found == wanted, "docs/metrics.md is out of date: run this test with ARCHON_BLESS=1");
}

#[test]
fn the_page_shows_each_metric_with_its_type_its_labels_and_its_meaning() {
    let page = render_reference();
    let entries: BTreeMap<_, _> =
        page.split("\n### `").skip(1).filter_map(|entry| entry.split_once('`')).collect();
    for metric in registry::sections().iter().flat_map(|Section { metrics, .. }| metrics) {
        let entry = entries[metric.name];
        assert!(entry.contains(metric.doc) && entry.contains(word(metric.kind)), "{entry}");
        for label in &metric.labels {
            assert!(entry.contains(&format!("- label `{}`: ", label.name)), "{entry}");
        }
    }
    assert_eq!(entries.len(), registry::all().count());
}
