use std::fmt;

use openidconnect::url::Url;
use thiserror::Error;

/// What the provider knows this service by.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCredentials {
    /// The client id: no secret.
    pub client_id: String,
    /// The client secret; never shown.
    pub client_secret: String,
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ClientCredentials")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// Why a provider cannot be used as it is configured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{setting} {reason}")]
pub struct SettingError {
    /// Which setting, by its name in the settings' type.
    pub setting: &'static str,
    /// What is wrong with it, as the rest of a sentence.
    pub reason: String,
}

impl SettingError {
    pub(crate) fn new(setting: &'static str, reason: impl Into<String>) -> Self {
        Self { setting, reason: reason.into() }
    }
}

/// Reads an absolute URL that requests can be sent to.
pub(crate) fn web_url(setting: &'static str, text: &str) -> Result<Url, SettingError> {
    let url = Url::parse(text).map_err(|error| SettingError::new(setting, format!("is no URL: {error}")))?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(SettingError::new(setting, "must begin with https:// (or http://, for tests)"));
    }
    if !url.username().is_empty() || url.password().is_some() || url.fragment().is_some() {
        return Err(SettingError::new(setting, "must hold neither a user nor a fragment"));
    }
    Ok(url)
}

/// Refuses credentials with which no provider could be asked for anything.
pub(crate) fn check_credentials(credentials: &ClientCredentials) -> Result<(), SettingError> {
    match (credentials.client_id.trim().is_empty(), credentials.client_secret.trim().is_empty()) {
        (true, _) => Err(SettingError::new("client_id", "must not be empty")),
        (_, true) => Err(SettingError::new("client_secret", "must not be empty")),
        (false, false) => Ok(()),
    }
}
