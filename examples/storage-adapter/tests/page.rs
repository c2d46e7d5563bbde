//! `docs/adding-a-storage-adapter.md` shows this crate as it is, and leaves out no port and no suite.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use archon_domain::UserId;
use archon_domain::ports::EventLog as _;
use archon_example_storage_adapter::FileEventLog;
use serde_json::Value;
use tempfile::TempDir;

/// A fenced block, and the file of this crate that the page has named last before it.
struct Block<'page> {
    mark: &'page str,
    file: Option<&'page str>,
    content: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page() -> anyhow::Result<String> {
    Ok(fs::read_to_string(root().join("docs/adding-a-storage-adapter.md"))?)
}

/// The file of this crate that a line links to.
fn linked(line: &str) -> Option<&str> {
    line.split_once("](../examples/storage-adapter/")?.1.split(')').next()
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let (mut blocks, mut file, mut lines) = (Vec::new(), None, page.lines());
    while let Some(line) = lines.next() {
        file = linked(line).or(file);
        if let Some(mark) = line.strip_prefix("```") {
            let content = lines.by_ref().take_while(|line| *line != "```");
            let content = content.map(|line| format!("{line}\n")).collect();
            blocks.push(Block { mark, file, content });
        }
    }
    blocks
}

#[test]
fn every_piece_of_code_stands_in_the_file_that_is_named_before_it() -> anyhow::Result<()> {
    let page = page()?;
    let code: Vec<_> = blocks(&page).into_iter().filter(|it| ["rust", "toml"].contains(&it.mark)).collect();
    for Block { file, content, .. } in &code {
        let file = file.with_context(|| format!("no file is named before:\n{content}"))?;
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file))?;
        // Whole lines, so that nothing before the first of them is left out.
        ensure!(format!("\n{text}").contains(&format!("\n{content}")), "{file} does not hold:\n{content}");
    }
    ensure!(code.len() > 8, "only {} pieces of code were found", code.len());
    Ok(())
}

#[tokio::test]
async fn the_line_that_is_shown_can_be_read() -> anyhow::Result<()> {
    let page = page()?;
    let shown = blocks(&page).into_iter().find(|block| block.mark == "json").context("no line is shown")?;
    let line: Value = serde_json::from_str(&shown.content)?;
    let folder = TempDir::new()?;
    fs::write(folder.path().join("2026-03-01.jsonl"), format!("{line}\n"))?;
    let user: UserId = line["user_id"].as_str().context("nobody's")?.parse()?;
    let events = FileEventLog::open(folder.path())?.of_user(user, 9).await?;
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["registered"]);
    Ok(())
}

/// The words that follow `before` in the Rust files of a folder.
fn words_after(folder: &str, before: &str) -> anyhow::Result<BTreeSet<String>> {
    let mut words = BTreeSet::new();
    for entry in fs::read_dir(root().join(folder))? {
        let path = entry?.path();
        if path.is_file() {
            let text = fs::read_to_string(path)?;
            let rests = text.split(before).skip(1);
            let ends = rests.filter_map(|rest| rest.split(|letter: char| !is_word(letter)).next());
            words.extend(ends.filter(|word| !word.is_empty()).map(str::to_owned));
        }
    }
    Ok(words)
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

#[test]
fn every_port_and_every_suite_is_named() -> anyhow::Result<()> {
    let page = page()?;
    let ports = words_after("crates/domain/src/ports", "pub trait ")?;
    let mut suites = words_after("crates/contract/src", "macro_rules! ")?;
    ensure!(suites.remove("cases") && ports.len() > 15 && suites.len() > 8, "{ports:?} {suites:?}");
    let names = ports.into_iter().chain(suites.into_iter().map(|suite| format!("{suite}!")));
    let missing: Vec<_> = names.filter(|name| !page.contains(&format!("`{name}`"))).collect();
    ensure!(missing.is_empty(), "the page does not name {missing:?}");
    Ok(())
}

#[test]
fn every_case_of_the_suite_is_shown_to_fail_and_to_pass() -> anyhow::Result<()> {
    let page = page()?;
    let files =
        ["event_log.rs", "concurrency/events.rs"].map(|file| root().join("crates/contract/src").join(file));
    let source = files.map(fs::read_to_string).into_iter().collect::<Result<String, _>>()?;
    let cases: BTreeSet<_> = source
        .lines()
        .filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next())
        .map(|case| format!("event_log::{case}"))
        .collect();
    let shown = |word: &str| -> BTreeSet<String> {
        page.lines().filter_map(|line| line.trim().strip_prefix(word)).map(str::to_owned).collect()
    };
    assert_eq!((shown("FAIL "), shown("PASS ")), (cases.clone(), cases));
    Ok(())
}
