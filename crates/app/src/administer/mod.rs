//! What administrators do: found and shown without a trace, changed only with a [`Mandate`], which says for the
//! record who acted and why.

mod accounts;
mod administrator;
mod directory;
mod events;
mod keys;
mod mails;
mod sessions;

use std::fmt;

use archon_domain::{EventKind, FieldError, FieldErrorCode, UserId};
use thiserror::Error;

pub use accounts::CreateUser;
pub use administrator::{Administrator, AdministratorError};
pub use directory::{UserDetails, UserSearch};
pub use keys::{KeyState, ListedKey};

use crate::Fault;
use crate::new_password::NewPasswordError;
use crate::recorder::Happening;

/// Who administers.
#[derive(Debug, Clone)]
pub enum Actor {
    /// Whoever may run commands on a machine of the service.
    CommandLine,
    /// An administrator, by the API or the console.
    Administrator(Administrator),
}

/// Why something is administered: 1 to 500 characters after trimming, no control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

/// Who administers and why, for the record. Nothing is changed without one.
#[derive(Debug, Clone)]
pub struct Mandate {
    actor: Actor,
    reason: Option<Reason>,
}

/// Some of a list, and where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, C> {
    /// What is on the page.
    pub items: Vec<T>,
    /// Where the page ended, if there is more behind it.
    pub next: Option<C>,
}

/// Why an administrator's wish was not done.
#[derive(Debug, Error)]
pub enum AdministerError {
    /// There is no such user.
    #[error("there is no such user")]
    UnknownUser,
    /// The user has no live session of that id.
    #[error("the user has no such session")]
    UnknownSession,
    /// No mail of that id was given up.
    #[error("no such mail was given up: it was sent, or waits still, or there never was one")]
    UnknownMail,
    /// Another account has the address.
    #[error("another account has this e-mail address")]
    EmailExists,
    /// The password was made public.
    #[error("the password {}", sentences(.0))]
    Weak(Vec<FieldError>),
    /// The password is one of the user's latest.
    #[error("the password is one of the user's latest; choose another one")]
    Reused,
    /// It is the only active account with the role `admin`.
    #[error(
        "this is the last active administrator, and nobody could administer the service any more; make another \
         account an administrator first"
    )]
    LastAdministrator,
    /// The signing keys come from files, which the service does not write.
    #[error(
        "the signing keys come from keys.files: rename the first file to another one of that list, put the new key \
         in its place, and send SIGHUP"
    )]
    KeysFromFiles,
    /// Another change to the account was faster.
    #[error("the account was changed a moment ago; look at it and try again")]
    Superseded,
    /// The service could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Reason {
    /// The longest reason in characters.
    pub const MAX_CHARACTERS: usize = 500;

    /// Reads a reason; white space around it is dropped.
    ///
    /// # Errors
    /// One [`FieldError`] for `reason` that says what is wrong.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let refused = |code, message: &'static str| Err(FieldError::new("reason", code, message));
        let text = text.trim();
        if text.is_empty() {
            return refused(FieldErrorCode::Empty, "must not be empty");
        }
        if text.chars().any(char::is_control) {
            return refused(FieldErrorCode::InvalidCharacters, "must not hold control characters");
        }
        if text.chars().count() > Self::MAX_CHARACTERS {
            return refused(FieldErrorCode::TooLong, "must be at most 500 characters long");
        }
        Ok(Self(text.to_owned()))
    }

    /// The reason as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Mandate {
    /// An administrator acts, and says why.
    #[must_use]
    pub fn new(administrator: Administrator, reason: Reason) -> Self {
        Self { actor: Actor::Administrator(administrator), reason: Some(reason) }
    }

    /// Somebody acts at the command line, who may leave the reason to the record of the shell.
    #[must_use]
    pub fn command_line(reason: Option<Reason>) -> Self {
        Self { actor: Actor::CommandLine, reason }
    }

    /// Who acts.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Why, as far as it was said.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        self.reason.as_ref()
    }

    /// The event that says what was done and to what: with the request it was asked for by, if it was one.
    pub(crate) fn action(&self, action: &'static str, target: impl fmt::Display) -> Happening {
        let mut happening = Happening::new(EventKind::AdminAction)
            .detail("action", action)
            .detail("target", target.to_string())
            .detail("actor", self.actor.to_string())
            .detail("reason", self.reason.as_ref().map(Reason::as_str));
        if let Actor::Administrator(administrator) = &self.actor {
            let caller = administrator.caller();
            happening = happening.client(&caller.client).session(&caller.session.id);
        }
        happening
    }

    /// The same for what was done to an account.
    pub(crate) fn action_on(&self, user: UserId, action: &'static str) -> Happening {
        self.action(action, user).user(user)
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine => formatter.write_str("command line"),
            Self::Administrator(administrator) => administrator.caller().user.fmt(formatter),
        }
    }
}

impl<T, C> Page<T, C> {
    /// How many to look for, to know as well whether there are more than `limit`.
    pub(crate) fn with_one_more(limit: u32) -> u32 {
        limit.saturating_add(1)
    }

    /// The page of at most `limit` of what was found, [`with_one_more`](Self::with_one_more).
    pub(crate) fn cut(mut found: Vec<T>, limit: u32, cursor: impl FnOnce(&T) -> C) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_last = found.len() <= limit;
        found.truncate(limit);
        let next = found.last().filter(|_| !is_last).map(cursor);
        Self { items: found, next }
    }
}

impl From<NewPasswordError> for AdministerError {
    fn from(error: NewPasswordError) -> Self {
        match error {
            NewPasswordError::Weak(errors) => Self::Weak(errors),
            NewPasswordError::Reused => Self::Reused,
            NewPasswordError::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// What is wrong with a password, as the rest of a sentence.
fn sentences(errors: &[FieldError]) -> String {
    errors.iter().map(|error| error.message.as_ref()).collect::<Vec<_>>().join("; it ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_trimmed_and_bounded() {
        assert_eq!(Reason::parse(" left the company\n").unwrap().as_str(), "left the company");
        assert!(Reason::parse(&"ä".repeat(500)).is_ok());
        let code = |text: &str| Reason::parse(text).unwrap_err().code;
        assert_eq!(code(&"a".repeat(501)), FieldErrorCode::TooLong);
        assert_eq!(code(" \u{a0}\t"), FieldErrorCode::Empty);
        assert_eq!(code("a\nb"), FieldErrorCode::InvalidCharacters);
    }

    #[test]
    fn a_page_ends_with_a_cursor_where_there_is_more() {
        let page = |found: Vec<u8>, limit| {
            let page = Page::cut(found, limit, |item| *item);
            (page.items, page.next)
        };
        assert_eq!(page(vec![1, 2, 3], 2), (vec![1, 2], Some(2)));
        assert_eq!(page(vec![1, 2], 2), (vec![1, 2], None));
        assert_eq!(page(vec![], 2), (vec![], None));
    }
}
