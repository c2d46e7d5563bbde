//! Programs that are not ours.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;

/// Python with the packages of `scripts/requirements-test.txt`.
pub(crate) fn python() -> anyhow::Result<Command> {
    test_python().map(Command::new)
}

/// Where that Python is; its other programs lie beside it.
pub(crate) fn test_python() -> anyhow::Result<PathBuf> {
    provided("ARCHON_TEST_PYTHON", "a Python with the packages of scripts/requirements-test.txt")
}

/// Where the packages of `scripts/third-party/package.json` are.
pub(crate) fn node_modules() -> anyhow::Result<PathBuf> {
    provided("ARCHON_TEST_NODE_MODULES", "the node_modules of scripts/third-party/package.json")
}

/// The browser that the pages are looked at with.
pub(crate) fn chromium() -> anyhow::Result<PathBuf> {
    provided("ARCHON_TEST_CHROMIUM", "the program of Chromium or Chrome")
}

fn provided(name: &str, what: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::var_os(name).map(PathBuf::from).with_context(|| {
        format!(
            "{name} is not set: run the tests with scripts/test.sh, which provides it, or set it to {what}"
        )
    })?;
    anyhow::ensure!(path.exists(), "{name} names {}, which does not exist", path.display());
    Ok(path)
}

/// Copies a script of `scripts/third-party` into a folder; returns where it is.
pub(crate) fn copy_script(name: &str, folder: &Path) -> anyhow::Result<PathBuf> {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/third-party").join(name);
    let to = folder.join(name);
    std::fs::copy(&from, &to).with_context(|| format!("{} cannot be read", from.display()))?;
    Ok(to)
}

/// Runs a program to its end; returns what it has printed, or everything it said when it failed.
pub(crate) fn run(command: &mut Command, input: &str) -> anyhow::Result<String> {
    finished_within(command, input, Duration::from_secs(60))
}

/// The same for a program that may take longer.
pub(crate) fn finished_within(
    command: &mut Command,
    input: &str,
    patience: Duration,
) -> anyhow::Result<String> {
    let mut stdin = tempfile::tempfile()?;
    stdin.write_all(input.as_bytes())?;
    stdin.seek(SeekFrom::Start(0))?;
    ended_within(command.stdin(stdin), patience)
}

/// The same for a program that has its standard input already.
pub(crate) fn ended_within(command: &mut Command, patience: Duration) -> anyhow::Result<String> {
    // Through files: pipes would have to be read while the program runs.
    let (stdout, stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().with_context(|| format!("{program} cannot be started"))?;
    let deadline = Instant::now() + patience;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            anyhow::bail!("{program} ran for more than {} s:\n{}", patience.as_secs(), read(stdout)?);
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let printed = read(stdout)?;
    anyhow::ensure!(status.success(), "{program} failed ({status}):\n{printed}\n{}", read(stderr)?);
    Ok(printed)
}

fn read(mut file: File) -> anyhow::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    Ok(std::io::read_to_string(file)?)
}
