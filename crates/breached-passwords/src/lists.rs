use std::sync::Arc;

use archon_domain::Password;
use archon_domain::ports::{BreachLookupError, BreachedPasswords};
use async_trait::async_trait;

/// Several lists that are asked in turn, the nearest first.
///
/// The first that knows the password ends the search. A list that cannot be asked keeps no other from being
/// asked; only if none of them knows the password, nobody can say no.
pub struct Lists(Vec<Arc<dyn BreachedPasswords>>);

impl Lists {
    /// Lists in the order in which they are asked.
    #[must_use]
    pub fn new(lists: Vec<Arc<dyn BreachedPasswords>>) -> Self {
        Self(lists)
    }
}

#[async_trait]
impl BreachedPasswords for Lists {
    async fn contains(&self, password: &Password) -> Result<bool, BreachLookupError> {
        let mut failures = Vec::new();
        for list in &self.0 {
            match list.contains(password).await {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(BreachLookupError(failure)) => failures.push(failure),
            }
        }
        if failures.is_empty() { Ok(false) } else { Err(BreachLookupError(failures.join("; "))) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// A list that always answers the same, and how often it was asked.
    struct Fixed(Result<bool, &'static str>, AtomicUsize);

    #[async_trait]
    impl BreachedPasswords for Fixed {
        async fn contains(&self, _: &Password) -> Result<bool, BreachLookupError> {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.map_err(|failure| BreachLookupError(failure.to_owned()))
        }
    }

    /// What is answered, and by how many lists.
    async fn ask(answers: &[Result<bool, &'static str>]) -> (Result<bool, String>, usize) {
        let fixed: Vec<_> =
            answers.iter().map(|answer| Arc::new(Fixed(*answer, AtomicUsize::new(0)))).collect();
        let lists = Lists::new(fixed.iter().map(|list| Arc::clone(list) as _).collect());
        let answer = lists.contains(&Password::new("SecurePass123!")).await;
        let asked = fixed.iter().map(|list| list.1.load(Ordering::Relaxed)).sum();
        (answer.map_err(|error| error.to_string()), asked)
    }

    #[tokio::test]
    async fn the_first_that_knows_the_password_ends_the_search() {
        assert_eq!(ask(&[]).await, (Ok(false), 0));
        assert_eq!(ask(&[Ok(false), Ok(false)]).await, (Ok(false), 2));
        assert_eq!(ask(&[Ok(true), Ok(false)]).await, (Ok(true), 1));
        assert_eq!(ask(&[Ok(false), Ok(true)]).await, (Ok(true), 2));
    }

    #[tokio::test]
    async fn a_yes_counts_whatever_else_fails_and_a_no_does_not() {
        assert_eq!(ask(&[Err("no file"), Ok(true)]).await, (Ok(true), 2));
        assert_eq!(ask(&[Ok(true), Err("no answer")]).await, (Ok(true), 1));
        assert_eq!(ask(&[Err("no file"), Ok(false)]).await, (Err("no file".into()), 2));
        assert_eq!(ask(&[Ok(false), Err("no answer")]).await, (Err("no answer".into()), 2));
        let both = ask(&[Err("no file"), Err("no answer")]).await;
        assert_eq!(both, (Err("no file; no answer".into()), 2));
    }
}
