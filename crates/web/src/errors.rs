//! Which status and code each outcome of each use case has: one exhaustive `match` per use case.

mod admin;
mod alerts;
mod oauth;

use archon_app::{
    AuthenticateError, ChangePasswordError, DeleteAccountError, EndSessionError, LogInError, LogOutError,
    OwnPasswordError, ProfileError, RefreshError, RegisterError, ResendError, ResetPasswordError,
    VerifyEmailError,
};
use archon_domain::{TerminationReason, TokenRejection};

use crate::problem::Problem;

/// What RFC 6750 calls every reason to refuse a token.
const INVALID_TOKEN: &str = "invalid_token";

impl From<RegisterError> for Problem {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::EmailExists => {
                Self::conflict("EMAIL_EXISTS", "An account with this e-mail address exists")
                    .way_out("email", "Log in, or reset the password if it is forgotten")
            }
            RegisterError::Weak(errors) => Self::invalid_fields(errors),
            RegisterError::Fault(fault) => fault.into(),
        }
    }
}

impl From<LogInError> for Problem {
    fn from(error: LogInError) -> Self {
        match error {
            LogInError::InvalidCredentials => invalid_credentials(),
            LogInError::Locked { until } => Self::locked(until),
            LogInError::AddressBlocked(blocked) => blocked.into(),
            LogInError::EmailNotVerified { mail_sent } => {
                let way_out = if mail_sent {
                    "Open the link in the mail that is on its way"
                } else {
                    "Open the link in one of the mails that were sent; log in again later for another one"
                };
                Self::forbidden("EMAIL_NOT_VERIFIED", "The e-mail address is not verified yet")
                    .way_out("email", way_out)
            }
            LogInError::AccountDisabled => Self::forbidden("ACCOUNT_DISABLED", "The account is disabled")
                .way_out("email", "Ask an administrator of the service"),
            LogInError::SessionLimitReached => {
                Self::forbidden("SESSION_LIMIT_REACHED", "The account has as many sessions as allowed")
                    .way_out("email", "Log out on another device first")
            }
            LogInError::Fault(fault) => fault.into(),
        }
    }
}

fn invalid_credentials() -> Problem {
    Problem::unauthorized("INVALID_CREDENTIALS", "Invalid email or password")
}

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        let (code, way_out) = match error {
            RefreshError::Rejected(TokenRejection::Expired) => {
                ("TOKEN_EXPIRED", "The refresh token has expired; log in again")
            }
            RefreshError::Rejected(
                TokenRejection::Malformed
                | TokenRejection::UnknownKey
                | TokenRejection::BadSignature
                | TokenRejection::WrongAudience
                | TokenRejection::WrongKind
                | TokenRejection::NotYetValid,
            ) => ("TOKEN_INVALID", "This is no refresh token of this service; log in again"),
            RefreshError::Revoked => ("TOKEN_INVALID", "The session was ended; log in again"),
            RefreshError::Reused => (
                "TOKEN_REUSED",
                "A spent refresh token was presented, so the session was ended; log in again",
            ),
            RefreshError::Suspicious(reason) => {
                ("TOKEN_INVALID", ending(TerminationReason::Suspicious(reason)))
            }
            RefreshError::SessionExpired => ("SESSION_EXPIRED", "The session has expired; log in again"),
            RefreshError::Fault(fault) => return fault.into(),
        };
        Self::unauthorized(code, "Invalid or expired refresh token")
            .way_out("refresh_token", way_out)
            .bearer(INVALID_TOKEN, way_out)
    }
}

impl From<AuthenticateError> for Problem {
    fn from(error: AuthenticateError) -> Self {
        let (code, message, way_out) = match error {
            AuthenticateError::Rejected(TokenRejection::Expired) => (
                "TOKEN_EXPIRED",
                "Token has expired",
                "Get a new access token with the refresh token, or log in again",
            ),
            AuthenticateError::Rejected(TokenRejection::WrongKind) => (
                "TOKEN_INVALID",
                "Invalid token",
                "This is a refresh token; present the access token instead",
            ),
            AuthenticateError::Rejected(
                TokenRejection::Malformed
                | TokenRejection::UnknownKey
                | TokenRejection::BadSignature
                | TokenRejection::WrongAudience
                | TokenRejection::NotYetValid,
            ) => ("TOKEN_INVALID", "Invalid token", "This is no token of this service; log in again"),
            AuthenticateError::Revoked => {
                ("TOKEN_REVOKED", "Invalid token", "The token was revoked; log in again")
            }
            AuthenticateError::SessionEnded(reason) => ("TOKEN_REVOKED", "Invalid token", ending(reason)),
            AuthenticateError::SessionExpired => {
                ("SESSION_EXPIRED", "The session has expired", "Log in again")
            }
            AuthenticateError::Fault(fault) => return fault.into(),
        };
        Self::unauthorized(code, message).way_out("authorization", way_out).bearer(INVALID_TOKEN, way_out)
    }
}

/// Why a session was ended, as its user should read it.
fn ending(reason: TerminationReason) -> &'static str {
    match reason {
        TerminationReason::Logout => "The session was logged out; log in again",
        TerminationReason::EndedByUser => "The session was ended from another device; log in again",
        TerminationReason::SessionLimit => "A newer log-in took this session's place; log in again",
        TerminationReason::TokenReuse => {
            "A spent refresh token was presented, so the session was ended; log in again"
        }
        TerminationReason::PasswordChanged => "The password was changed; log in again",
        TerminationReason::EndedByAdministrator => "An administrator ended the session; log in again",
        // Which rule it was is for the operators: a thief would learn how to keep it.
        TerminationReason::Suspicious(_) => {
            "The session was used from another place or device than before, so it was ended; log in again"
        }
    }
}

impl From<LogOutError> for Problem {
    fn from(error: LogOutError) -> Self {
        match error {
            LogOutError::Fault(fault) => fault.into(),
        }
    }
}

impl From<EndSessionError> for Problem {
    fn from(error: EndSessionError) -> Self {
        match error {
            EndSessionError::NotFound => Self::not_found(
                "SESSION_NOT_FOUND",
                "There is no such session; GET /auth/sessions lists yours",
            ),
            EndSessionError::Fault(fault) => fault.into(),
        }
    }
}

/// The account behind a valid token was deleted a moment ago.
fn account_gone() -> Problem {
    let way_out = "The account was deleted";
    Problem::unauthorized("TOKEN_REVOKED", "Invalid token")
        .way_out("authorization", way_out)
        .bearer(INVALID_TOKEN, way_out)
}

impl From<ProfileError> for Problem {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::AccountGone => account_gone(),
            ProfileError::Fault(fault) => fault.into(),
        }
    }
}

impl From<ResendError> for Problem {
    fn from(error: ResendError) -> Self {
        match error {
            ResendError::AccountGone => account_gone(),
            ResendError::Fault(fault) => fault.into(),
        }
    }
}

impl From<VerifyEmailError> for Problem {
    fn from(error: VerifyEmailError) -> Self {
        match error {
            VerifyEmailError::InvalidToken => {
                invalid_link("Ask for a new mail with POST /auth/email/verify/resend")
            }
            VerifyEmailError::Fault(fault) => fault.into(),
        }
    }
}

/// What a wrong present password comes to, in the field it was given in.
fn own_password(error: OwnPasswordError, field: &'static str) -> Problem {
    match error {
        OwnPasswordError::Wrong => {
            Problem::unauthorized("INVALID_CREDENTIALS", "The current password is wrong")
                .way_out(field, "Give the account's present password")
        }
        OwnPasswordError::Locked { until } => Problem::locked(until),
        OwnPasswordError::Fault(fault) => fault.into(),
    }
}

impl From<DeleteAccountError> for Problem {
    fn from(error: DeleteAccountError) -> Self {
        match error {
            DeleteAccountError::PasswordRequired => {
                Self::bad_request("VALIDATION_ERROR", "The account's password is needed to delete it")
                    .way_out("password", "Send {\"password\": \"...\"} with the account's present password")
            }
            DeleteAccountError::Password(error) => own_password(error, "password"),
            DeleteAccountError::LastAdministrator => last_administrator(),
            DeleteAccountError::AccountGone => account_gone(),
            DeleteAccountError::Fault(fault) => fault.into(),
        }
    }
}

fn last_administrator() -> Problem {
    Problem::conflict("LAST_ADMINISTRATOR", "Nobody could administer the service any more")
        .way_out("account", "Make another account an administrator first")
}

/// The token of a link that does not work, for whatever reason.
fn invalid_link(way_out: &'static str) -> Problem {
    Problem::bad_request("TOKEN_INVALID", "Invalid or expired token").way_out("token", way_out)
}

fn reused_password() -> Problem {
    Problem::bad_request("PASSWORD_REUSED", "The new password is one of the latest")
        .way_out("new_password", "Choose a password that was not used before")
}

impl From<ResetPasswordError> for Problem {
    fn from(error: ResetPasswordError) -> Self {
        match error {
            ResetPasswordError::InvalidToken => {
                invalid_link("Ask for a new mail with POST /auth/password/reset")
            }
            ResetPasswordError::Weak(errors) => Self::invalid_fields(errors),
            ResetPasswordError::Reused => reused_password(),
            ResetPasswordError::Fault(fault) => fault.into(),
        }
    }
}

impl From<ChangePasswordError> for Problem {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            ChangePasswordError::Current(error) => own_password(error, "current_password"),
            ChangePasswordError::Weak(errors) => Self::invalid_fields(errors),
            ChangePasswordError::Reused => reused_password(),
            ChangePasswordError::Superseded => Self::conflict(
                "PASSWORD_CHANGED",
                "The password was changed a moment ago; log in with the new one",
            ),
            ChangePasswordError::AccountGone => account_gone(),
            ChangePasswordError::Fault(fault) => fault.into(),
        }
    }
}
