//! The four sources of configuration, each as a layer of checked values with their origin.

use std::fmt;
use std::path::{Path, PathBuf};

use super::kind::{Kind, Raw, Value};
use super::problem::Problem;
use super::registry;
use super::setting::{ENVIRONMENT_PREFIX, Setting};

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
    values: Vec<(&'static Setting, Value, Origin)>,
    pub(super) problems: Vec<Problem>,
}

impl Layer {
    /// The built-in defaults.
    pub(super) fn defaults() -> Self {
        let values = registry::all().map(|setting| (setting, setting.default.clone(), Origin::Default));
        Self { values: values.collect(), problems: Vec::new() }
    }

    /// The environment; of its variables only ours are looked at.
    ///
    /// A long name wins over the short one of the same setting.
    pub(super) fn environment(variables: &[(String, String)]) -> Self {
        let mut layer = Self::default();
        let find = |name: &str| variables.iter().rfind(|(given, _)| given == name).map(|(_, text)| text);
        for setting in registry::all() {
            for name in setting.short.map(str::to_owned).into_iter().chain([setting.environment_name()]) {
                if let Some(text) = find(&name) {
                    layer.take(setting, &Raw::Loose(text.clone()), Origin::Environment(name));
                }
            }
        }
        for (name, _) in variables.iter().filter(|(name, _)| name.starts_with(ENVIRONMENT_PREFIX)) {
            layer.check_variable_is_known(name);
        }
        layer
    }

    /// The command line's `section.key` and value pairs.
    pub(super) fn flags(overrides: &[(String, String)]) -> Self {
        let mut layer = Self::default();
        for (key, text) in overrides {
            match registry::find(key) {
                Some(setting) => layer.take(setting, &Raw::Loose(text.clone()), Origin::Flag),
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
            let holds_settings = registry::all().any(|setting| is_below(&setting.key, &key));
            match (registry::find(&key), value.get_ref()) {
                (Some(setting), value) => self.take(setting, &raw(value), origin_here),
                (None, toml::de::DeValue::Table(inner)) if holds_settings => {
                    self.read_table(&key, inner, origin);
                }
                (None, _) if holds_settings => self.problems.push(Problem {
                    what: "is a section, not a setting".to_owned(),
                    allowed: Some(format!("write [{key}] and its settings below")),
                    source: origin_here.to_string(),
                    key,
                }),
                (None, value) => self.unknown(&key, value.is_table(), &origin_here),
            }
        }
    }

    /// Takes a value that passes its check, or notes what is wrong with it.
    fn take(&mut self, setting: &'static Setting, raw: &Raw, origin: Origin) {
        match setting.kind.check(raw) {
            Ok(value) => self.values.push((setting, value, origin)),
            Err(what) => self.problems.push(Problem {
                key: setting.key.clone(),
                source: origin.to_string(),
                what: format!("{what}{}", hint(setting, raw, &origin)),
                allowed: Some(format!("allowed: {}", setting.kind.allowed())),
            }),
        }
    }

    fn check_variable_is_known(&mut self, name: &str) {
        if registry::all().any(|setting| setting.environment_name() == name) {
            return;
        }
        let key = name.trim_start_matches(ENVIRONMENT_PREFIX).replace("__", ".").to_ascii_lowercase();
        let likely = registry::nearest(&key);
        self.problems.push(Problem {
            key,
            source: Origin::Environment(name.to_owned()).to_string(),
            what: UNKNOWN.to_owned(),
            allowed: likely.map(|setting| format!("did you mean {}?", setting.environment_name())),
        });
    }

    fn unknown(&mut self, key: &str, is_table: bool, origin: &Origin) {
        let section = nearest_section(key).map(|name| format!("did you mean the section {name}?"));
        let setting = registry::nearest(key).map(|setting| format!("did you mean {}?", setting.key));
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
        let values = self.values.iter().map(|(setting, value, origin)| {
            (setting.key.clone(), config::Value::new(Some(&origin.to_string()), value.clone()))
        });
        Ok(values.collect())
    }
}

/// Whether a setting's name lies within a section, or a part of one.
fn is_below(key: &str, section: &str) -> bool {
    key.strip_prefix(section).is_some_and(|rest| rest.starts_with('.'))
}

fn nearest_section(name: &str) -> Option<&'static str> {
    let scored =
        registry::sections().iter().map(|section| (strsim::jaro_winkler(name, section.name), section));
    scored.max_by(|(a, _), (b, _)| a.total_cmp(b)).filter(|(score, _)| *score >= 0.85).map(|(_, it)| it.name)
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
