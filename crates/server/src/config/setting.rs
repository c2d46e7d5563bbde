use std::ops::RangeInclusive;

use super::kind::{Kind, Value};
use super::names::{NUMBER, environment_name};

/// One thing that can be configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its full name, such as `server.port`; in a list of tables with [`NUMBER`] in place of the entry's number.
    pub key: String,
    /// What it does, in a sentence or two.
    pub doc: String,
    /// What it holds and which values it allows.
    pub kind: Kind,
    /// What holds where nothing is configured.
    pub default: Value,
    /// A short name in the environment, beside the long one.
    pub short: Option<&'static str>,
    /// Whether every entry of its list of tables must have it.
    pub required: bool,
}

/// Settings that stand under one heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// The TOML table's name; empty for the settings outside any table.
    pub name: String,
    /// Whether there may be any number of such tables, each an entry of a list.
    pub is_list: bool,
    /// What the settings are about.
    pub doc: String,
    /// The settings, in the order of the table.
    pub settings: Vec<Setting>,
}

impl Setting {
    /// The name in the environment: `ARCHON_AUTH__SERVER__PORT`.
    #[must_use]
    pub fn environment_name(&self) -> String {
        environment_name(&self.key)
    }

    /// The last part of the name.
    #[must_use]
    pub fn leaf(&self) -> &str {
        self.key.rsplit('.').next().unwrap_or(&self.key)
    }
}

impl Section {
    fn new(name: String, is_list: bool, doc: String) -> Self {
        Self { name, is_list, doc, settings: Vec::new() }
    }

    /// The settings outside any table.
    pub(super) fn general(doc: String) -> Self {
        Self::new(String::new(), false, doc)
    }

    /// A table within this one.
    pub(super) fn table(&self, name: &str, doc: String) -> Self {
        Self::new(self.key(name), false, doc)
    }

    /// A list of tables within this one.
    pub(super) fn list(&self, name: &str, doc: String) -> Self {
        Self::new(self.key(name), true, doc)
    }

    /// Adds the settings of a row.
    pub(super) fn add(&mut self, row: impl Row, name: &str, doc: &str) {
        self.settings.extend(row.settings(&self.key(name), doc));
    }

    /// How the full names of its settings begin: empty, or up to a dot.
    #[must_use]
    pub fn prefix(&self) -> String {
        match self {
            Self { name, .. } if name.is_empty() => String::new(),
            Self { name, is_list: false, .. } => format!("{name}."),
            Self { name, is_list: true, .. } => format!("{name}.{NUMBER}."),
        }
    }

    /// The TOML heading.
    #[must_use]
    pub fn heading(&self) -> String {
        if self.is_list { format!("[[{}]]", self.name) } else { format!("[{}]", self.name) }
    }

    /// A setting's name within the table.
    #[must_use]
    pub fn name_of<'a>(&self, setting: &'a Setting) -> &'a str {
        setting.key.strip_prefix(&self.prefix()).unwrap_or(&setting.key)
    }

    fn key(&self, name: &str) -> String {
        self.prefix() + name
    }
}

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
    required: bool,
}

/// A row that is the two settings of a quota.
pub(super) struct QuotaRow {
    limit: u64,
    window: u64,
    unit: &'static str,
}

impl One {
    const fn new(kind: Kind, default: Value) -> Self {
        Self { kind, default, short: None, required: false }
    }

    /// Gives the setting a short name in the environment.
    pub(super) const fn short(mut self, name: &'static str) -> Self {
        self.short = Some(name);
        self
    }

    /// Demands the setting of every entry of its list of tables.
    pub(super) const fn required(mut self) -> Self {
        self.required = true;
        self
    }
}

impl Row for One {
    fn settings(self, key: &str, doc: &str) -> Vec<Setting> {
        let Self { kind, default, short, required } = self;
        vec![Setting { key: key.to_owned(), doc: doc.to_owned(), kind, default, short, required }]
    }
}

impl Row for QuotaRow {
    fn settings(self, key: &str, doc: &str) -> Vec<Setting> {
        let limit = integer(1..=1_000_000, self.limit);
        let window = seconds(1..=DAY, self.window);
        let subject = doc.trim_end_matches('.');
        let mut settings =
            limit.settings(&format!("{key}.limit"), &format!("{subject}: {} per window.", self.unit));
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
    list_of(item, &[])
}

pub(super) fn list_of(item: Kind, default: &[&str]) -> One {
    let default = default.iter().map(|item| (*item).to_owned()).collect();
    One::new(Kind::List(Box::new(item)), Value::List(default))
}

pub(super) const fn quota(limit: u64, window: u64) -> QuotaRow {
    QuotaRow { limit, window, unit: "requests" }
}

/// How many events within a window are an alert.
pub(super) const fn threshold(limit: u64, window: u64) -> QuotaRow {
    QuotaRow { limit, window, unit: "events" }
}

/// Joins the lines of a doc comment into one.
pub(super) fn joined(lines: &[&str]) -> String {
    let lines: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
    lines.join(" ")
}

/// Makes the typed settings and their registry from one table.
///
/// A row is `/// what it does`, `name: type = what it holds and its default;`. After its rows a table may have
/// further tables in `tables { ... }`, and tables of which there may be any number in `lists { ... }`.
macro_rules! settings {
    (
        $(#[doc = $general_doc:literal])+
        general { $( $(#[doc = $top_doc:literal])+ $top:ident: $top_type:ty = $top_row:expr; )* }
        $(
            $(#[doc = $doc:literal])+
            $section:ident: $struct:ident { $($content:tt)* }
        )*
    ) => {
        /// Everything that is configured, checked and typed.
        #[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Settings {
            $( $(#[doc = $top_doc])+ pub $top: $top_type, )*
            $( $(#[doc = $doc])+ pub $section: $struct, )*
        }

        impl Settings {
            fn sections() -> Vec<Section> {
                let mut general = Section::general(joined(&[$($general_doc),+]));
                $( general.add($top_row, stringify!($top), &joined(&[$($top_doc),+])); )*
                let tables = [
                    $( $struct::sections(general.table(stringify!($section), joined(&[$($doc),+]))), )*
                ];
                [vec![general], tables.concat()].concat()
            }
        }

        $( table! { $(#[doc = $doc])+ $struct { $($content)* } } )*
    };
}

/// Makes the type of one table of [`settings`], and of the tables within it.
macro_rules! table {
    (
        $(#[doc = $struct_doc:literal])+
        $struct:ident {
            $( $(#[doc = $doc:literal])+ $name:ident: $type:ty = $row:expr; )*
            $( tables { $(
                $(#[doc = $table_doc:literal])+
                $table:ident: $table_struct:ident { $($table_content:tt)* }
            )+ } )?
            $( lists { $(
                $(#[doc = $list_doc:literal])+
                $list:ident: $list_struct:ident { $($list_content:tt)* }
            )+ } )?
        }
    ) => {
        $(#[doc = $struct_doc])+
        #[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $struct {
            $( $(#[doc = $doc])+ pub $name: $type, )*
            $($( $(#[doc = $table_doc])+ pub $table: $table_struct, )+)?
            $($( $(#[doc = $list_doc])+ #[serde(default)] pub $list: Numbered<$list_struct>, )+)?
        }

        impl $struct {
            /// Fills a section that has no settings yet; it, and after it those of the tables within.
            fn sections(mut section: Section) -> Vec<Section> {
                $( section.add($row, stringify!($name), &joined(&[$($doc),+])); )*
                let within: &[Vec<Section>] = &[
                    $($( $table_struct::sections(
                        section.table(stringify!($table), joined(&[$($table_doc),+]))
                    ), )+)?
                    $($( $list_struct::sections(
                        section.list(stringify!($list), joined(&[$($list_doc),+]))
                    ), )+)?
                ];
                [vec![section], within.concat()].concat()
            }
        }

        $($( table! { $(#[doc = $table_doc])+ $table_struct { $($table_content)* } } )+)?
        $($( table! { $(#[doc = $list_doc])+ $list_struct { $($list_content)* } } )+)?
    };
}

pub(super) use {settings, table};
