//! The configuration of CONTRACT section 11: what can be set, where it comes from, and what is wrong with it.
//!
//! Everything there is to know of a setting stands once, in the table of [`registry`]. From it come the
//! typed [`Settings`], the defaults, the checks, `config show` and the reference page.

mod checks;
mod kind;
mod names;
mod policies;
mod problem;
mod reference;
pub mod registry;
mod relations;
mod secret_url;
mod setting;
mod show;
mod sources;
#[cfg(test)]
mod tests;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use config::{Config, Source as _};

pub use kind::{Kind, Value};
pub use names::NUMBER;
pub use problem::{ConfigErrors, Problem};
pub use reference::render_reference;
pub use registry::Settings;
pub use secret_url::SecretUrl;
pub use setting::{Section, Setting};
pub use values::{
    AlertWord, ExtraClaim, KeyAlgorithm, LogFormat, LogRotation, Milliseconds, Numbered, Pooler,
    QuotaSettings, Seconds, Secret,
};

use names::EntryName;
use sources::{DEFAULT, Entries, Layer};

/// The file that is read from the working directory where no other is named.
pub const DEFAULT_FILE: &str = "archon-auth.toml";

/// What configuration is made from, beside the defaults; empty by `default()`.
#[derive(Debug, Clone, Default)]
pub struct LoadInputs {
    /// A file that must exist (`--config`); `default_file` is then not read.
    pub config_file: Option<PathBuf>,
    /// A file that is read if it exists.
    pub default_file: Option<PathBuf>,
    /// The environment: names and values.
    pub environment: Vec<(String, String)>,
    /// The command line: full names of settings and their values.
    pub overrides: Vec<(String, String)>,
}

impl LoadInputs {
    /// The sources of this process: [`DEFAULT_FILE`] and the environment, beside what the flags say.
    #[must_use]
    pub fn of_process(config_file: Option<PathBuf>, overrides: Vec<(String, String)>) -> Self {
        let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
        let environment = std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))).collect();
        Self { config_file, default_file: Some(PathBuf::from(DEFAULT_FILE)), environment, overrides }
    }
}

/// Takes `section.key=value` apart, as `--set` has it.
///
/// # Errors
/// When there is no `=` or nothing before it.
pub fn parse_override(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("write it as section.key=value".to_owned()),
    }
}

/// A configuration without problems.
#[derive(Clone)]
pub struct Loaded {
    /// The values, typed.
    pub settings: Settings,
    entries: BTreeMap<String, Entry>,
    /// The entries of lists of tables.
    numbers: BTreeSet<EntryName>,
}

/// A value and where it comes from.
#[derive(Clone)]
struct Entry {
    value: Value,
    origin: String,
}

impl Loaded {
    /// Where a setting's value comes from; `None` if there is no such setting.
    #[must_use]
    pub fn origin(&self, key: &str) -> Option<&str> {
        self.entries.get(key).map(|entry| entry.origin.as_str())
    }

    /// Whether a setting is the empty text.
    fn is_empty(&self, key: &str) -> bool {
        matches!(self.entries.get(key), Some(Entry { value: Value::Text(text), .. }) if text.is_empty())
    }
}

impl fmt::Debug for Loaded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Loaded").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Merges the sources, later ones over earlier ones: defaults, file, environment, flags.
///
/// # Errors
/// Everything that is wrong, at once: unreadable files, unknown names, values that are not allowed, and
/// values that do not go together.
pub fn load(inputs: &LoadInputs) -> Result<Loaded, ConfigErrors> {
    let file = match (&inputs.config_file, &inputs.default_file) {
        (Some(named), _) => Layer::file(named),
        (None, Some(usual)) if usual.exists() => Layer::file(usual),
        (None, _) => Layer::default(),
    };
    let given = [file, Layer::environment(&inputs.environment), Layer::flags(&inputs.overrides)];
    // The first to mention an entry comes last, and stays.
    let entries: Entries = given.iter().rev().flat_map(|layer| layer.entries.clone()).collect();
    let numbers = entries.keys().copied().collect();

    let mut problems: Vec<Problem> = given.iter().flat_map(|layer| layer.problems.clone()).collect();
    let layers = [vec![Layer::defaults(&numbers)], given.into()].concat();
    let loaded = merge(layers, numbers).map_err(|error| ConfigErrors(vec![internal(&error)]))?;
    let is_wrong = |key: &str| problems.iter().any(|problem| problem.key == key);
    let missing = relations::missing(&loaded, &entries, is_wrong);
    let broken = relations::broken(&loaded, is_wrong);
    problems.extend(missing.into_iter().chain(broken));
    if problems.is_empty() { Ok(loaded) } else { Err(ConfigErrors(problems)) }
}

/// Puts checked layers over one another.
fn merge(layers: Vec<Layer>, numbers: BTreeSet<EntryName>) -> Result<Loaded, config::ConfigError> {
    let builder = layers.into_iter().fold(Config::builder(), |builder, layer| builder.add_source(layer));
    let merged = builder.build()?;
    let mut entries = BTreeMap::new();
    flatten("", merged.collect()?, &mut entries);
    Ok(Loaded { settings: merged.try_deserialize()?, entries, numbers })
}

/// Brings the merged tree back to full names.
fn flatten(prefix: &str, tree: config::Map<String, config::Value>, entries: &mut BTreeMap<String, Entry>) {
    for (name, node) in tree {
        let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        let origin = node.origin().unwrap_or(DEFAULT).to_owned();
        let value = match node.kind {
            config::ValueKind::Table(inner) => {
                flatten(&key, inner, entries);
                continue;
            }
            config::ValueKind::U64(number) => Value::Integer(number),
            config::ValueKind::Boolean(yes) => Value::Boolean(yes),
            config::ValueKind::Array(items) => Value::List(items.iter().map(ToString::to_string).collect()),
            other => Value::Text(other.to_string()),
        };
        entries.insert(key, Entry { value, origin });
    }
}

/// A fault of the table itself: a checked value that does not fit its type. The tests rule it out.
fn internal(error: &config::ConfigError) -> Problem {
    Problem {
        key: String::new(),
        source: "configuration".to_owned(),
        what: format!("checked values do not fit together: {error}"),
        allowed: None,
    }
}
