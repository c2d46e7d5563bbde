//! The pages in a real browser, and the mails that lead there by a real mail server.
//!
//! The visits themselves are scripts in `scripts/browser`, which drive a Chromium without a screen; each has a
//! service, a mail server and a browser of its own. With `ARCHON_BROWSER_PICTURES` set to a folder, pictures of
//! every page are kept there, as wide as a phone and a desktop, light and dark.

mod console;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::json;

use crate::support::servers::OwnMailServer;
use crate::support::{CHEAP, Folder, Service, chromium, ended_within, node_modules};

/// Longer than the scripts' own, which can say what hangs.
const PATIENCE: Duration = Duration::from_secs(110);

#[test]
fn a_user_registers_resets_the_password_and_ends_a_session_by_mouse() -> anyhow::Result<()> {
    visit("journey", &["mouse"])
}

#[test]
fn a_user_does_the_same_by_keyboard_where_no_script_runs() -> anyhow::Result<()> {
    visit("journey", &["keyboard"])
}

#[test]
fn what_is_refused_is_told_beside_its_field_and_nothing_typed_is_lost() -> anyhow::Result<()> {
    visit("mistakes", &[])
}

#[test]
fn pages_of_other_sites_can_neither_send_a_form_nor_frame_a_page() -> anyhow::Result<()> {
    visit("hostile", &[])
}

/// Runs a script against a service that mails through a mail server.
fn visit(script: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let mail_server = OwnMailServer::start_guarded(json!({}))?;
    let service = Service::start(&[&CHEAP[..], &["--set", &mail_server.setting()]].concat())?;
    look(script, arguments, &service, mail_server, &[])
}

/// Runs a script against a service that mails through this mail server, and makes sure that nothing has gone wrong
/// in the service meanwhile.
pub(crate) fn look(
    script: &str,
    arguments: &[&str],
    service: &Service,
    mail_server: OwnMailServer,
    environment: &[(&str, String)],
) -> anyhow::Result<()> {
    let complaints = complaints(script, arguments, service, mail_server, environment)?;
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    Ok(())
}

/// The same, and returns what has gone wrong in the service meanwhile.
fn complaints(
    script: &str,
    arguments: &[&str],
    service: &Service,
    mut mail_server: OwnMailServer,
    environment: &[(&str, String)],
) -> anyhow::Result<Vec<String>> {
    let folder = Folder::new()?;
    copy_scripts(folder.path())?;
    let pictures =
        std::env::var_os("ARCHON_BROWSER_PICTURES").unwrap_or_else(|| folder.path().join("pictures").into());
    let mut node = Command::new("node");
    node.arg(folder.path().join(script).with_extension("mjs"));
    node.arg(browsed_origin(service)?).args(arguments);
    node.envs(environment.iter().map(|(name, value)| (name, value)));
    node.env("ARCHON_TEST_CHROMIUM", chromium()?).env("ARCHON_BROWSER_PICTURES", pictures);
    // Whatever the browser leaves behind goes with the folder.
    node.env("TMPDIR", folder.path());
    let visited = ended_within(node.stdin(mail_server.events()?), PATIENCE);
    let complaints = service.process().lines().into_iter().filter(|line| line.contains(r#""level":"ERROR""#));
    let complaints: Vec<String> = complaints.collect();
    visited.with_context(|| format!("the service said:\n{}", complaints.join("\n")))?;
    Ok(complaints)
}

/// Where browsers find a service. Not by its address: they keep Secure cookies of http://localhost, and of no other.
pub(crate) fn browsed_origin(service: &Service) -> anyhow::Result<String> {
    let (_, port) = service.address().rsplit_once(':').context("no port")?;
    Ok(format!("http://localhost:{port}"))
}

/// Node looks for packages beside the scripts and above them, and nowhere else.
fn copy_scripts(folder: &Path) -> anyhow::Result<()> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scripts/browser");
    for entry in
        std::fs::read_dir(&scripts).with_context(|| format!("{} cannot be read", scripts.display()))?
    {
        let entry = entry?;
        std::fs::copy(entry.path(), folder.join(entry.file_name()))?;
    }
    std::os::unix::fs::symlink(node_modules()?, folder.join("node_modules"))?;
    Ok(())
}
