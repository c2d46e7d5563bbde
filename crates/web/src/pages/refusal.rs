use std::collections::BTreeMap;

use archon_domain::Instant;
use minijinja::{Value, context};

use super::words::{in_so_long, sentence};
use crate::problem::Problem;
use crate::templates::LABELS;

/// What is wrong with a form, in words for people.
#[derive(Debug)]
pub(super) struct Refusal {
    /// The precise cause, by which templates offer a way out.
    code: &'static str,
    /// What is wrong with the whole.
    general: Vec<String>,
    /// What is wrong with each field.
    fields: BTreeMap<String, Vec<String>>,
}

impl Refusal {
    pub(super) fn of(problem: &Problem, now: Instant) -> Self {
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

    /// What templates see.
    pub(super) fn into_value(self) -> Value {
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
        "INVALID_CREDENTIALS" => (None, "The email address or the password is wrong.".to_owned()),
        "EMAIL_EXISTS" => (Some("email"), "Has an account already.".to_owned()),
        "PASSWORD_REUSED" => (field, "Must be one that you have not used here before.".to_owned()),
        "PASSWORD_CHANGED" => {
            (None, "Your password was changed elsewhere a moment ago. Use the new one.".to_owned())
        }
        "EMAIL_NOT_VERIFIED" => {
            let way_out = problem.details.first().map_or("", |detail| &*detail.message);
            (None, format!("Your email address is not verified yet. {}", sentence(way_out)))
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
        "RATE_LIMIT_EXCEEDED" => (None, format!("That was too often. Try again {soon}.")),
        "SERVICE_UNAVAILABLE" => {
            (None, format!("The service is busy, and nothing was done. Try again {soon}."))
        }
        "INTERNAL_ERROR" => (None, "Something went wrong on our side. Try again in a while.".to_owned()),
        _ => return None,
    };
    Some((field, words))
}
