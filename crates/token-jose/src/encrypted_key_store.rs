use std::fmt;
use std::sync::Arc;

use archon_domain::ports::KeyStore;
use archon_domain::{KeyId, SigningKey, StoreError, StoreErrorKind};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::aead;

/// Keeps this use of the secret apart from any other; the key's id follows.
const LABEL: &str = "archon-auth signing key v1 ";

/// How an encrypted private key begins, where a PEM would begin with dashes.
const MARK: &str = "archon-encrypted-v1:";

/// Keeps private keys encrypted in another key store, so that a copy of its tables signs nothing.
///
/// Keys that were stored plain before there was a secret are encrypted when they are loaded. Without a
/// secret, keys are stored plain, and encrypted ones are refused with what to do.
pub struct EncryptedKeyStore {
    inner: Arc<dyn KeyStore>,
    secret: Option<Zeroizing<String>>,
}

impl EncryptedKeyStore {
    /// Encrypts what `inner` keeps under `secret`, which must hold at least 128 random bits.
    #[must_use]
    pub fn new(inner: Arc<dyn KeyStore>, secret: Option<Zeroizing<String>>) -> Self {
        Self { inner, secret }
    }

    /// The key as `inner` keeps it.
    fn lock(&self, mut key: SigningKey) -> Result<SigningKey, StoreError> {
        if let Some(secret) = &self.secret {
            let locked = aead::lock(secret.as_bytes(), &label(&key.id), key.private_pem.as_bytes());
            let locked = locked.map_err(|cause| {
                StoreError::new(StoreErrorKind::Internal, "encrypt signing key").with_source(cause)
            })?;
            key.private_pem = Zeroizing::new(format!("{MARK}{}", STANDARD.encode(locked)));
        }
        Ok(key)
    }

    /// The key itself, from what `inner` keeps.
    fn unlock(&self, mut key: SigningKey, locked: &str) -> Result<SigningKey, StoreError> {
        let refuse = |what: &str| {
            let text = format!("the signing key {} {what}", key.id);
            StoreError::new(StoreErrorKind::Corrupt, "decrypt signing key").with_source(text)
        };
        let Some(secret) = &self.secret else {
            return Err(refuse(
                "is stored encrypted: set keys.encryption_key to the secret of the other replicas",
            ));
        };
        let wrong = || {
            refuse(
                "was encrypted under another secret, or its row was changed: set keys.encryption_key to the \
                 secret it was stored with",
            )
        };
        let locked = STANDARD.decode(locked).map_err(|_| wrong())?;
        let opened = aead::unlock(secret.as_bytes(), &label(&key.id), &locked).map_err(|_| wrong())?;
        let pem = std::str::from_utf8(&opened.ok_or_else(wrong)?).map_err(|_| wrong())?.to_owned();
        key.private_pem = Zeroizing::new(pem);
        Ok(key)
    }
}

fn label(id: &KeyId) -> Vec<u8> {
    format!("{LABEL}{id}").into_bytes()
}

impl fmt::Debug for EncryptedKeyStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("EncryptedKeyStore").field("encrypts", &self.secret.is_some()).finish()
    }
}

#[async_trait]
impl KeyStore for EncryptedKeyStore {
    async fn load(&self) -> Result<Vec<SigningKey>, StoreError> {
        let mut keys = Vec::new();
        for key in self.inner.load().await? {
            let stored = key.private_pem.clone();
            if let Some(locked) = stored.strip_prefix(MARK) {
                keys.push(self.unlock(key, locked)?);
                continue;
            }
            if self.secret.is_some() {
                self.inner.replace(self.lock(key.clone())?).await?;
            }
            keys.push(key);
        }
        Ok(keys)
    }

    async fn add_first(&self, key: SigningKey) -> Result<bool, StoreError> {
        self.inner.add_first(self.lock(key)?).await
    }

    async fn add(&self, key: SigningKey) -> Result<(), StoreError> {
        self.inner.add(self.lock(key)?).await
    }

    async fn replace(&self, key: SigningKey) -> Result<bool, StoreError> {
        self.inner.replace(self.lock(key)?).await
    }

    async fn remove(&self, id: &KeyId) -> Result<bool, StoreError> {
        self.inner.remove(id).await
    }
}
