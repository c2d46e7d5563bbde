use std::fmt;

use archon_domain::ports::{HashError, PasswordCheck, PasswordHasher};
use archon_domain::{Password, PasswordHash};
use argon2::Params;
use async_trait::async_trait;

use crate::parameters::{Argon2Parameters, PoolSettings};
use crate::phc::{self, StoredHash};
use crate::pool::Pool;

/// Hashes passwords with Argon2id (RFC 9106) on threads of its own.
pub struct Argon2Hasher {
    params: Params,
    dummy: PasswordHash,
    pool: Pool,
}

impl Argon2Hasher {
    /// Starts the threads and allocates their memory: threads times `memory_kib`, whatever the load.
    ///
    /// # Errors
    /// When the parameters are out of range, or there are no threads or no memory to be had.
    pub fn new(parameters: Argon2Parameters, settings: PoolSettings) -> Result<Self, HashError> {
        let params = parameters.to_params()?;
        let dummy = phc::dummy(&params)?;
        let pool = Pool::start(settings, params.block_count())?;
        Ok(Self { params, dummy, pool })
    }

    /// How many passwords were hashed or compared since the start; skipped ones do not count.
    #[must_use]
    pub fn hashes_done(&self) -> u64 {
        self.pool.done()
    }

    #[cfg(test)]
    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }
}

impl fmt::Debug for Argon2Hasher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Argon2Hasher").field("params", &self.params).finish_non_exhaustive()
    }
}

#[async_trait]
impl PasswordHasher for Argon2Hasher {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError> {
        let (password, params) = (password.clone(), self.params.clone());
        self.pool.run(move |memory| phc::hash(password.as_bytes(), &params, memory)).await
    }

    async fn verify(
        &self,
        password: &Password,
        hash: Option<&PasswordHash>,
    ) -> Result<PasswordCheck, HashError> {
        let stored = StoredHash::parse(hash.unwrap_or(&self.dummy))?;
        let is_known = hash.is_some();
        let (password, params) = (password.clone(), self.params.clone());
        let check = move |memory: &mut _| {
            let matches = stored.matches(password.as_bytes(), memory)?;
            if !matches || !is_known {
                return Ok(PasswordCheck::Wrong);
            }
            if stored.is_outdated(&params) {
                let upgraded = phc::hash(password.as_bytes(), &params, memory)?;
                return Ok(PasswordCheck::RightAndUpgraded(upgraded));
            }
            Ok(PasswordCheck::Right)
        };
        self.pool.run(check).await
    }
}
