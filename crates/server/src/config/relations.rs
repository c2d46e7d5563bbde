//! Rules that hold between settings.

use std::collections::BTreeMap;

use super::Loaded;
use super::names;
use super::problem::Problem;
use super::registry::{self, Settings};
use super::setting::Setting;
use super::sources::{DEFAULT, Entries, Origin};

/// A rule between two settings.
pub(super) struct Relation {
    /// The settings it is about.
    pub(super) keys: [&'static str; 2],
    /// The rule, as a sentence that goes on from the two names.
    rule: &'static str,
    holds: fn(&Settings) -> bool,
}

/// Every rule.
pub(super) const RELATIONS: [Relation; 9] = [
    Relation {
        keys: ["tokens.access_ttl", "tokens.refresh_ttl"],
        rule: "an access token must not outlive its refresh token",
        holds: |settings| settings.tokens.access_ttl <= settings.tokens.refresh_ttl,
    },
    Relation {
        keys: ["passwords.min_length", "passwords.max_length"],
        rule: "the shortest password allowed is longer than the longest",
        holds: |settings| settings.passwords.min_length <= settings.passwords.max_length,
    },
    Relation {
        keys: ["sessions.session_timeout", "sessions.absolute_lifetime"],
        rule: "an unused session must not outlive its absolute lifetime",
        holds: |settings| settings.sessions.session_timeout <= settings.sessions.absolute_lifetime,
    },
    Relation {
        keys: ["sessions.remember_me_duration", "sessions.absolute_lifetime"],
        rule: "a remembered session must not outlive its absolute lifetime",
        holds: |settings| settings.sessions.remember_me_duration <= settings.sessions.absolute_lifetime,
    },
    Relation {
        keys: ["hashing.memory_kib", "hashing.parallelism"],
        rule: "Argon2 needs at least 8 KiB of memory per lane",
        holds: |settings| settings.hashing.memory_kib >= 8 * settings.hashing.parallelism,
    },
    Relation {
        keys: ["server.port", "metrics.port"],
        rule: "two listeners cannot share an address and port",
        holds: |settings| {
            let (server, metrics) = (&settings.server, &settings.metrics);
            let every = |host: &str| matches!(host, "0.0.0.0" | "::");
            let same_host = server.host == metrics.host || every(&server.host) || every(&metrics.host);
            !metrics.enabled || server.port == 0 || server.port != metrics.port || !same_host
        },
    },
    Relation {
        keys: ["oauth.google.client_id", "oauth.google.client_secret"],
        rule: "one of them is set without the other",
        holds: |settings| {
            let google = &settings.oauth.google;
            google.client_id.is_empty() == google.client_secret.reveal().is_none()
        },
    },
    Relation {
        keys: ["oauth.github.client_id", "oauth.github.client_secret"],
        rule: "one of them is set without the other",
        holds: |settings| {
            let github = &settings.oauth.github;
            github.client_id.is_empty() == github.client_secret.reveal().is_none()
        },
    },
    Relation {
        keys: ["oauth.microsoft.client_id", "oauth.microsoft.client_secret"],
        rule: "one of them is set without the other",
        holds: |settings| {
            let microsoft = &settings.oauth.microsoft;
            microsoft.client_id.is_empty() == microsoft.client_secret.reveal().is_none()
        },
    },
];

/// What the entries of lists must have and do not.
pub(super) fn missing(loaded: &Loaded, entries: &Entries, is_wrong: impl Fn(&str) -> bool) -> Vec<Problem> {
    let required = registry::keys(&loaded.numbers).filter(|(_, setting)| setting.required);
    let missing = required.filter(|(key, _)| loaded.is_empty(key) && !is_wrong(key));
    let problem = |(key, setting): (String, &Setting)| {
        let origin = names::entry_of(&key).and_then(|entry| entries.get(&entry));
        Problem {
            source: origin.unwrap_or(&Origin::Default).to_string(),
            key,
            what: "is missing".to_owned(),
            allowed: (!setting.kind.may_be_empty()).then(|| format!("allowed: {}", setting.kind.allowed())),
        }
    };
    missing.map(problem).collect()
}

/// The rules that are broken; one about a setting that is wrong by itself is left out.
pub(super) fn broken(loaded: &Loaded, is_wrong: impl Fn(&str) -> bool) -> Vec<Problem> {
    let settings = &loaded.settings;
    let broken = RELATIONS.iter().filter(|relation| !(relation.holds)(settings));
    let broken = broken.map(|Relation { keys: [first, second], rule, .. }| {
        ((*first).to_owned(), (*second).to_owned(), (*rule).to_owned())
    });
    let providers = settings.oauth.providers.iter().map(|(number, provider)| (number, &*provider.name));
    let webhooks = settings.alerts.webhooks.iter().map(|(number, webhook)| (number, &*webhook.name));
    let broken = broken
        .chain(duplicate_names("oauth.providers", "providers", providers))
        .chain(duplicate_names("alerts.webhooks", "webhooks", webhooks));
    let broken = broken.filter(|(first, second, _)| !is_wrong(first) && !is_wrong(second));
    let origin = |key: &str| loaded.origin(key).unwrap_or(DEFAULT).to_owned();
    broken
        .map(|(first, second, what)| Problem {
            key: format!("{first} and {second}"),
            source: format!("{}; {}", origin(&first), origin(&second)),
            what,
            allowed: None,
        })
        .collect()
}

/// Entries of a list that have one name: each with the one before it that has the name too.
fn duplicate_names<'names>(
    list: &'static str,
    called: &'static str,
    entries: impl Iterator<Item = (u16, &'names str)>,
) -> impl Iterator<Item = (String, String, String)> {
    let mut seen = BTreeMap::new();
    entries.filter(|(_, name)| !name.is_empty()).filter_map(move |(number, name)| {
        let key = |number: u16| format!("{list}.{number}.name");
        let before = seen.insert(name, number)?;
        Some((key(before), key(number), format!("two {called} are called {name}")))
    })
}
