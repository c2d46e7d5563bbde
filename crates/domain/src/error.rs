use std::error::Error;
use std::fmt;

/// Why a storage port could not answer.
///
/// Expected outcomes (an address that is taken, a token that is spent) are never errors: they are
/// variants of the method's own result.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    context: &'static str,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// What a caller can do about a [`StoreError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// The store is away, slow or full; the same call may succeed later.
    Unavailable,
    /// Two writers met and neither could be preferred; the same call may succeed at once.
    Conflict,
    /// What is stored cannot be read as what was written; a person has to look.
    Corrupt,
    /// A fault in the adapter or its configuration.
    Internal,
}

impl StoreError {
    /// An error of `kind` met while doing `context`, a short phrase such as "open account".
    #[must_use]
    pub fn new(kind: StoreErrorKind, context: &'static str) -> Self {
        Self { kind, context, source: None }
    }

    /// Adds the cause; it is logged, never shown to a client.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What a caller can do about it.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            StoreErrorKind::Unavailable => "the store is unavailable",
            StoreErrorKind::Conflict => "concurrent writers conflict",
            StoreErrorKind::Corrupt => "stored data is corrupt",
            StoreErrorKind::Internal => "the storage adapter failed",
        };
        write!(formatter, "{}: {kind}", self.context)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
