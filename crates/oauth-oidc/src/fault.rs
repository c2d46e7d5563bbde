//! Short names for the errors of this crate.

use archon_domain::{ProviderError, ProviderFault, ProviderStep, Span};

pub(crate) fn unavailable(
    step: ProviderStep,
    retry_after: Option<Span>,
    reason: impl Into<String>,
) -> ProviderError {
    ProviderError::new(step, ProviderFault::Unavailable { retry_after }, reason)
}

pub(crate) fn refused(step: ProviderStep, reason: impl Into<String>) -> ProviderError {
    ProviderError::new(step, ProviderFault::Refused, reason)
}

pub(crate) fn misconfigured(step: ProviderStep, reason: impl Into<String>) -> ProviderError {
    ProviderError::new(step, ProviderFault::Misconfigured, reason)
}

pub(crate) fn invalid(step: ProviderStep, reason: impl Into<String>) -> ProviderError {
    ProviderError::new(step, ProviderFault::InvalidAnswer, reason)
}
