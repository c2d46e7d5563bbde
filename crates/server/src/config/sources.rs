//! The four sources of configuration, each as a layer of checked values with their origin.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use super::kind::{Kind, Raw, Value};
use super::names::{self, ENVIRONMENT_PREFIX, EntryName};
use super::problem::Problem;
use super::registry;
use super::setting::Setting;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Default,
    File { path: PathBuf, line: usize },
    Environment(String),
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str(DEFAULT),
            Self::File { path, line } => write!(formatter, "{} line {line}", path.display()),
            Self::Environment(name) => write!(formatter, "environment variable {name}"),
            Self::Flag => formatter.write_str("command line"),
        }
    }
}

/// The origin of a value that nobody has set.
pub(super) const DEFAULT: &str = "default";

/// What one source says: checked values, and what is wrong with the others.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer {
    values: Vec<(String, Value, Origin)>,
    /// The entries of lists that it has something to say of.
    pub(super) entries: Entries,
    pub(super) problems: Vec<Problem>,
}

/// The entries of lists of tables, and where each is mentioned first.
pub(super) type Entries = BTreeMap<EntryName, Origin>;

impl Layer {
    /// The built-in defaults, also of the given entries of lists.
    pub(super) fn defaults(entries: &BTreeSet<EntryName>) -> Self {
        let values = registry::keys(entries);
        let values = values.map(|(key, setting)| (key, setting.default.clone(), Origin::Default));
        Self { values: values.collect(), ..Self::default() }
    }

    /// The environment; of its variables only ours are looked at.
    ///
    /// A long name wins over the short one of the same setting.
    pub(super) fn environment(variables: &[(String, String)]) -> Self {
        let mut layer = Self::default();
        for setting in registry::all() {
            let short = |(name, _): &&(String, String)| Some(&**name) == setting.short;
            if let Some((name, text)) = variables.iter().rfind(short) {
                let origin = Origin::Environment(name.clone());
                layer.take(setting.key.clone(), setting, &Raw::Loose(text.clone()), origin);
            }
        }
        let mut ours: Vec<_> =
            variables.iter().filter(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX)).collect();
        ours.sort_by_key(|(name, _)| name);
        for (name, text) in ours {
            let key = names::key_of_variable(name);
            match names::find(&key) {
                Some(setting) if names::environment_name(&key) == *name => {
                    layer.take(key, setting, &Raw::Loose(text.clone()), Origin::Environment(name.clone()));
                }
                _ => layer.unknown_variable(name, key),
            }
        }
        layer
    }

    /// The command line's `section.key` and value pairs.
    pub(super) fn flags(overrides: &[(String, String)]) -> Self {
        let mut layer = Self::default();
        for (key, text) in overrides {
            match names::find(key) {
                Some(setting) => layer.take(key.clone(), setting, &Raw::Loose(text.clone()), Origin::Flag),
                None => layer.unknown(key, false, &Origin::Flag),
            }
        }
        layer
    }

    /// A TOML file.
    pub(super) fn file(path: &Path) -> Self {
        let mut layer = Self::default();
        let fault = |what: String| Problem {
            key: String::new(),
            source: path.display().to_string(),
            what,
            allowed: None,
        };
        match std::fs::read_to_string(path) {
            Ok(text) => layer.read_toml(path, &text),
            Err(error) => layer.problems.push(fault(format!("cannot be read: {error}"))),
        }
        layer
    }

    fn read_toml(&mut self, path: &Path, text: &str) {
        let line = |offset: usize| text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
        let origin = |offset: usize| Origin::File { path: path.to_owned(), line: line(offset) };
        match toml::de::DeTable::parse(text) {
            Ok(table) => self.read_table("", table.get_ref(), &origin),
            // Not the error's own Display: it shows the line, which may hold a secret.
            Err(error) => self.problems.push(Problem {
                key: String::new(),
                source: origin(error.span().map_or(0, |span| span.start)).to_string(),
                what: format!("is not TOML: {}", error.message()),
                allowed: None,
            }),
        }
    }

    fn read_table(&mut self, prefix: &str, table: &toml::de::DeTable<'_>, origin: &dyn Fn(usize) -> Origin) {
        for (name, value) in table {
            let key = if prefix.is_empty() {
                name.get_ref().to_string()
            } else {
                format!("{prefix}.{}", name.get_ref())
            };
            let origin_here = origin(name.span().start);
            if let Some(setting) = names::find(&key) {
                self.take(key, setting, &raw(value.get_ref()), origin_here);
            } else if let Some(list) = names::find_list(&key) {
                self.read_list(&list.name, value, origin);
            } else if names::is_table(&key) {
                match value.get_ref() {
                    toml::de::DeValue::Table(inner) => self.read_table(&key, inner, origin),
                    _ => self.not_a_setting("section", &format!("[{key}]"), key, &origin_here),
                }
            } else {
                self.unknown(&key, value.get_ref().is_table(), &origin_here);
            }
        }
    }

    fn read_list(
        &mut self,
        name: &'static str,
        value: &toml::Spanned<toml::de::DeValue<'_>>,
        origin: &dyn Fn(usize) -> Origin,
    ) {
        let wrong = |layer: &mut Self, key: String, at: usize| {
            layer.not_a_setting("list of tables", &format!("[[{name}]] for each"), key, &origin(at));
        };
        let toml::de::DeValue::Array(items) = value.get_ref() else {
            return wrong(self, name.to_owned(), value.span().start);
        };
        for (number, item) in (0..).zip(items.iter()) {
            let (key, at) = (format!("{name}.{number}"), item.span().start);
            match item.get_ref() {
                toml::de::DeValue::Table(inner) => {
                    self.entries.entry((name, number)).or_insert_with(|| origin(at));
                    self.read_table(&key, inner, origin);
                }
                _ => wrong(self, key, at),
            }
        }
    }

    /// Takes a value that passes its check, or notes what is wrong with it.
    fn take(&mut self, key: String, setting: &'static Setting, raw: &Raw, origin: Origin) {
        if let Some(entry) = names::entry_of(&key) {
            self.entries.entry(entry).or_insert_with(|| origin.clone());
        }
        match setting.kind.check(raw) {
            Ok(value) => self.values.push((key, value, origin)),
            Err(what) => self.problems.push(Problem {
                key,
                source: origin.to_string(),
                what: format!("{what}{}", hint(setting, raw, &origin)),
                allowed: Some(format!("allowed: {}", setting.kind.allowed())),
            }),
        }
    }

    fn not_a_setting(&mut self, what: &str, heading: &str, key: String, origin: &Origin) {
        self.problems.push(Problem {
            key,
            source: origin.to_string(),
            what: format!("is a {what}, not a setting"),
            allowed: Some(format!("write {heading} and its settings below")),
        });
    }

    fn unknown_variable(&mut self, name: &str, key: String) {
        let likely = names::nearest(&key);
        self.problems.push(Problem {
            key,
            source: Origin::Environment(name.to_owned()).to_string(),
            what: UNKNOWN.to_owned(),
            allowed: likely.map(|key| format!("did you mean {}?", names::environment_name(&key))),
        });
    }

    fn unknown(&mut self, key: &str, is_table: bool, origin: &Origin) {
        let section = names::nearest_section(key);
        let section = section.map(|section| format!("did you mean the section {}?", section.name));
        let setting = names::nearest(key).map(|key| format!("did you mean {key}?"));
        self.problems.push(Problem {
            key: shortened(key),
            source: origin.to_string(),
            what: UNKNOWN.to_owned(),
            allowed: if is_table { section.or(setting) } else { setting.or(section) },
        });
    }
}

const UNKNOWN: &str = "there is no such setting";

impl config::Source for Layer {
    fn clone_into_box(&self) -> Box<dyn config::Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<config::Map<String, config::Value>, config::ConfigError> {
        let values = self.values.iter().map(|(key, value, origin)| {
            (key.clone(), config::Value::new(Some(&origin.to_string()), value.clone()))
        });
        Ok(values.collect())
    }
}

/// A name from outside, fit for a message.
fn shortened(key: &str) -> String {
    let letters = key.chars().take(80);
    letters.map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

/// The trap of Kubernetes: for a Service called `archon-auth` it sets `ARCHON_AUTH_PORT` to a URL.
fn hint(setting: &Setting, raw: &Raw, origin: &Origin) -> &'static str {
    let is_url = matches!(raw, Raw::Loose(text) if text.contains("://"));
    let is_number = matches!(setting.kind, Kind::Integer(_));
    if is_url && is_number && matches!(origin, Origin::Environment(_)) {
        " (Kubernetes sets this variable for a Service of that name; set enableServiceLinks: false)"
    } else {
        ""
    }
}

fn raw(value: &toml::de::DeValue<'_>) -> Raw {
    use toml::de::DeValue;
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(number) => i128::from_str_radix(number.as_str(), number.radix())
            .map_or(Raw::Other("a number of too many digits"), Raw::Integer),
        DeValue::Boolean(yes) => Raw::Boolean(*yes),
        DeValue::Array(items) => Raw::List(items.iter().map(|item| raw(item.get_ref())).collect()),
        DeValue::Float(_) => Raw::Other("a fraction"),
        DeValue::Datetime(_) => Raw::Other("a date or time"),
        DeValue::Table(_) => Raw::Other("a table"),
    }
}
