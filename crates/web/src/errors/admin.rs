//! The outcomes of what administrators do.

use archon_app::{AdministerError, AdministratorError};

use super::{last_administrator, reused_password};
use crate::problem::Problem;

impl From<AdministratorError> for Problem {
    fn from(error: AdministratorError) -> Self {
        match error {
            AdministratorError::Forbidden => {
                Self::forbidden("FORBIDDEN", "Only administrators may do this").way_out(
                    "authorization",
                    "Come with the access token of an administrator; to whom the role was given a moment ago: get a \
                     new token with the refresh token",
                )
            }
            AdministratorError::Fault(fault) => fault.into(),
        }
    }
}

impl From<AdministerError> for Problem {
    fn from(error: AdministerError) -> Self {
        match error {
            AdministerError::UnknownUser => {
                Self::not_found("USER_NOT_FOUND", "There is no such user; GET /auth/admin/users lists all")
            }
            AdministerError::UnknownSession => Self::not_found(
                "SESSION_NOT_FOUND",
                "The user has no such session; GET /auth/admin/users/{user_id}/sessions lists those there are",
            ),
            AdministerError::UnknownMail => Self::not_found(
                "MAIL_NOT_FOUND",
                "No such mail was given up; GET /auth/admin/mail/failed lists those that were",
            ),
            AdministerError::EmailExists => {
                Self::conflict("EMAIL_EXISTS", "Another account has this e-mail address")
            }
            AdministerError::Weak(errors) => Self::invalid_fields(errors),
            AdministerError::Reused => reused_password(),
            AdministerError::LastAdministrator => last_administrator(),
            AdministerError::KeysFromFiles => {
                Self::conflict("KEYS_FROM_FILES", "The signing keys come from files of the operator").way_out(
                    "keys",
                    "Rename the first file of keys.files to another one of that list, put the new key in its place, \
                     and send SIGHUP",
                )
            }
            AdministerError::Superseded => {
                Self::conflict("ACCOUNT_CHANGED", "The account was changed a moment ago; look at it and try again")
            }
            AdministerError::Fault(fault) => fault.into(),
        }
    }
}
