//! Every command in README.md and docs/*.md is run, and what it prints is held against the page.
//!
//! The convention of the pages:
//!
//! - A block marked `sh` holds commands. All such blocks of a page are run in their order by one bash that
//!   stops at the first failure, in the folder of a service that was started there for the page, as
//!   `archon-auth` with nothing configured. That program is in the `PATH`; `localhost:8181` stands for the
//!   service's address, and `localhost:9181` for that of its metrics.
//!   The page on many nodes has a PostgreSQL and a Redis, whose URLs are in the environment.
//! - A block marked `json` or `text` that comes next after it is what its commands print. In `json`, values
//!   follow one another; objects need the same names, strings and truth values must be equal, numbers inside
//!   of objects may differ. In `text`, lines must be equal. In both, `...` in a text stands for any text, as
//!   the last element of an array for any further ones, and as a line of its own for any lines.
//! - A block marked `console` shows what no test can run: each of its lines that begin with `$ ` must begin
//!   as one of [`NOT_RUN`] does.
//! - Nothing else is run, and no mark has options: there is no way to switch a block off.

mod output;
mod page;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;

use crate::support::servers::{OwnPostgres, OwnRedis};
use crate::support::{BINARY, Folder, Service, archon_auth, finished_within, forget_settings, test_python};
use page::Page;

/// How commands begin that no test can run, and why.
const NOT_RUN: [(&str, &str); 10] = [
    ("cargo run --release", "builds the binary that the tests run, and serves until it is stopped"),
    ("scripts/test.sh", "is what runs the tests"),
    ("cargo nextest run", "is what runs the tests"),
    ("kill ", "ends the page's own service, whose process id the page cannot know"),
    ("DATABASE_URL=", "starts another service, on a database server of the reader"),
    ("systemctl ", "stops a service of the machine"),
    ("export ARCHON_AUTH_STORAGE_TO=", "names a database server of the reader"),
    ("archon-auth storage ", "copies to a database server of the reader"),
    ("ss ", "is not there on every machine"),
    ("podman ", "needs an engine for containers"),
];

/// The pages, each with a test of its own so that they run side by side.
const PAGES: [&str; 8] = [
    "README.md",
    "docs/quick-start.md",
    "docs/api.md",
    "docs/operations.md",
    "docs/many-nodes.md",
    "docs/troubleshooting.md",
    "docs/security-model.md",
    "docs/administration.md",
];

#[test]
fn the_commands_of_the_readme_do_what_it_says() -> anyhow::Result<()> {
    run_page("README.md")
}

#[test]
fn the_commands_of_the_quick_start_do_what_it_says() -> anyhow::Result<()> {
    run_page("docs/quick-start.md")
}

#[test]
fn the_commands_of_the_api_page_do_what_it_says() -> anyhow::Result<()> {
    run_page("docs/api.md")
}

#[test]
fn the_commands_of_the_operations_page_do_what_it_says() -> anyhow::Result<()> {
    run_page("docs/operations.md")
}

#[test]
fn the_commands_of_the_page_on_many_nodes_do_what_it_says() -> anyhow::Result<()> {
    let (postgres, redis) = (OwnPostgres::start(&[])?, OwnRedis::start()?);
    let urls = [("DATABASE_URL", postgres.url()), ("REDIS_URL", redis.url())];
    run_page_with("docs/many-nodes.md", &urls)
}

#[test]
fn the_commands_of_the_troubleshooting_page_do_what_it_says() -> anyhow::Result<()> {
    run_page("docs/troubleshooting.md")
}

#[test]
fn the_commands_of_the_security_model_do_what_it_says() -> anyhow::Result<()> {
    run_page("docs/security-model.md")
}

#[test]
fn the_commands_of_the_page_on_administration_do_what_it_says() -> anyhow::Result<()> {
    run_page("docs/administration.md")
}

#[test]
fn the_commands_of_every_other_page_do_what_it_says() -> anyhow::Result<()> {
    let others = pages()?.into_iter().filter(|page| !PAGES.contains(&page.as_str()));
    others.into_iter().try_for_each(|page| run_page(&page))
}

#[test]
fn no_page_links_to_a_file_that_is_not_there() -> anyhow::Result<()> {
    for name in pages()? {
        let path = root().join(&name);
        let text = std::fs::read_to_string(&path)?;
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        for target in targets.filter(|target| !target.is_empty() && !target.contains("://")) {
            let there = path.parent().is_some_and(|folder| folder.join(target).exists());
            assert!(there, "{name} links to {target}, which does not exist");
        }
    }
    Ok(())
}

#[test]
fn the_api_page_lists_every_operation() -> anyhow::Result<()> {
    let page = std::fs::read_to_string(root().join("docs/api.md"))?;
    let printed = archon_auth(&Folder::new()?, &["openapi"], &[], "")?.success()?;
    let document: serde_json::Value = serde_json::from_str(&printed)?;
    let mut operations = BTreeSet::new();
    for (path, item) in document["paths"].as_object().context("no paths")? {
        for method in item.as_object().context("no methods")?.keys() {
            operations.insert(format!("| `{} {path}` |", method.to_uppercase()));
        }
    }
    let listed = page.lines().filter_map(|line| {
        let end = line.strip_prefix("| `")?.find("` |")?;
        Some(line[..end + 6].to_owned()).filter(|row| row.contains(" /"))
    });
    assert_eq!(listed.collect::<BTreeSet<_>>(), operations);
    Ok(())
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// README.md and every page that lies in docs.
fn pages() -> anyhow::Result<Vec<String>> {
    let mut pages = vec!["README.md".to_owned()];
    for entry in std::fs::read_dir(root().join("docs"))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
            pages.push(format!("docs/{name}"));
        }
    }
    Ok(pages)
}

fn run_page(name: &str) -> anyhow::Result<()> {
    run_page_with(name, &[])
}

/// The same with variables in the environment of the page's service and of its commands.
fn run_page_with(name: &str, environment: &[(&str, String)]) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(root().join(name)).with_context(|| name.to_owned())?;
    Page::read(&text).with_context(|| name.to_owned())?;
    let folder = Folder::new()?;
    let service = Service::start_with(folder.clone(), &[], environment)?;
    let text = text.replace("localhost:8181", service.address());
    let text = text.replace("localhost:9181", &service.metrics_address()?);
    let page = Page::read(&text)?;
    for command in &page.not_run {
        let known = NOT_RUN.iter().any(|(beginning, _)| command.starts_with(beginning));
        anyhow::ensure!(known, "{name}: a console block holds {command:?}; can it not be run as sh?");
    }
    run_steps(&page, &folder, environment).with_context(|| name.to_owned())
}

/// Runs all commands in one shell and compares what each block prints.
fn run_steps(page: &Page, folder: &Folder, environment: &[(&str, String)]) -> anyhow::Result<()> {
    let work = Folder::new()?;
    let at = |what: &str, index: usize| work.path().join(format!("{what}-{index}"));
    let mut script = "set -euo pipefail\n".to_owned();
    for (index, step) in page.steps.iter().enumerate() {
        let (out, err) = (at("out", index), at("err", index));
        script += &format!("{{\n{}\n}} >'{}' 2>'{}'\n", step.commands, out.display(), err.display());
    }
    let mut shell = shell(&script, folder, &work)?;
    shell.envs(environment.iter().map(|(name, value)| (name, value)));
    let ended = finished_within(&mut shell, "", Duration::from_secs(100));
    for (index, step) in page.steps.iter().enumerate() {
        let read = |what: &str| std::fs::read_to_string(at(what, index)).unwrap_or_default();
        let place = || format!("line {}:\n{}\n{}\n{}", step.line, step.commands, read("out"), read("err"));
        let is_last_begun = !at("out", index + 1).exists();
        anyhow::ensure!(!is_last_begun || ended.is_ok(), "a command failed: {}", place());
        if let Some(expected) = &step.output {
            expected.compare(&read("out")).with_context(place)?;
        }
    }
    Ok(())
}

/// A bash with the binary and the tests' Python in its `PATH`.
fn shell(script: &str, folder: &Folder, work: &Folder) -> anyhow::Result<Command> {
    let binaries = work.path().join("bin");
    std::fs::create_dir(&binaries)?;
    std::os::unix::fs::symlink(BINARY, binaries.join("archon-auth"))?;
    let python = test_python()?.parent().map(Path::to_path_buf).unwrap_or_default();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = [binaries, python].into_iter().chain(std::env::split_paths(&path));
    let mut command = Command::new("bash");
    forget_settings(&mut command);
    command.args(["-c", script]).current_dir(folder.path()).env("PATH", std::env::join_paths(path)?);
    Ok(command)
}
