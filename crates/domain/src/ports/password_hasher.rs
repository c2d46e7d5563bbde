use async_trait::async_trait;
use thiserror::Error;

use crate::{Password, PasswordHash};

/// What a comparison of a password with a hash shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PasswordCheck {
    /// The password is not the hashed one.
    Wrong,
    /// The password is the hashed one.
    Right,
    /// The password is the hashed one, and here is its hash with today's parameters.
    RightAndUpgraded(PasswordHash),
}

impl PasswordCheck {
    /// Whether the password is the hashed one.
    #[must_use]
    pub fn is_right(&self) -> bool {
        *self != Self::Wrong
    }
}

/// Why a password could not be hashed or compared.
#[derive(Debug, Error)]
pub enum HashError {
    /// Every thread is busy and the queue is full; try again in a moment.
    #[error("the hashing queue is full")]
    Overloaded,
    /// The stored hash cannot be read.
    #[error("the stored hash cannot be read")]
    UnreadableHash,
    /// The hashing library or its threads failed.
    #[error("hashing failed: {0}")]
    Failed(String),
}

/// Hashes passwords, slowly and on purpose, off the request threads.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes a password under a fresh salt.
    async fn hash(&self, password: &Password) -> Result<PasswordHash, HashError>;

    /// Compares a password with a hash; with `None` does the same work and answers `Wrong`, so that the
    /// time of an answer does not tell whether there is an account.
    async fn verify(
        &self,
        password: &Password,
        hash: Option<&PasswordHash>,
    ) -> Result<PasswordCheck, HashError>;
}
