use archon_domain::ports::HashError;
use archon_domain::{StoreError, StoreErrorKind, TokenError};
use thiserror::Error;

/// Something the service needs did not do its part; nothing the caller did is wrong.
#[derive(Debug, Error)]
pub enum Fault {
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Hashing failed or its queue is full.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// A token could not be made.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The attempts under way for one address did not come to an end in time.
    #[error("too many log-ins to one address are under way")]
    AttemptsPending,
}

/// What a client can do about a [`Fault`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// Try again in a moment.
    Temporary,
    /// Nothing; an operator has to look.
    Permanent,
}

impl Fault {
    /// What a client can do about it.
    #[must_use]
    pub fn kind(&self) -> FaultKind {
        match self {
            Self::Store(error) => match error.kind() {
                StoreErrorKind::Unavailable | StoreErrorKind::Conflict => FaultKind::Temporary,
                StoreErrorKind::Corrupt | StoreErrorKind::Internal => FaultKind::Permanent,
            },
            Self::Hash(HashError::Overloaded) | Self::AttemptsPending => FaultKind::Temporary,
            Self::Hash(HashError::UnreadableHash | HashError::Failed(_)) | Self::Token(_) => {
                FaultKind::Permanent
            }
        }
    }
}
