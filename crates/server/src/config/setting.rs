use std::ops::RangeInclusive;

use super::kind::{Kind, Value};

/// One thing that can be configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its full name, such as `server.port`.
    pub key: String,
    /// What it does, in a sentence or two.
    pub doc: String,
    /// What it holds and which values it allows.
    pub kind: Kind,
    /// What holds where nothing is configured.
    pub default: Value,
    /// A short name in the environment, beside the long one.
    pub short: Option<&'static str>,
}

/// Settings that stand under one heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The TOML table's name; empty for the settings outside any table.
    pub name: &'static str,
    /// What the settings are about.
    pub doc: String,
    /// The settings, in the order of the table.
    pub settings: Vec<Setting>,
}

impl Setting {
    /// The name in the environment: `ARCHON_AUTH__SERVER__PORT`.
    #[must_use]
    pub fn environment_name(&self) -> String {
        format!("{ENVIRONMENT_PREFIX}{}", self.key.to_ascii_uppercase().replace('.', "__"))
    }

    /// The last part of the name.
    #[must_use]
    pub fn leaf(&self) -> &str {
        self.key.rsplit('.').next().unwrap_or(&self.key)
    }
}

/// How every long name in the environment begins.
pub(super) const ENVIRONMENT_PREFIX: &str = "ARCHON_AUTH__";

/// The right-hand side of a row of the table: one setting, or several that belong together.
pub(super) trait Row {
    /// The settings that the row stands for.
    fn settings(self, key: &str, doc: &str) -> Vec<Setting>;
}

/// A row that is one setting.
pub(super) struct One {
    kind: Kind,
    default: Value,
    short: Option<&'static str>,
}

/// A row that is the two settings of a quota.
pub(super) struct QuotaRow {
    limit: u64,
    window: u64,
}

impl One {
    const fn new(kind: Kind, default: Value) -> Self {
        Self { kind, default, short: None }
    }

    /// Gives the setting a short name in the environment.
    pub(super) const fn short(mut self, name: &'static str) -> Self {
        self.short = Some(name);
        self
    }
}

impl Row for One {
    fn settings(self, key: &str, doc: &str) -> Vec<Setting> {
        let Self { kind, default, short } = self;
        vec![Setting { key: key.to_owned(), doc: doc.to_owned(), kind, default, short }]
    }
}

impl Row for QuotaRow {
    fn settings(self, key: &str, doc: &str) -> Vec<Setting> {
        let limit = integer(1..=1_000_000, self.limit);
        let window = seconds(1..=DAY, self.window);
        let subject = doc.trim_end_matches('.');
        let mut settings =
            limit.settings(&format!("{key}.limit"), &format!("{subject}: requests per window."));
        settings.extend(window.settings(&format!("{key}.window"), &format!("{subject}: the window.")));
        settings
    }
}

/// A day in seconds.
pub(super) const DAY: u64 = 86_400;

/// A year in seconds.
pub(super) const YEAR: u64 = 365 * DAY;

pub(super) fn integer(range: RangeInclusive<u64>, default: u64) -> One {
    One::new(Kind::Integer(range), Value::Integer(default))
}

pub(super) fn seconds(range: RangeInclusive<u64>, default: u64) -> One {
    One::new(Kind::Seconds(range), Value::Integer(default))
}

pub(super) fn milliseconds(range: RangeInclusive<u64>, default: u64) -> One {
    One::new(Kind::Milliseconds(range), Value::Integer(default))
}

pub(super) fn one_of(numbers: &'static [u64], default: u64) -> One {
    One::new(Kind::OneOf(numbers), Value::Integer(default))
}

pub(super) fn boolean(default: bool) -> One {
    One::new(Kind::Boolean, Value::Boolean(default))
}

pub(super) fn choice(words: &'static [&'static str], default: &str) -> One {
    text_of(Kind::Choice(words), default)
}

pub(super) fn text(default: &str) -> One {
    text_of(Kind::Text, default)
}

pub(super) fn url(starts: &'static [&'static str]) -> One {
    text_of(Kind::Url(starts), "")
}

pub(super) fn text_of(kind: Kind, default: &str) -> One {
    One::new(kind, Value::Text(default.to_owned()))
}

/// A list that is empty by default.
pub(super) fn list(item: Kind) -> One {
    One::new(Kind::List(Box::new(item)), Value::List(Vec::new()))
}

pub(super) const fn quota(limit: u64, window: u64) -> QuotaRow {
    QuotaRow { limit, window }
}

/// Joins the lines of a doc comment into one.
pub(super) fn joined(lines: &[&str]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    lines.join(" ")
}

/// Makes the typed settings and their registry from one table.
///
/// A row is `/// what it does`, `name: type = what it holds and its default;`.
macro_rules! settings {
    (
        $(#[doc = $general_doc:literal])+
        general { $( $(#[doc = $top_doc:literal])+ $top:ident: $top_type:ty = $top_row:expr; )* }
        $(
            $(#[doc = $section_doc:literal])+
            $section:ident: $struct:ident {
                $( $(#[doc = $doc:literal])+ $name:ident: $type:ty = $row:expr; )*
            }
        )*
    ) => {
        /// Everything that is configured, checked and typed.
        #[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Settings {
            $( $(#[doc = $top_doc])+ pub $top: $top_type, )*
            $( $(#[doc = $section_doc])+ pub $section: $struct, )*
        }

        $(
            $(#[doc = $section_doc])+
            #[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
            #[serde(deny_unknown_fields)]
            pub struct $struct {
                $( $(#[doc = $doc])+ pub $name: $type, )*
            }

            impl $struct {
                fn section() -> Section {
                    let mut settings = Vec::new();
                    $( settings.extend($row.settings(
                        concat!(stringify!($section), ".", stringify!($name)),
                        &joined(&[$($doc),+]),
                    )); )*
                    Section { name: stringify!($section), doc: joined(&[$($section_doc),+]), settings }
                }
            }
        )*

        impl Settings {
            fn sections() -> Vec<Section> {
                let mut settings = Vec::new();
                $( settings.extend($top_row.settings(stringify!($top), &joined(&[$($top_doc),+]))); )*
                let general = Section { name: "", doc: joined(&[$($general_doc),+]), settings };
                vec![general, $( $struct::section() ),*]
            }
        }
    };
}

pub(super) use settings;
