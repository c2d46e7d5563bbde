//! Logging in with the providers of a world.

use archon_app::{
    BeginOauth, BeginOauthError, BegunOauth, CallbackError, CallbackOutcome, Caller, Fault as Failure,
    LinkProviderError, LogInError, LoggedIn, ProviderCallback, ProviderLogInError, RedirectTarget,
    UnlinkError,
};
use archon_domain::{AuthorizationResponse, LinkedIdentity, OauthPurpose};

use super::world::{MayFail, REDIRECT_URI, Service, client};

/// What a browser brings back.
pub(crate) fn callback(provider: &str, state: &str, code: &str) -> ProviderCallback {
    let response = AuthorizationResponse { code: code.to_owned(), issuer: None };
    ProviderCallback {
        provider: provider.to_owned(),
        state: state.to_owned(),
        outcome: CallbackOutcome::Code(response),
        client: client(),
    }
}

/// An address that clients may name.
pub(crate) fn listed() -> RedirectTarget {
    RedirectTarget::Listed(REDIRECT_URI.to_owned())
}

impl Service {
    /// Begins to log in.
    pub(crate) async fn begin(&self, provider: &str) -> Result<BegunOauth, BeginOauthError> {
        let provider = provider.to_owned();
        let (redirect, purpose) = (listed(), OauthPurpose::LogIn);
        let command = BeginOauth { provider, redirect, purpose, client: client() };
        self.auth.begin_oauth(command).await
    }

    /// Finishes a log-in that has begun.
    pub(crate) async fn finish(
        &self,
        provider: &str,
        state: &str,
        code: &str,
    ) -> Result<LoggedIn, ProviderLogInError> {
        self.auth.log_in_with_provider(callback(provider, state, code)).await
    }

    /// Logs in from beginning to end; begins again where the state was lost or could not be kept, as users do.
    pub(crate) async fn log_in_with(
        &self,
        provider: &str,
        code: &str,
    ) -> Result<LoggedIn, ProviderLogInError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let begun = match self.begin(provider).await {
                Ok(begun) => begun,
                // A fast store that goes away at this moment may have kept it or not.
                Err(BeginOauthError::Fault(_)) if tries < 3 => continue,
                Err(BeginOauthError::Fault(failure)) => return Err(CallbackError::from(failure).into()),
                Err(error) => panic!("{error:?}"),
            };
            match self.finish(provider, begun.state.expose(), code).await {
                Err(ProviderLogInError::Callback(CallbackError::InvalidState(_))) if tries < 3 => {}
                outcome => return outcome,
            }
        }
    }

    /// Links a provider from beginning to end.
    pub(crate) async fn link_with(
        &self,
        caller: &Caller,
        provider: &str,
        code: &str,
    ) -> Result<LinkedIdentity, LinkProviderError> {
        let begun = self.auth.begin_linking(caller, provider.to_owned(), listed()).await.unwrap();
        self.auth.link_provider(caller, callback(provider, begun.state.expose(), code)).await
    }
}

impl MayFail for CallbackError {
    fn failure(&self) -> Option<&Failure> {
        if let Self::Fault(failure) = self { Some(failure) } else { None }
    }
}

impl MayFail for ProviderLogInError {
    fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Callback(error) => error.failure(),
            Self::LogIn(LogInError::Fault(failure)) => Some(failure),
            _ => None,
        }
    }
}

impl MayFail for UnlinkError {
    fn failure(&self) -> Option<&Failure> {
        if let Self::Fault(failure) = self { Some(failure) } else { None }
    }
}
