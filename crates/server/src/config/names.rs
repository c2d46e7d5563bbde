//! The names of settings: full ones such as `server.port`, those of entries in a list of tables such as
//! `oauth.providers.0.name`, and how the environment spells them.

use super::registry::{all, sections};
use super::setting::{Section, Setting};

/// Stands in the names of settings for the number of an entry in a list of tables; the first has number 0.
pub const NUMBER: &str = "N";

/// An entry in a list of tables: the list's name and the entry's number.
pub(super) type EntryName = (&'static str, u16);

/// How every long name in the environment begins.
pub(super) const ENVIRONMENT_PREFIX: &str = "ARCHON_AUTH__";

/// A full name as the environment spells it.
pub(super) fn environment_name(key: &str) -> String {
    format!("{ENVIRONMENT_PREFIX}{}", key.to_ascii_uppercase().replace('.', "__"))
}

/// The full name that a variable of the environment spells.
pub(super) fn key_of_variable(name: &str) -> String {
    name.trim_start_matches(ENVIRONMENT_PREFIX).replace("__", ".").to_ascii_lowercase()
}

/// The setting of this full name, in which entries of lists have numbers.
pub(super) fn find(key: &str) -> Option<&'static Setting> {
    let general = numbers_left_out(key)?;
    all().find(|setting| setting.key == general)
}

/// The list of tables of this name.
pub(super) fn find_list(name: &str) -> Option<&'static Section> {
    sections().iter().find(|section| section.is_list && section.name == name)
}

/// The entry that a full name lies in.
pub(super) fn entry_of(key: &str) -> Option<EntryName> {
    let (before, _) = key.rsplit_once('.')?;
    let (list, number) = before.rsplit_once('.')?;
    Some((&find_list(list)?.name, number.parse().ok()?))
}

/// Whether settings lie below this name.
pub(super) fn is_table(key: &str) -> bool {
    let Some(general) = numbers_left_out(key) else { return false };
    let below =
        |setting: &Setting| setting.key.strip_prefix(&general).is_some_and(|rest| rest.starts_with('.'));
    all().any(below)
}

/// A name with [`NUMBER`] in place of numbers; `None` where that stands in it already, or a number of a form that
/// would give one entry two names.
fn numbers_left_out(key: &str) -> Option<String> {
    let parts = key.split('.').map(|part| match part.parse::<u16>() {
        _ if part == NUMBER => None,
        Ok(number) if number.to_string() == part => Some(NUMBER),
        _ => Some(part),
    });
    Some(parts.collect::<Option<Vec<_>>>()?.join("."))
}

/// A setting's name with the numbers of a name like it.
pub(super) fn numbered(setting: &Setting, like: &str) -> String {
    let mut numbers = like.split('.').filter(|part| part.parse::<u16>().is_ok());
    let parts =
        setting.key.split('.').map(|part| if part == NUMBER { numbers.next().unwrap_or("0") } else { part });
    parts.collect::<Vec<_>>().join(".")
}

/// The name of a setting that comes nearest to a name that does not exist.
///
/// A right name in the wrong section is nearest of all.
pub(super) fn nearest(key: &str) -> Option<String> {
    let general = numbers_left_out(key).unwrap_or_default();
    let leaf = key.rsplit('.').next().unwrap_or(key);
    let likeness = |setting: &Setting| {
        let whole = strsim::normalized_damerau_levenshtein(&general, &setting.key);
        if setting.leaf() == leaf { whole / 10.0 + 0.9 } else { whole }
    };
    let scored = all().map(|setting| (likeness(setting), setting));
    scored
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .filter(|(score, _)| *score >= 0.5)
        .map(|(_, setting)| numbered(setting, key))
}

/// The section whose name comes nearest to a name that does not exist.
pub(super) fn nearest_section(name: &str) -> Option<&'static Section> {
    let scored = sections().iter().map(|section| (strsim::jaro_winkler(name, &section.name), section));
    scored.max_by(|(a, _), (b, _)| a.total_cmp(b)).filter(|(score, _)| *score >= 0.85).map(|(_, it)| it)
}
