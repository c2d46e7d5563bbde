//! A profile as a Redis hash: readable by people, complete, and with what scripts compare.

use archon_domain::{CachedProfile, Email, Instant, PersonName, Profile, ProfileVersion, UserId};

use crate::row::Fields;
use crate::times;

/// The fields and values of a profile's hash.
pub(crate) fn write(entry: &CachedProfile) -> Vec<(&'static str, String)> {
    let CachedProfile { profile, expires_at } = entry;
    let [updated_at, last_login_at] = version(&profile.version());
    vec![
        ("email", profile.email.as_typed().to_owned()),
        ("name", profile.name.as_str().to_owned()),
        ("email_verified_at", optional(profile.email_verified_at)),
        // Texts, numbers, lists and objects only: there is nothing in it that JSON cannot say.
        ("metadata", serde_json::to_string(&profile.metadata).unwrap_or_default()),
        ("created_at", times::text(profile.created_at)),
        ("updated_at", updated_at),
        ("last_login_at", last_login_at),
        ("expires_at_micros", times::micros(*expires_at).to_string()),
    ]
}

/// The fields by which `outdate.lua` tells versions apart: `updated_at` and `last_login_at`.
pub(crate) fn version(version: &ProfileVersion) -> [String; 2] {
    [times::text(version.updated_at), optional(version.last_login_at)]
}

/// The profile, if every field is what [`write`] has written.
pub(crate) fn read(id: UserId, fields: Fields) -> Option<Profile> {
    let texts: Option<Vec<String>> = fields.into_iter().map(|field| String::from_utf8(field?).ok()).collect();
    let [email, name, verified, metadata, created, updated, last_login, _]: [String; 8] =
        texts?.try_into().ok()?;
    Some(Profile {
        id,
        email: Email::parse(&email).ok()?,
        name: PersonName::parse(&name).ok()?,
        email_verified_at: read_optional(&verified)?,
        metadata: serde_json::from_str(&metadata).ok()?,
        created_at: times::read(&created)?,
        updated_at: times::read(&updated)?,
        last_login_at: read_optional(&last_login)?,
    })
}

/// An instant as text; nothing for none.
fn optional(instant: Option<Instant>) -> String {
    instant.map(times::text).unwrap_or_default()
}

fn read_optional(text: &str) -> Option<Option<Instant>> {
    if text.is_empty() { Some(None) } else { times::read(text).map(Some) }
}
