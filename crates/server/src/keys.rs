//! The life of signing keys: made at the first start, rotated on demand, removed once outlived.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use archon_domain::ports::{Clock, KeyStore, SigningKeys};
use archon_domain::{Instant, KeyRing, SigningAlgorithm, SigningKey, Span, StoreError, StoreErrorKind};
use archon_token_jose::{JoseTokens, RsaBits, generate_key, import_pem};
use async_trait::async_trait;
use tokio::sync::watch;

/// How new keys are made and how long old ones are kept.
#[derive(Debug, Clone, Copy)]
pub struct KeyPolicy {
    /// How new keys sign.
    pub algorithm: SigningAlgorithm,
    /// The size of new RSA keys.
    pub rsa_bits: RsaBits,
    /// How long a new key is published before it signs.
    pub activation_delay: Span,
    /// The longest life of a token: an old key is kept that long after its successor has started.
    pub token_lifetime: Span,
}

/// Keeps signing keys, in a store or in files that an operator brings.
#[derive(Clone)]
pub struct KeyKeeper {
    source: Source,
    clock: Arc<dyn Clock>,
    policy: KeyPolicy,
}

#[derive(Clone)]
enum Source {
    Store(Arc<dyn KeyStore>),
    Files(Vec<PathBuf>),
}

impl KeyKeeper {
    /// Keys that the service makes itself and keeps in `store`.
    #[must_use]
    pub fn of_store(store: Arc<dyn KeyStore>, clock: Arc<dyn Clock>, policy: KeyPolicy) -> Self {
        Self { source: Source::Store(store), clock, policy }
    }

    /// Private keys in PEM files; the first signs.
    #[must_use]
    pub fn of_files(files: Vec<PathBuf>, clock: Arc<dyn Clock>, policy: KeyPolicy) -> Self {
        Self { source: Source::Files(files), clock, policy }
    }

    /// The keys; makes the first one where there is none.
    ///
    /// # Errors
    /// When keys cannot be read or stored, with what to do about it.
    pub async fn load(&self) -> anyhow::Result<KeyRing> {
        match &self.source {
            Source::Files(files) => read_files(files),
            Source::Store(store) => {
                let keys = store.load().await.context("the signing keys cannot be read")?;
                if !keys.is_empty() {
                    return Ok(KeyRing::new(keys));
                }
                let now = self.clock.now();
                let first = self.make(now, now).await?;
                // Another replica may have been faster; whoever lost takes the winner's.
                store.add_first(first).await.context("the first signing key cannot be stored")?;
                Ok(KeyRing::new(store.load().await.context("the signing keys cannot be read")?))
            }
        }
    }

    /// Makes a further key that signs once every replica and reader knows it.
    ///
    /// # Errors
    /// When the keys come from files, or the new one cannot be stored.
    pub async fn rotate(&self) -> anyhow::Result<SigningKey> {
        let Source::Store(store) = &self.source else {
            anyhow::bail!(
                "the signing keys come from keys.files: rename the first file to another one of that list, put \
                 the new key in its place, and send SIGHUP"
            );
        };
        let now = self.clock.now();
        let key = self.make(now, now + self.policy.activation_delay).await?;
        store.add(key.clone()).await.context("the new signing key cannot be stored")?;
        Ok(key)
    }

    async fn make(&self, created_at: Instant, signs_from: Instant) -> anyhow::Result<SigningKey> {
        let KeyPolicy { algorithm, rsa_bits, .. } = self.policy;
        let made =
            tokio::task::spawn_blocking(move || generate_key(algorithm, rsa_bits, created_at, signs_from));
        made.await?.context("a signing key cannot be made")
    }

    /// Removes keys whose last token has expired.
    async fn remove_outlived(&self, ring: &KeyRing) -> anyhow::Result<()> {
        let Source::Store(store) = &self.source else { return Ok(()) };
        for key in ring.outlived(self.clock.now(), self.policy.token_lifetime) {
            if store.remove(&key.id).await? {
                tracing::info!(key_id = %key.id, "removed a signing key whose last token has expired");
            }
        }
        Ok(())
    }

    /// Takes over keys that were added elsewhere and removes outlived ones, now and then and when told,
    /// until told to stop. A failure leaves the keys in use as they are.
    pub async fn run(
        self,
        tokens: Arc<JoseTokens>,
        reload: Arc<tokio::sync::Notify>,
        mut stop: watch::Receiver<bool>,
    ) {
        /// More often than a new key's activation delay, so that it is known before it signs.
        const LOOK: Duration = Duration::from_secs(10);
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = reload.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
            if let Err(error) = self.refresh(&tokens).await {
                tracing::warn!(error = format!("{error:#}"), "the signing keys in use stay as they are");
            }
        }
    }

    async fn refresh(&self, tokens: &JoseTokens) -> anyhow::Result<()> {
        let ring = self.load().await?;
        tokens.replace_keys(&ring)?;
        self.remove_outlived(&ring).await
    }
}

#[async_trait]
impl SigningKeys for KeyKeeper {
    fn are_made_here(&self) -> bool {
        matches!(self.source, Source::Store(_))
    }

    async fn ring(&self) -> Result<KeyRing, StoreError> {
        self.load().await.map_err(|error| failure("load the signing keys", error))
    }

    async fn rotate(&self) -> Result<Option<SigningKey>, StoreError> {
        if !self.are_made_here() {
            return Ok(None);
        }
        // The method of the keeper itself, which goes before the port's.
        self.rotate().await.map(Some).map_err(|error| failure("rotate the signing keys", error))
    }
}

fn failure(context: &'static str, error: anyhow::Error) -> StoreError {
    let kind = error.downcast_ref().map_or(StoreErrorKind::Internal, StoreError::kind);
    StoreError::new(kind, context).with_source(error)
}

/// Reads private keys from PEM files, so ordered that the first signs.
fn read_files(files: &[PathBuf]) -> anyhow::Result<KeyRing> {
    let read = |(place, path): (usize, &PathBuf)| {
        // No file says when its key was made: its place in the list tells which comes first.
        let seconds = i64::try_from(files.len() - place).unwrap_or(0);
        read_file(path, Instant::UNIX_EPOCH + Span::seconds(seconds))
    };
    files.iter().enumerate().map(read).collect::<anyhow::Result<Vec<_>>>().map(KeyRing::new)
}

fn read_file(path: &Path, at: Instant) -> anyhow::Result<SigningKey> {
    let pem = std::fs::read_to_string(path).map(zeroize::Zeroizing::new).with_context(|| {
        format!("the signing key {} cannot be read; check keys.files and the file's owner", path.display())
    })?;
    import_pem(&pem, at, at).with_context(|| format!("the signing key {} cannot be used", path.display()))
}
