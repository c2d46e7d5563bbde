//! The example suites in other languages pass.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::outside::{node_modules, python, run};
use crate::support::Testkit;

const CONTROL: &str = "ARCHON_TESTKIT_CONTROL";

fn example(language: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/integration-suite").join(language)
}

#[test]
fn the_python_suite_passes() -> anyhow::Result<()> {
    let testkit = Testkit::start(&[])?;
    let mut command = python()?;
    // No compiled files beside the sources.
    command.args(["-B", "-m", "unittest", "test_shop"]).current_dir(example("python"));
    run(command.env(CONTROL, &testkit.control_url), "").map(drop)
}

#[test]
fn the_node_suite_passes() -> anyhow::Result<()> {
    let testkit = Testkit::start(&[])?;
    let folder = tempfile::tempdir()?;
    // Node looks for packages beside the script and above it, and nowhere else.
    std::os::unix::fs::symlink(node_modules()?, folder.path().join("node_modules"))?;
    for entry in std::fs::read_dir(example("node"))? {
        let entry = entry?;
        std::fs::copy(entry.path(), folder.path().join(entry.file_name()))?;
    }
    let mut command = Command::new("node");
    command.args(["--test", "shop.test.mjs"]).current_dir(folder.path());
    run(command.env(CONTROL, &testkit.control_url), "").map(drop)
}
