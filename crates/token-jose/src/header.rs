use archon_domain::TokenRejection;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

/// The header of a token (RFC 7515 section 4), as far as it matters.
///
/// A parameter that stands twice makes it malformed (section 4).
#[derive(Debug, Deserialize)]
pub(crate) struct Header {
    /// The algorithm that the token claims for itself; only ever compared with the key's own.
    pub(crate) alg: String,
    /// Which key.
    #[serde(default)]
    pub(crate) kid: Option<String>,
    #[serde(default)]
    typ: Option<String>,
    /// Extensions that must be understood (section 4.1.11): we understand none.
    #[serde(default, deserialize_with = "present")]
    crit: bool,
    // Keys that the token brings along (sections 4.1.2 to 4.1.6): a forger would bring his own.
    #[serde(default, deserialize_with = "present")]
    jku: bool,
    #[serde(default, deserialize_with = "present")]
    jwk: bool,
    #[serde(default, deserialize_with = "present")]
    x5u: bool,
    #[serde(default, deserialize_with = "present")]
    x5c: bool,
}

impl Header {
    /// Reads a header; refuses one that is no header of a token of ours.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, TokenRejection> {
        let header: Self = serde_json::from_slice(json).map_err(|_| TokenRejection::Malformed)?;
        let foreign = header.crit || header.jku || header.jwk || header.x5u || header.x5c;
        let is_jwt = header.typ.as_deref().is_none_or(|typ| typ == "JWT");
        if foreign || !is_jwt { Err(TokenRejection::Malformed) } else { Ok(header) }
    }
}

/// True, whatever the value is: a parameter that stands there counts even when it is null.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}
