use std::fmt;

use archon_domain::{
    AuthorizationResponse, Client, EventKind, ExternalIdentity, OauthFlow, OauthPurpose, OneTimeToken,
    ProviderError, ProviderFault, ProviderStep, UserId,
};
use thiserror::Error;

use super::ProviderLookup;
use crate::recorder::Happening;
use crate::{Auth, Fault};

/// Finish a flow by what the user's browser has brought back from the provider.
pub struct ProviderCallback {
    /// The provider's name, as the path says it.
    pub provider: String,
    /// `state` as it came back.
    pub state: String,
    /// What else came back.
    pub outcome: CallbackOutcome,
    /// Who brings it.
    pub client: Client,
}

/// What a provider sends back with the user (RFC 6749 section 4.1.2).
#[derive(Debug)]
pub enum CallbackOutcome {
    /// A code that says who the user is.
    Code(AuthorizationResponse),
    /// Why there is no code.
    Error {
        /// `error`, a word.
        error: String,
        /// `error_description`, a sentence of the provider's.
        description: Option<String>,
    },
}

/// Why a callback says nothing of who the user is. Its flow is spent, whatever is wrong.
#[derive(Debug, Error)]
pub enum CallbackError {
    /// The flow that it finishes is none that may be finished here.
    #[error("the state is {}", .0.as_str())]
    InvalidState(StateRefusal),
    /// The user has not gone through with it.
    #[error("the log-in was cancelled at the provider")]
    Denied,
    /// The provider was configured when the flow began, and is not any more.
    #[error("the provider is not configured")]
    NotConfigured,
    /// The provider does not say who the user is.
    #[error(transparent)]
    Provider(#[from] ProviderError),
    /// The service could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// What is wrong with a `state`. For events and logs: whoever presents one is told that it is refused, no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateRefusal {
    /// It is malformed, unknown, spent or expired.
    Unknown,
    /// It was begun with another provider.
    OtherProvider,
    /// It was begun to log in, and is presented to link, or the other way round.
    OtherPurpose,
    /// It was begun by another user.
    OtherUser,
}

impl StateRefusal {
    /// The word that events have.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown_state",
            Self::OtherProvider => "state_of_other_provider",
            Self::OtherPurpose => "state_of_other_purpose",
            Self::OtherUser => "state_of_other_user",
        }
    }
}

impl fmt::Debug for ProviderCallback {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ProviderCallback")
            .field("provider", &self.provider)
            .field("outcome", &self.outcome)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl Auth {
    /// Spends the flow and its code, and says who the user is to the provider.
    pub(super) async fn identify(
        &self,
        callback: &ProviderCallback,
        purpose: OauthPurpose,
    ) -> Result<ExternalIdentity, CallbackError> {
        // Whatever else is wrong with the callback: a state is good for one try.
        let flow = self.take_flow(callback, purpose).await?;
        let ProviderLookup::Configured(provider) = self.ports.providers.find(&flow.provider) else {
            return Err(CallbackError::NotConfigured);
        };
        match &callback.outcome {
            CallbackOutcome::Code(response) => Ok(provider.identify(&flow, response, self.now()).await?),
            CallbackOutcome::Error { error, description } => {
                tracing::info!(
                    provider = flow.provider,
                    error = cleaned(error),
                    description = description.as_deref().map(cleaned),
                    "the provider has sent a user back without a code"
                );
                Err(meaning_of(error))
            }
        }
    }

    async fn take_flow(
        &self,
        callback: &ProviderCallback,
        purpose: OauthPurpose,
    ) -> Result<OauthFlow, CallbackError> {
        let refused = |refusal| Err(CallbackError::InvalidState(refusal));
        let Some(state) = OneTimeToken::parse(&callback.state) else {
            return refused(StateRefusal::Unknown);
        };
        let flow = self.ports.oauth_states.consume(&state, self.now()).await.map_err(Fault::from)?;
        match flow {
            None => refused(StateRefusal::Unknown),
            Some(flow) if flow.provider != callback.provider => refused(StateRefusal::OtherProvider),
            Some(flow) => match (flow.purpose, purpose) {
                (begun, finished) if begun == finished => Ok(flow),
                (OauthPurpose::Link(_), OauthPurpose::Link(_)) => refused(StateRefusal::OtherUser),
                (OauthPurpose::Link(_), OauthPurpose::LogIn) | (OauthPurpose::LogIn, _) => {
                    refused(StateRefusal::OtherPurpose)
                }
            },
        }
    }

    /// Records and counts a flow that came to nothing; `user` is whose account it was about.
    pub(super) async fn record_oauth_failure(
        &self,
        callback: &ProviderCallback,
        failure: Failure,
        user: Option<UserId>,
    ) {
        let mut failed = self.failed_flow(&callback.provider, failure).client(&callback.client);
        if let Some(user) = user {
            failed = failed.user(user);
        }
        self.recorder.record(failed).await;
    }

    /// Counts a flow that came to nothing, and puts it into words.
    pub(super) fn failed_flow(&self, provider: &str, failure: Failure) -> Happening {
        // A name from a path is anybody's text: only those that are listed go further.
        let listed = !matches!(self.ports.providers.find(provider), ProviderLookup::Unknown);
        let provider = if listed { provider } else { "unknown" };
        self.count_oauth(provider, failure.reason);
        let failed = Happening::new(EventKind::OauthFailed)
            .detail("provider", provider)
            .detail("reason", failure.reason);
        match failure.step {
            Some(step) => failed.detail("step", step.as_str()),
            None => failed,
        }
    }

    /// Counts what a flow came to.
    pub(super) fn count_oauth(&self, provider: &str, outcome: &'static str) {
        let provider = provider.to_owned();
        metrics::counter!("archon_oauth_total", "provider" => provider, "outcome" => outcome).increment(1);
    }
}

/// Why a flow came to nothing, in words for events and metrics.
pub(super) struct Failure {
    reason: &'static str,
    step: Option<ProviderStep>,
}

impl Failure {
    pub(super) fn because(reason: &'static str) -> Self {
        Self { reason, step: None }
    }
}

impl From<&ProviderError> for Failure {
    fn from(error: &ProviderError) -> Self {
        let reason = match error.fault() {
            ProviderFault::Unavailable { .. } => "provider_unavailable",
            ProviderFault::Refused => "code_refused",
            ProviderFault::Misconfigured => "provider_misconfigured",
            ProviderFault::InvalidAnswer => "invalid_answer",
        };
        Self { reason, step: Some(error.step()) }
    }
}

impl From<&CallbackError> for Failure {
    fn from(error: &CallbackError) -> Self {
        match error {
            CallbackError::InvalidState(refusal) => Self::because(refusal.as_str()),
            CallbackError::Denied => Self::because("denied"),
            CallbackError::NotConfigured => Self::because("not_configured"),
            CallbackError::Provider(error) => error.into(),
            CallbackError::Fault(_) => Self::because("fault"),
        }
    }
}

/// What a provider means by the word that it sends back in place of a code (RFC 6749 section 4.1.2.1, OpenID
/// Connect Core section 3.1.2.6).
fn meaning_of(error: &str) -> CallbackError {
    let (fault, reason) = match error {
        "access_denied"
        | "login_required"
        | "consent_required"
        | "interaction_required"
        | "account_selection_required" => return CallbackError::Denied,
        "server_error" => (ProviderFault::Unavailable { retry_after: None }, "reported server_error"),
        "temporarily_unavailable" => {
            (ProviderFault::Unavailable { retry_after: None }, "reported temporarily_unavailable")
        }
        "invalid_request" => (ProviderFault::Misconfigured, "reported invalid_request"),
        "unauthorized_client" => (ProviderFault::Misconfigured, "reported unauthorized_client"),
        "unsupported_response_type" => (ProviderFault::Misconfigured, "reported unsupported_response_type"),
        "invalid_scope" => (ProviderFault::Misconfigured, "reported invalid_scope"),
        _ => (ProviderFault::Misconfigured, "reported an error that no standard knows"),
    };
    ProviderError::new(ProviderStep::Callback, fault, reason).into()
}

/// Somebody else's words, fit for a line of the log.
fn cleaned(words: &str) -> String {
    words.chars().filter(|letter| !letter.is_control()).take(200).collect()
}
