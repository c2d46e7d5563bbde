use std::fmt;
use std::sync::Arc;

use archon_domain::StoreError;
use archon_domain::ports::Probe;
use async_trait::async_trait;

use crate::facts::RedisFacts;
use crate::keys::Keys;
use crate::link::{Link, Wire};
use crate::target::Target;
use crate::{OpenError, RedisOptions};

/// The fast path by Redis. Clones share one connection.
///
/// It begins unconnected. [`Probe::probe`] connects, and after a connection was lost connects again; until then
/// every call answers `Unavailable` at once. No call is ever repeated over another connection, and none is
/// made over a connection that another caller has seen fail. So whoever probes can bring Redis up to date
/// before it lets anybody ask again. Health checks that must not do that use [`RedisStore::is_connected`].
#[derive(Clone)]
pub struct RedisStore {
    pub(crate) link: Arc<Link>,
    pub(crate) keys: Keys,
}

impl RedisStore {
    /// Reads the options; connects to nothing.
    ///
    /// # Errors
    /// What is wrong with the options.
    pub fn open(options: &RedisOptions) -> Result<Self, OpenError> {
        if !crate::slots::is_fit_for_prefix(&options.key_prefix) {
            return Err(OpenError::Options(format!(
                "the key prefix {:?} has braces that are no hash tag: use none, or {{name}}",
                options.key_prefix
            )));
        }
        let link = Arc::new(Link::new(Target::new(options)?));
        Ok(Self { link, keys: Keys::new(options.key_prefix.clone(), options.hash_tokens) })
    }

    /// What each connected server says of itself. Connects like a probe, and is one.
    ///
    /// # Errors
    /// As [`Probe::probe`].
    pub async fn facts(&self) -> Result<Vec<RedisFacts>, StoreError> {
        self.link.probe().await.map_err(|fault| fault.at("probe Redis"))
    }

    /// Whether the last that was heard of Redis was good. Asks nobody.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.link.is_up()
    }

    pub(crate) fn wire(&self, context: &'static str) -> Result<Wire<'_>, StoreError> {
        self.link.wire().map_err(|fault| fault.at(context))
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RedisStore").field("connected", &self.is_connected()).finish_non_exhaustive()
    }
}

#[async_trait]
impl Probe for RedisStore {
    async fn probe(&self) -> Result<(), StoreError> {
        self.facts().await.map(drop)
    }
}
