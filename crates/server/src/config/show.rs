//! What `config show` and `config check` print.

use std::fmt::Write as _;

use super::setting::Section;
use super::sources::DEFAULT;
use super::{Loaded, registry};

impl Loaded {
    /// The configuration as TOML: every value with its origin as a comment, secrets as `***`.
    #[must_use]
    pub fn show(&self) -> String {
        let parts: Vec<String> =
            registry::sections().iter().map(|section| self.show_section(section)).collect();
        parts.join("\n")
    }

    fn show_section(&self, section: &Section) -> String {
        let mut out = String::new();
        let prefix = if section.name.is_empty() { String::new() } else { format!("{}.", section.name) };
        if !section.name.is_empty() {
            let _ = writeln!(out, "[{}]", section.name);
        }
        for setting in &section.settings {
            let name = setting.key.strip_prefix(&prefix).unwrap_or(&setting.key);
            if let Some(entry) = self.entries.get(&setting.key) {
                let _ = writeln!(out, "{name} = {} # {}", setting.kind.shown(&entry.value), entry.origin);
            }
        }
        out
    }

    /// What `config check` says of a configuration without problems.
    #[must_use]
    pub fn summary(&self) -> String {
        let set: Vec<String> = registry::all()
            .filter_map(|setting| self.entries.get_key_value(&setting.key))
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
