//! The page `docs/configuration.md`.

use std::fmt::Write as _;

use super::registry;
use super::setting::{Section, Setting};

const INTRODUCTION: &str = "\
# Configuration

<!-- Generated from crates/server/src/config/registry.rs; rewrite it with
     ARCHON_BLESS=1 cargo test -p archon-server configuration_page -->

Nothing has to be configured: without any of this the service listens on `http://localhost:8181` and
keeps everything in the folder `./archon-data`.

A value comes from the last of these that has one:

1. the default below,
2. the file `archon-auth.toml` in the working directory, or the file that `--config FILE` names,
3. the environment: `ARCHON_AUTH__SECTION__KEY` for every setting, and a short name for some; where both
   are there, the long name holds,
4. flags: `--set section.key=value` for every setting, and a flag of its own for some.

Lists are TOML arrays in the file, and comma-separated in the environment and in flags. Times are whole
seconds. A section in double brackets may come any number of times, an entry each; for the environment and flags
its entries have the numbers from 0 on, in place of the `N` below, and what they say joins what the file says of
the same entry. A name that does not exist, or a value that is not allowed, stops the start with a message that
says where it stands and what is allowed; all of them are reported at once.

`archon-auth config show` prints the configuration in force, and where each value comes from;
`archon-auth config check` only says whether it is valid. Passwords are never printed.

In Kubernetes a Service called `archon-auth` makes the cluster set `ARCHON_AUTH_PORT` to a URL in every
pod of its namespace: set `enableServiceLinks: false` in the pod, or call the Service something else.
";

/// The page that describes every setting, as Markdown.
#[must_use]
pub fn render_reference() -> String {
    let sections = registry::sections().iter().map(section);
    INTRODUCTION.to_owned() + &sections.collect::<String>()
}

fn section(section: &Section) -> String {
    let heading =
        if section.name.is_empty() { "General".to_owned() } else { format!("`{}`", section.heading()) };
    let mut out = format!("\n## {heading}\n\n{}\n", section.doc);
    for item in &section.settings {
        let _ = write!(out, "\n{}", entry(item));
    }
    out
}

fn entry(setting: &Setting) -> String {
    let short = setting.short.map(|name| format!(", `{name}`")).unwrap_or_default();
    let default = if setting.required {
        "none, it must be set".to_owned()
    } else {
        format!("`{}`", setting.kind.shown(&setting.default))
    };
    format!(
        "### `{}`\n\n{}\n\n- default: {default}\n- allowed: {}\n- environment: `{}`{short}\n",
        setting.key,
        setting.doc,
        setting.kind.allowed(),
        setting.environment_name(),
    )
}
