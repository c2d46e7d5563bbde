//! Holds the ports' `# Contract` sections and the cases against each other.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The Rust files of a folder and of those within it, by the name of their port.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            let parts = self::sources(&path).into_iter().map(|(_, text)| (stem.clone(), text));
            sources.extend(parts);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push((stem, fs::read_to_string(&path).unwrap()));
        }
    }
    sources
}

/// What can only be seen from within an adapter, and the tests that say so in the same words.
const SEEN_FROM_WITHIN: &[(&str, &str)] =
    &[("MUST take no longer for a late page than for the first.", "../store-sql/src/directory_tests.rs")];

/// Whether a test of an adapter holds what no case can.
fn is_held_from_within(must: &str) -> bool {
    SEEN_FROM_WITHIN.iter().filter(|(words, _)| *words == must).any(|(_, file)| {
        let source = fs::read_to_string(crate_folder().join(file)).unwrap();
        documented(&source).iter().any(|(comment, _)| one_line(&comment.join(" ")).contains(must))
    })
}

fn crate_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The doc comments of a file, each with the line of code after it.
fn documented(source: &str) -> Vec<(Vec<&str>, &str)> {
    let mut found = Vec::new();
    let mut comment = Vec::new();
    for line in source.lines().map(str::trim) {
        match line.strip_prefix("///") {
            Some(text) => comment.push(text),
            None if comment.is_empty() => {}
            None => found.push((std::mem::take(&mut comment), line)),
        }
    }
    found
}

/// The MUST sentences of one port.
fn musts(source: &str) -> BTreeSet<String> {
    let mut musts = BTreeSet::new();
    for (comment, _) in documented(source) {
        let mut items: Vec<String> = Vec::new();
        for line in comment {
            match (line.trim().strip_prefix("- "), items.last_mut()) {
                (Some(item), _) => items.push(item.to_owned()),
                (None, Some(item)) if line.starts_with("   ") => {
                    item.push(' ');
                    item.push_str(line);
                }
                (None, _) => {}
            }
        }
        let sentences = items.iter().map(|item| one_line(item));
        musts.extend(sentences.filter(|sentence| sentence.starts_with("MUST ")));
    }
    musts
}

/// The cases of each port, those of races apart: the name of each and what its comment says.
fn cases() -> BTreeMap<String, Vec<(String, String)>> {
    let mut cases: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (port, source) in sources(&crate_folder().join("src")) {
        for (comment, code) in documented(&source) {
            let Some(name) = code.strip_prefix("pub async fn ") else {
                continue;
            };
            let name = name.split('(').next().unwrap_or_default().to_owned();
            cases.entry(port.clone()).or_default().push((name, one_line(&comment.join(" "))));
        }
    }
    cases
}

fn ports() -> BTreeMap<String, BTreeSet<String>> {
    let folder = crate_folder().join("../domain/src/ports");
    sources(&folder).into_iter().map(|(port, source)| (port, musts(&source))).collect()
}

#[test]
fn every_must_of_every_port_has_a_case_with_its_words() {
    let (ports, cases) = (ports(), cases());
    let none = Vec::new();
    let races = cases.get("concurrency").unwrap_or(&none);
    let mut missing = Vec::new();
    for (port, musts) in &ports {
        let own = cases.get(port).unwrap_or(&none);
        for must in musts {
            let has_case = own.iter().chain(races).any(|(_, comment)| comment.contains(must));
            if !has_case && !is_held_from_within(must) {
                missing.push(format!("{port}: {must}"));
            }
        }
    }
    assert!(missing.is_empty(), "no case says:\n{}", missing.join("\n"));
    let count: usize = ports.values().map(BTreeSet::len).sum();
    assert!(count > 50, "only {count} MUST sentences were read from the ports");
}

#[test]
fn every_case_says_which_must_it_holds() {
    let ports = ports();
    let all: BTreeSet<_> = ports.values().flatten().collect();
    let mut astray = Vec::new();
    for (port, cases) in cases() {
        for (name, comment) in cases {
            let mut known = ports.get(&port).map_or_else(|| all.clone(), |musts| musts.iter().collect());
            known.retain(|must| comment.contains(must.as_str()));
            if known.is_empty() {
                astray.push(format!("{port}::{name}"));
            }
        }
    }
    assert!(astray.is_empty(), "these cases have no words of their port:\n{}", astray.join("\n"));
}

#[test]
fn every_case_is_listed_by_a_macro() {
    let sources = sources(&crate_folder().join("src"));
    let listed: BTreeSet<_> = sources
        .iter()
        .filter_map(|(_, source)| source.split_once("macro_rules! "))
        .filter_map(|(_, after)| after.split_once("\n}\n"))
        .flat_map(|(listing, _)| listing.split([',', '[', ']']).map(str::trim))
        .collect();
    let cases = cases();
    let unlisted: Vec<_> = cases
        .values()
        .flatten()
        .map(|(name, _)| name.as_str())
        .filter(|name| !listed.contains(name))
        .collect();
    assert!(unlisted.is_empty(), "no macro lists:\n{}", unlisted.join("\n"));
}
