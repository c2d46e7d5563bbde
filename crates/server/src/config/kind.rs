use std::ops::RangeInclusive;

use archon_app::RedirectUris;
use archon_domain::Email;
use tracing_subscriber::EnvFilter;

use super::checks::{
    autonomous_system, is_host, is_schema, network, not, not_usable, origin, provider_name, provider_url, url,
};
use super::secret_url::masked;

/// What a setting holds and which values it allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A whole number within a range.
    Integer(RangeInclusive<u64>),
    /// One of a few whole numbers.
    OneOf(&'static [u64]),
    /// A time in whole seconds, within a range.
    Seconds(RangeInclusive<u64>),
    /// A time in whole milliseconds, within a range.
    Milliseconds(RangeInclusive<u64>),
    /// `true` or `false`.
    Boolean,
    /// A text that is not empty.
    Text,
    /// A text that may be empty.
    OptionalText,
    /// The name of a database schema, or empty for none.
    Schema,
    /// A text that is never shown; empty, or at least so many characters.
    Secret(usize),
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A path.
    Path,
    /// A path, or empty for none.
    OptionalPath,
    /// An IP address or a host name.
    Host,
    /// An IP address or a network in CIDR notation.
    Network,
    /// The number of an autonomous system, with or without `AS` before it.
    AutonomousSystem,
    /// The origin of a web page: scheme, host, and port unless it is the scheme's own.
    Origin,
    /// What to log, in the directives of `tracing_subscriber::EnvFilter`.
    LogFilter,
    /// A URL that starts with one of these, or empty for none; a password in it is never shown.
    Url(&'static [&'static str]),
    /// The URL of a provider of log-ins: https, or http on this machine.
    ProviderUrl,
    /// The name of a provider of log-ins that has no section of its own.
    ProviderName,
    /// Where a provider of log-ins may send users back to.
    RedirectUri,
    /// An address that mails are sent to.
    MailAddress,
    /// A list of one of the kinds that are written as text.
    List(Box<Kind>),
}

/// A value as a source gives it, before it is checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Raw {
    /// Text that may stand for anything, from a source without types (environment, flags).
    Loose(String),
    /// A whole number.
    Integer(i128),
    /// `true` or `false`.
    Boolean(bool),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Raw>),
    /// Anything else, called by the name of its type.
    Other(&'static str),
}

/// A value that has passed the check of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A whole number.
    Integer(u64),
    /// `true` or `false`.
    Boolean(bool),
    /// A text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
}

impl Kind {
    /// Checks a value and brings it into its normal form, or says what is wrong with it.
    ///
    /// A message never holds a secret.
    pub(super) fn check(&self, raw: &Raw) -> Result<Value, String> {
        match self {
            Self::Integer(range) | Self::Seconds(range) | Self::Milliseconds(range) => {
                let number = raw.integer()?;
                u64::try_from(number)
                    .ok()
                    .filter(|number| range.contains(number))
                    .map(Value::Integer)
                    .ok_or_else(|| format!("{number} is out of range"))
            }
            Self::OneOf(numbers) => {
                let number = raw.integer()?;
                u64::try_from(number)
                    .ok()
                    .filter(|number| numbers.contains(number))
                    .map(Value::Integer)
                    .ok_or_else(|| format!("{number} is none of the allowed numbers"))
            }
            Self::Boolean => raw.boolean().map(Value::Boolean),
            Self::List(item) => {
                let items = raw.items()?;
                items.iter().map(|text| item.check_text(text)).collect::<Result<_, _>>().map(Value::List)
            }
            _ => self.check_text(raw.text()?).map(Value::Text),
        }
    }

    fn check_text(&self, text: &str) -> Result<String, String> {
        if text.chars().any(char::is_control) {
            return Err("holds control characters".to_owned());
        }
        if text.is_empty() {
            return if self.may_be_empty() { Ok(String::new()) } else { Err("is empty".to_owned()) };
        }
        match self {
            Self::Choice(words) => {
                let word = text.trim();
                if words.contains(&word) { Ok(word.to_owned()) } else { Err(not(text, "an allowed word")) }
            }
            Self::Host if is_host(text) => Ok(text.to_owned()),
            Self::Host => Err(not(text, "an IP address or a host name")),
            Self::Network => network(text).map(|network| network.to_string()),
            Self::AutonomousSystem => autonomous_system(text).map(|number| number.to_string()),
            Self::Origin => origin(text),
            Self::Schema if is_schema(text) => Ok(text.to_owned()),
            Self::Schema => Err(not(text, "a schema name")),
            Self::Secret(shortest) if text.chars().count() < *shortest => Err("is too short".to_owned()),
            Self::LogFilter => {
                EnvFilter::try_new(text).map_err(|error| format!("is no log filter: {error}"))?;
                Ok(text.to_owned())
            }
            Self::Url(starts) => url(text, starts).map(|()| text.to_owned()),
            Self::ProviderUrl => provider_url(text).map(|()| text.to_owned()),
            Self::ProviderName => provider_name(text).map(|()| text.to_owned()),
            Self::RedirectUri => {
                RedirectUris::parse([text]).map_err(|error| not_usable(text, error.reason))?;
                Ok(text.to_owned())
            }
            Self::MailAddress => {
                Email::parse(text).map_err(|error| not_usable(text, &error.message))?;
                Ok(text.trim().to_owned())
            }
            _ => Ok(text.to_owned()),
        }
    }

    /// Whether nothing is a value of this kind as well.
    pub(super) const fn may_be_empty(&self) -> bool {
        matches!(
            self,
            Self::OptionalText
                | Self::Schema
                | Self::Secret(_)
                | Self::OptionalPath
                | Self::Url(_)
                | Self::LogFilter
        )
    }

    /// What is allowed, for messages and the reference page.
    #[must_use]
    pub fn allowed(&self) -> String {
        match self {
            Self::Integer(range) => format!("a whole number from {} to {}", range.start(), range.end()),
            Self::OneOf(numbers) => one_of(numbers.iter().map(ToString::to_string)),
            Self::Seconds(range) => format!("whole seconds from {} to {}", range.start(), range.end()),
            Self::Milliseconds(range) => {
                format!("whole milliseconds from {} to {}", range.start(), range.end())
            }
            Self::Boolean => "true or false".to_owned(),
            Self::Text => "a text that is not empty".to_owned(),
            Self::OptionalText => "a text, or empty".to_owned(),
            Self::Schema => "empty, or 1 to 63 lower-case letters, digits and _".to_owned(),
            Self::Secret(1) => "a secret, or empty".to_owned(),
            Self::Secret(shortest) => format!("empty, or a secret of at least {shortest} characters"),
            Self::Choice(words) => one_of(words.iter().map(ToString::to_string)),
            Self::Path => "a path".to_owned(),
            Self::OptionalPath => "a path, or empty".to_owned(),
            Self::Host => "an IP address or a host name".to_owned(),
            Self::Network => "an IP address or a network such as 10.0.0.0/8".to_owned(),
            Self::AutonomousSystem => {
                "the number of an autonomous system, such as 64500 or AS64500".to_owned()
            }
            Self::Origin => "an origin such as https://app.example.com".to_owned(),
            Self::LogFilter => "log levels, such as info or info,archon_web=debug".to_owned(),
            Self::Url(starts) => {
                format!("empty, or a URL that starts with {}", one_of(starts.iter().map(ToString::to_string)))
            }
            Self::ProviderUrl => {
                "a URL that starts with https://, or with http:// for this machine".to_owned()
            }
            Self::ProviderName => {
                "1 to 32 small letters, digits, _ and -, but none of google, github and microsoft".to_owned()
            }
            Self::RedirectUri => {
                "an address such as https://app.example.com/callback, http://127.0.0.1/callback or \
                 com.example.app:/callback"
                    .to_owned()
            }
            Self::MailAddress => "a mail address such as ops@example.com".to_owned(),
            Self::List(item) => format!("a list; each entry: {}", item.allowed()),
        }
    }

    /// The value in TOML notation, with secrets as `***`.
    pub(super) fn shown(&self, value: &Value) -> String {
        match (self, value) {
            (_, Value::Integer(number)) => number.to_string(),
            (_, Value::Boolean(yes)) => yes.to_string(),
            (Self::Secret(_), Value::Text(text)) if !text.is_empty() => quoted("***"),
            (Self::Url(_), Value::Text(text)) => quoted(&masked(text)),
            (_, Value::Text(text)) => quoted(text),
            (_, Value::List(items)) => {
                let items: Vec<String> = items.iter().map(|item| quoted(item)).collect();
                format!("[{}]", items.join(", "))
            }
        }
    }
}

impl Raw {
    fn integer(&self) -> Result<i128, String> {
        match self {
            Self::Integer(number) => Ok(*number),
            Self::Loose(text) => text.trim().parse().map_err(|_| not(text, "a whole number")),
            other => Err(format!("is {}, not a whole number", other.type_name())),
        }
    }

    fn boolean(&self) -> Result<bool, String> {
        match self {
            Self::Boolean(yes) => Ok(*yes),
            Self::Loose(text) => text.trim().parse().map_err(|_| not(text, "true or false")),
            other => Err(format!("is {}, not true or false", other.type_name())),
        }
    }

    fn text(&self) -> Result<&str, String> {
        match self {
            Self::Loose(text) | Self::Text(text) => Ok(text),
            other => Err(format!("is {}, not a text", other.type_name())),
        }
    }

    fn items(&self) -> Result<Vec<&str>, String> {
        match self {
            Self::Loose(text) if text.trim().is_empty() => Ok(Vec::new()),
            Self::Loose(text) => Ok(text.split(',').map(str::trim).collect()),
            Self::List(items) => {
                let typed = |item: &'_ Self| format!("an entry is {}, not a text", item.type_name());
                items.iter().map(|item| item.text().map_err(|_| typed(item))).collect()
            }
            other => Err(format!("is {}, not a list", other.type_name())),
        }
    }

    const fn type_name(&self) -> &'static str {
        match self {
            Self::Loose(_) | Self::Text(_) => "a text",
            Self::Integer(_) => "a whole number",
            Self::Boolean(_) => "true or false",
            Self::List(_) => "a list",
            Self::Other(name) => name,
        }
    }
}

impl From<Value> for config::ValueKind {
    fn from(value: Value) -> Self {
        match value {
            Value::Integer(number) => Self::U64(number),
            Value::Boolean(yes) => Self::Boolean(yes),
            Value::Text(text) => Self::String(text),
            Value::List(items) => {
                Self::Array(items.into_iter().map(|item| config::Value::new(None, item)).collect())
            }
        }
    }
}

/// The text as a TOML basic string; checked texts hold no control characters.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn one_of(words: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = words.collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}
