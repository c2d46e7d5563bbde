use std::collections::BTreeMap;

use archon_domain::Instant;
use minijinja::{Value, context};

use super::words::{in_so_long, sentence};
use crate::problem::Problem;
use crate::templates::LABELS;

/// What is wrong with a form, in words for people.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The precise cause, by which templates offer a way out.
    code: &'static str,
    /// What is wrong with the whole.
    general: Vec<String>,
    /// What is wrong with each field.
    fields: BTreeMap<String, Vec<String>>,
}

impl Refusal {
    pub(crate) fn of(problem: &Problem, now: Instant) -> Self {
        let mut refusal = Self { code: problem.code, general: Vec::new(), fields: BTreeMap::new() };
        match own_words(problem, now) {
            Some((Some(field), words)) => refusal.add(field, words),
            Some((None, words)) => refusal.general.push(words),
            None => {
                for detail in &problem.details {
                    refusal.add(&detail.field, sentence(&detail.message));
                }
                if problem.details.is_empty() {
                    refusal.general.push(sentence(&problem.message));
                }
            }
        }
        refusal
    }

    /// The same for what was refused with a provider, which is called by its name.
    pub(crate) fn by(provider: &str, problem: &Problem, now: Instant) -> Self {
        match words_of_provider(provider, problem, now) {
            Some(words) => Self { code: problem.code, general: vec![words], fields: BTreeMap::new() },
            None => Self::of(problem, now),
        }
    }

    /// What templates see.
    pub(crate) fn into_value(self) -> Value {
        let Self { code, general, fields } = self;
        context! { code, general, fields }
    }

    fn add(&mut self, field: &str, words: String) {
        if LABELS.iter().any(|(name, _)| *name == field) {
            self.fields.entry(field.to_owned()).or_default().push(words);
        } else {
            self.general.push(format!("{field}: {words}"));
        }
    }
}

/// What the pages say where the API speaks to programs, and which field it is about.
fn own_words(problem: &Problem, now: Instant) -> Option<(Option<&str>, String)> {
    let field = problem.details.first().map(|detail| &*detail.field);
    let wait = problem.retry_after.map_or(0, |retry_after| retry_after.seconds(now));
    let soon = in_so_long(wait, now);
    let (field, words) = match problem.code {
        "INVALID_CREDENTIALS" if field.is_some() => (field, "Is not your current password.".to_owned()),
        "INVALID_CREDENTIALS" => (None, "The e-mail address or the password is wrong.".to_owned()),
        "EMAIL_EXISTS" => (Some("email"), "Has an account already.".to_owned()),
        "PASSWORD_REUSED" => (field, "Must be one that you have not used here before.".to_owned()),
        "PASSWORD_CHANGED" => {
            (None, "Your password was changed elsewhere a moment ago. Use the new one.".to_owned())
        }
        "EMAIL_NOT_VERIFIED" => {
            let way_out = problem.details.first().map_or("", |detail| &*detail.message);
            (None, format!("Your e-mail address is not verified yet. {}", sentence(way_out)))
        }
        "ACCOUNT_DISABLED" => {
            (None, "This account is closed. Ask the operator of this service for help.".to_owned())
        }
        "SESSION_LIMIT_REACHED" => (
            None,
            "You are signed in on as many devices as allowed. Sign out on one of them first.".to_owned(),
        ),
        "ACCOUNT_LOCKED" => {
            (None, format!("Too many attempts have failed, so this account is locked. Try again {soon}."))
        }
        "ADDRESS_BLOCKED" => {
            (None, format!("Your network is blocked for a while. Try again {soon}, or from another network."))
        }
        "RATE_LIMIT_EXCEEDED" => (None, format!("That was too often. Try again {soon}.")),
        "SERVICE_UNAVAILABLE" => {
            (None, format!("The service is busy, and nothing was done. Try again {soon}."))
        }
        "INTERNAL_ERROR" => (None, "Something went wrong on our side. Try again in a while.".to_owned()),
        _ => return words_for_operators(problem),
    };
    Some((field, words))
}

/// The same of what an administrator has asked for at the console.
fn words_for_operators(problem: &Problem) -> Option<(Option<&str>, String)> {
    let (field, words) = match problem.code {
        "LAST_ADMINISTRATOR" => (
            None,
            "This is the last active administrator, and nobody could administer the service any more. Make another \
             account an administrator first."
                .to_owned(),
        ),
        "KEYS_FROM_FILES" => {
            let way_out = problem.details.first().map_or("", |detail| &*detail.message);
            (None, format!("The signing keys come from files of the operator. {}", sentence(way_out)))
        }
        "OWN_ADDRESS" => (
            Some("address"),
            "Is your own address: you could not log in again. Block it from another network, if it must be."
                .to_owned(),
        ),
        "ADDRESS_NOT_BLOCKED" => (None, "This address is not blocked any more.".to_owned()),
        "USER_NOT_FOUND" => (None, "There is no such account any more.".to_owned()),
        "SESSION_NOT_FOUND" => (None, "This session is over already.".to_owned()),
        "MAIL_NOT_FOUND" => (None, "This mail is not among those that were given up any more.".to_owned()),
        "INVALID_CURSOR" => {
            (None, "This page of the list is not to be found any more. Begin at the first page.".to_owned())
        }
        _ => return None,
    };
    Some((field, words))
}

/// What the pages say of a log-in or a link with a provider that came to nothing.
fn words_of_provider(provider: &str, problem: &Problem, now: Instant) -> Option<String> {
    let wait = problem.retry_after.map(|retry_after| retry_after.seconds(now));
    let later = wait.map_or_else(|| "in a while".to_owned(), |seconds| in_so_long(seconds, now));
    Some(match problem.code {
        "UNKNOWN_PROVIDER" | "PROVIDER_NOT_CONFIGURED" => {
            "Nobody can log in with that provider here.".to_owned()
        }
        "INVALID_STATE" => format!(
            "What {provider} has sent along cannot be used here: you were away for too long, it was used before, \
             or it was begun in another browser or tab. Begin again."
        ),
        "VALIDATION_ERROR" => {
            format!("What {provider} has sent along is not what it should be. Begin again.")
        }
        "OAUTH_DENIED" => format!("You have cancelled at {provider}. Nothing was done."),
        "OAUTH_CODE_REFUSED" => format!("{provider} has not let you through this time. Begin again."),
        "PROVIDER_ERROR" => {
            format!("{provider} does not answer as it should. Nothing was done. Try again {later}.")
        }
        "OAUTH_EMAIL_REQUIRED" => format!(
            "{provider} has not told your e-mail address, and an account needs one. Let {provider} share it, then \
             begin again."
        ),
        "ACCOUNT_EXISTS" => format!(
            "There is an account with the e-mail address that {provider} has told, and {provider} does not vouch \
             that the address is yours. Sign in as usual, then link {provider} among your ways to log in."
        ),
        "IDENTITY_TAKEN" => format!(
            "Your account at {provider} is linked to another account here. To link it to this one, sign in with \
             {provider}, unlink it there, and come back."
        ),
        "LAST_WAY_IN" => format!(
            "{provider} is your only way to log in, so it stays linked. Set a password or link another provider \
             first."
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use archon_app::{
        BeginOauthError, CallbackError, LinkProviderError, LogInError, ProviderLogInError, UnlinkError,
    };
    use archon_domain::{ProviderError, ProviderFault, ProviderStep};

    use super::*;

    #[test]
    fn what_came_to_nothing_with_a_provider_is_told_to_people() {
        let fault = |fault| Problem::from(ProviderError::new(ProviderStep::Keys, fault, "for the log only"));
        let refused = LogInError::EmailNotVerified { mail_sent: true };
        let problems = [
            BeginOauthError::UnknownProvider.into(),
            BeginOauthError::NotConfigured.into(),
            CallbackError::Denied.into(),
            CallbackError::NotConfigured.into(),
            fault(ProviderFault::Refused),
            fault(ProviderFault::Misconfigured),
            fault(ProviderFault::InvalidAnswer),
            fault(ProviderFault::Unavailable { retry_after: None }),
            ProviderLogInError::EmailRequired.into(),
            ProviderLogInError::AccountExists.into(),
            ProviderLogInError::LogIn(refused).into(),
            ProviderLogInError::LogIn(LogInError::AccountDisabled).into(),
            ProviderLogInError::LogIn(LogInError::SessionLimitReached).into(),
            LinkProviderError::IdentityTaken.into(),
            UnlinkError::LastWayIn.into(),
            Problem::bad_request("INVALID_STATE", "Invalid state parameter"),
        ];
        for problem in problems {
            let Refusal { general, fields, .. } = Refusal::by("Google", &problem, Instant::UNIX_EPOCH);
            let [words] = &general[..] else { panic!("{}: {general:?} {fields:?}", problem.code) };
            assert!(fields.is_empty() && words.ends_with('.'), "{words}");
            assert_ne!(*words, sentence(&problem.message), "these words are for programs");
            for internal in ["/auth/", "_", "signing keys", "log only", "token"] {
                assert!(!words.contains(internal), "{internal}: {words}");
            }
        }
    }
}
