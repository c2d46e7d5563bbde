//! Rules that hold between settings.

use super::problem::Problem;
use super::registry::Settings;

/// A rule between two settings.
pub(super) struct Relation {
    /// The settings it is about.
    pub(super) keys: [&'static str; 2],
    /// The rule, as a sentence that goes on from the two names.
    rule: &'static str,
    holds: fn(&Settings) -> bool,
}

/// Every rule.
pub(super) const RELATIONS: [Relation; 6] = [
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
];

/// The rules that are broken; one about a setting that is wrong by itself is left out.
pub(super) fn broken(
    settings: &Settings,
    is_wrong: impl Fn(&str) -> bool,
    origin: impl Fn(&str) -> String,
) -> Vec<Problem> {
    let broken = RELATIONS.iter().filter(|relation| !relation.keys.iter().any(|key| is_wrong(key)));
    broken
        .filter(|relation| !(relation.holds)(settings))
        .map(|Relation { keys: [first, second], rule, .. }| Problem {
            key: format!("{first} and {second}"),
            source: format!("{}; {}", origin(first), origin(second)),
            what: (*rule).to_owned(),
            allowed: None,
        })
        .collect()
}
