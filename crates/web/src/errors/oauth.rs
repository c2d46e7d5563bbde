//! The outcomes of log-ins with a provider.

use actix_web::http::StatusCode;
use archon_app::{
    BeginLinkingError, BeginOauthError, CallbackError, LinkProviderError, ProviderLogInError, UnlinkError,
};
use archon_domain::{ProviderError, ProviderFault};

use super::account_gone;
use crate::problem::{Problem, RetryAfter};

/// How long a client may be asked to leave a provider alone, in seconds; what a provider says beyond is its own
/// affair.
const PATIENCE: std::ops::RangeInclusive<i64> = 1..=3600;

impl From<BeginOauthError> for Problem {
    fn from(error: BeginOauthError) -> Self {
        match error {
            BeginOauthError::UnknownProvider => {
                Self::bad_request("UNKNOWN_PROVIDER", "There is no such provider")
                    .way_out("provider", "GET /auth/oauth/providers lists those that there are")
            }
            BeginOauthError::NotConfigured => not_configured(),
            BeginOauthError::InvalidRedirectUri => {
                let way_out =
                    "Ask the operator of the service to add it to oauth.redirect_uris, to the letter";
                Self::bad_request("INVALID_REDIRECT_URI", "The redirect URI is not in the service's list")
                    .way_out("redirect_uri", way_out)
            }
            BeginOauthError::Provider(error) => error.into(),
            BeginOauthError::Fault(fault) => fault.into(),
        }
    }
}

fn not_configured() -> Problem {
    Problem::bad_request("PROVIDER_NOT_CONFIGURED", "The service has no credentials for this provider")
        .way_out("provider", "Choose one that GET /auth/oauth/providers says is enabled")
}

impl From<ProviderError> for Problem {
    fn from(error: ProviderError) -> Self {
        let (what, retry_after) = match error.fault() {
            ProviderFault::Refused => {
                return Self::bad_request("OAUTH_CODE_REFUSED", "The provider does not accept the code")
                    .way_out("code", "Begin again: a code works once, and for a few minutes only");
            }
            ProviderFault::Unavailable { retry_after } => {
                ("it is away or busy; begin again later", retry_after)
            }
            ProviderFault::Misconfigured => (
                "it and this service are not set up for each other; the operator finds the cause in the log under \
                 this request_id",
                None,
            ),
            ProviderFault::InvalidAnswer => (
                "its answer cannot be believed; begin again, and tell the operator if that does not help",
                None,
            ),
        };
        let message = format!("The provider failed at the step \"{}\": {what}", error.step());
        let mut problem = Self::new(StatusCode::BAD_GATEWAY, "PROVIDER_ERROR", message);
        problem.retry_after = retry_after
            .map(|span| RetryAfter::Seconds(span.num_seconds().clamp(*PATIENCE.start(), *PATIENCE.end())));
        problem.cause = Some(Box::new(error));
        problem
    }
}

impl From<CallbackError> for Problem {
    fn from(error: CallbackError) -> Self {
        match error {
            CallbackError::InvalidState(_) => {
                let way_out = "Begin again: a state works once, for a few minutes, and for the very provider, purpose \
                               and user that it was begun for";
                Self::bad_request("INVALID_STATE", "Invalid state parameter").way_out("state", way_out)
            }
            CallbackError::Denied => {
                Self::bad_request("OAUTH_DENIED", "The log-in was cancelled at the provider; begin again")
            }
            CallbackError::NotConfigured => not_configured(),
            CallbackError::Provider(error) => error.into(),
            CallbackError::Fault(fault) => fault.into(),
        }
    }
}

impl From<ProviderLogInError> for Problem {
    fn from(error: ProviderLogInError) -> Self {
        match error {
            ProviderLogInError::Callback(error) => error.into(),
            ProviderLogInError::EmailRequired => {
                let way_out = "Let the provider share an address and begin again, or register with an address and \
                               link the provider in the account";
                Self::bad_request("OAUTH_EMAIL_REQUIRED", "The provider tells no e-mail address")
                    .way_out("email", way_out)
            }
            ProviderLogInError::AccountExists => {
                let message =
                    "An account has this e-mail address, and the provider does not vouch that it is yours";
                Self::conflict("ACCOUNT_EXISTS", message)
                    .way_out("email", "Log in as usual, then link the provider in the account")
            }
            ProviderLogInError::LogIn(error) => error.into(),
        }
    }
}

impl From<BeginLinkingError> for Problem {
    fn from(error: BeginLinkingError) -> Self {
        match error {
            BeginLinkingError::EmailNotVerified => verify_first(),
            BeginLinkingError::AccountGone => account_gone(),
            BeginLinkingError::Begin(error) => error.into(),
        }
    }
}

fn verify_first() -> Problem {
    let message = "The e-mail address must be verified before a provider can be linked";
    Problem::forbidden("EMAIL_NOT_VERIFIED", message)
        .way_out("email", "Open the link in the mail that POST /auth/email/verify/resend sends")
}

impl From<LinkProviderError> for Problem {
    fn from(error: LinkProviderError) -> Self {
        match error {
            LinkProviderError::Callback(error) => error.into(),
            LinkProviderError::EmailNotVerified => verify_first(),
            LinkProviderError::IdentityTaken => {
                let message = "Another account is linked to this user of the provider";
                Self::conflict("IDENTITY_TAKEN", message)
                    .way_out("provider", "Log in with the provider, and unlink it in that account first")
            }
            LinkProviderError::AccountGone => account_gone(),
        }
    }
}

impl From<UnlinkError> for Problem {
    fn from(error: UnlinkError) -> Self {
        match error {
            UnlinkError::NotLinked => Self::not_found(
                "PROVIDER_NOT_LINKED",
                "The provider is not linked; GET /auth/me/identities lists those that are",
            ),
            UnlinkError::LastWayIn => {
                let message = "The provider is the last way to log in to the account";
                let way_out = "Set a password first with POST /auth/password/reset, or link another provider";
                Self::conflict("LAST_WAY_IN", message).way_out("provider", way_out)
            }
            UnlinkError::Fault(fault) => fault.into(),
        }
    }
}
