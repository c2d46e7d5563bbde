use std::fmt;

use serde::Deserialize;
use url::Url;

/// A URL that may hold a password: its `Debug` and `Display` show `***` in place of it.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// The whole URL with its password, for the adapter that connects.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether nothing is configured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<&str> for SecretUrl {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&masked(&self.0))
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretUrl({self})")
    }
}

/// The URL with `***` in place of its password.
///
/// A URL that cannot be taken apart with certainty is hidden behind its scheme: a password with an
/// unescaped `/` or `@` in it must not be shown by half.
pub(super) fn masked(text: &str) -> String {
    let Some((scheme, _)) = text.split_once("://") else {
        return text.to_owned();
    };
    let hidden = format!("{scheme}://***");
    let Ok(mut url) = Url::parse(text) else {
        return hidden;
    };
    let after_host = [Some(url.path()), url.query()];
    let doubtful = after_host.iter().flatten().any(|part| part.contains('@')) || url.fragment().is_some();
    if doubtful || (url.password().is_some() && url.set_password(Some("***")).is_err()) {
        return hidden;
    }
    mask_query(&mut url);
    url.to_string()
}

/// Hides what the query calls a password, as libpq's `?password=`.
fn mask_query(url: &mut Url) {
    let is_secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["password", "secret", "token"].iter().any(|word| name.contains(word))
    };
    if !url.query_pairs().any(|(name, _)| is_secret(&name)) {
        return;
    }
    let shown: Vec<(String, String)> = url
        .query_pairs()
        .map(|(name, value)| {
            let value = if is_secret(&name) { "***".to_owned() } else { value.into_owned() };
            (name.into_owned(), value)
        })
        .collect();
    url.query_pairs_mut().clear().extend_pairs(shown);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn passwords_are_masked_wherever_they_stand() {
        for (url, shown) in [
            ("postgres://auth:pa55@db:5432/archon", "postgres://auth:***@db:5432/archon"),
            ("postgres://auth@db/archon", "postgres://auth@db/archon"),
            ("postgres://db/archon?user=a&password=pa55", "postgres://db/archon?user=a&password=***"),
            ("postgres://auth:pa/55@db/archon", "postgres://***"),
            ("postgres://auth:12/pa55@db/archon", "postgres://***"),
            ("smtp://auth:pa#55@mail", "smtp://***"),
            ("smtps://auth:p%40a55@mail:465", "smtps://auth:***@mail:465"),
            ("sqlite:./archon.db", "sqlite:./archon.db"),
            ("memory:", "memory:"),
            ("", ""),
        ] {
            assert_eq!(masked(url), shown, "{url}");
            assert_eq!(format!("{:?}", SecretUrl::from(url)), format!("SecretUrl({shown})"));
        }
    }

    proptest! {
        #[test]
        fn no_password_is_ever_shown(password in "[!-~]{0,12}hunter2[!-~]{0,12}") {
            for url in [
                format!("postgres://auth:{password}@db.example.com/archon"),
                format!("smtp://auth:{password}@mail.example.com:587?tls=required"),
            ] {
                prop_assert!(!masked(&url).contains("hunter2"), "{}", masked(&url));
            }
        }
    }
}
