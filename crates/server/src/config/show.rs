//! What `config show` and `config check` print.

use std::fmt::Write as _;

use super::setting::Section;
use super::sources::DEFAULT;
use super::{Loaded, registry};

impl Loaded {
    /// The configuration as TOML: every value with its origin as a comment, secrets as `***`.
    #[must_use]
    pub fn show(&self) -> String {
        let tables = registry::tables(&self.numbers).into_iter();
        let parts: Vec<String> = tables.map(|(section, prefix)| self.show_table(section, &prefix)).collect();
        parts.join("\n")
    }

    fn show_table(&self, section: &Section, prefix: &str) -> String {
        let mut out = String::new();
        if !section.name.is_empty() {
            let _ = writeln!(out, "{}", section.heading());
        }
        for setting in &section.settings {
            let name = section.name_of(setting);
            if let Some(entry) = self.entries.get(&format!("{prefix}{name}")) {
                let _ = writeln!(out, "{name} = {} # {}", setting.kind.shown(&entry.value), entry.origin);
            }
        }
        out
    }

    /// What `config check` says of a configuration without problems.
    #[must_use]
    pub fn summary(&self) -> String {
        let set: Vec<String> = registry::keys(&self.numbers)
            .filter_map(|(key, _)| self.entries.get_key_value(&key))
            .filter(|(_, entry)| entry.origin != DEFAULT)
            .map(|(key, entry)| format!("  {key} ({})", entry.origin))
            .collect();
        let heading = format!(
            "The configuration is valid: {} of {} settings are set, the others have their defaults.",
            set.len(),
            self.entries.len()
        );
        [vec![heading], set].concat().join("\n")
    }
}
