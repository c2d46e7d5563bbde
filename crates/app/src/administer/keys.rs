use archon_domain::{Instant, KeyId, KeyRing, SigningAlgorithm, SigningKey};

use super::{AdministerError, Mandate};
use crate::{Auth, Fault};

/// A signing key without its secret half.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// The `kid` of its tokens.
    pub id: KeyId,
    /// How it signs.
    pub algorithm: SigningAlgorithm,
    /// When it was made; `None` for keys from files, which do not say.
    pub created_at: Option<Instant>,
    /// From when on it signs; `None` for keys from files.
    pub signs_from: Option<Instant>,
    /// What it does now.
    pub state: KeyState,
}

/// What a signing key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It is published, and signs soon.
    Published,
    /// It signs.
    Signing,
    /// It verifies until its last token has expired.
    Verifying,
}

impl KeyState {
    /// The word that operators see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Signing => "signing",
            Self::Verifying => "verifying",
        }
    }
}

impl Auth {
    /// The signing keys in the order in which they take over.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn signing_keys(&self) -> Result<Vec<ListedKey>, Fault> {
        let ring = self.ports.signing_keys.ring().await?;
        Ok(ring.keys().iter().map(|key| self.listed(&ring, key)).collect())
    }

    /// Makes a new signing key, which signs once every replica and every reader of the key set knows it.
    ///
    /// # Errors
    /// See [`AdministerError`].
    pub async fn rotate_keys(&self, mandate: &Mandate) -> Result<ListedKey, AdministerError> {
        let keys = &self.ports.signing_keys;
        // The key in use must be there before its successor, or that one would sign at once.
        keys.ring().await.map_err(Fault::from)?;
        let made = keys.rotate().await.map_err(Fault::from)?.ok_or(AdministerError::KeysFromFiles)?;
        self.recorder.record(mandate.action("rotate_keys", &made.id)).await;
        let ring = keys.ring().await.map_err(Fault::from)?;
        Ok(self.listed(&ring, &made))
    }

    fn listed(&self, ring: &KeyRing, key: &SigningKey) -> ListedKey {
        let (now, is_dated) = (self.now(), self.ports.signing_keys.are_made_here());
        let state = if ring.signing(now).is_some_and(|signing| signing.id == key.id) {
            KeyState::Signing
        } else if key.signs_from > now {
            KeyState::Published
        } else {
            KeyState::Verifying
        };
        ListedKey {
            id: key.id.clone(),
            algorithm: key.algorithm,
            created_at: is_dated.then_some(key.created_at),
            signs_from: is_dated.then_some(key.signs_from),
            state,
        }
    }
}
