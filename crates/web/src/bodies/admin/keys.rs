use archon_app::ListedKey;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// A signing key; its private half is never shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SigningKey)]
pub(crate) struct KeyBody {
    /// The `kid` of its tokens.
    #[schema(example = "q1VkE0vW7Q2yZb6bq8nJ0m6mC1dYH8m3r5n1o3x7fZs")]
    id: String,
    #[schema(example = "RS256")]
    algorithm: &'static str,
    /// Null for keys that the operator brings in files.
    created_at: Option<DateTime<Utc>>,
    /// From when on it signs; null for keys that the operator brings in files.
    signs_from: Option<DateTime<Utc>>,
    /// `published`: signs soon; `signing`; `verifying`: until its last token has expired.
    #[schema(example = "signing")]
    state: &'static str,
}

impl From<ListedKey> for KeyBody {
    fn from(key: ListedKey) -> Self {
        let ListedKey { id, algorithm, created_at, signs_from, state } = key;
        Self {
            id: id.as_str().to_owned(),
            algorithm: algorithm.as_str(),
            created_at,
            signs_from,
            state: state.as_str(),
        }
    }
}

/// The signing keys, in the order in which they take over.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SigningKeys)]
pub(crate) struct KeysBody {
    keys: Vec<KeyBody>,
}

impl From<Vec<ListedKey>> for KeysBody {
    fn from(keys: Vec<ListedKey>) -> Self {
        Self { keys: keys.into_iter().map(KeyBody::from).collect() }
    }
}
