use async_trait::async_trait;
use thiserror::Error;

use crate::Password;

/// Why nobody knows whether a password is in a breach.
#[derive(Debug, Error)]
#[error("{0}")]
pub struct BreachLookupError(pub String);

/// Knows passwords that were made public, from a list that grows (OWASP ASVS 5.0, 6.2.12; NIST SP 800-63B-4,
/// section 3.1.1.2).
#[async_trait]
pub trait BreachedPasswords: Send + Sync {
    /// Whether the password is among those that were made public.
    ///
    /// # Errors
    /// What is in the way, without the password or anything made of it. Callers then go on as if it were not.
    async fn contains(&self, password: &Password) -> Result<bool, BreachLookupError>;
}
