//! What every new password goes through, whoever sets it.

use archon_domain::{FieldError, FieldErrorCode, NewPassword, Password, PasswordHash, User};

use crate::{Auth, Fault};

/// What the field is called in which a present password is replaced.
pub(crate) const NEW_PASSWORD: &str = "new_password";

/// Why a new password is not taken.
pub(crate) enum NewPasswordError {
    /// It was made public.
    Weak(Vec<FieldError>),
    /// It is one of the user's latest.
    Reused,
    /// It could not be judged or hashed.
    Fault(Fault),
}

impl Auth {
    /// Judges a new password of `user` by the rules, which costs nothing and asks nobody.
    pub(crate) fn judge_new_password(
        &self,
        user: &User,
        new: &Password,
    ) -> Result<NewPassword, Vec<FieldError>> {
        self.policy.passwords.accept(NEW_PASSWORD, new.clone(), Some(&user.email), Some(&user.name))
    }

    /// Hashes a new password that was not made public and is none of the user's latest.
    pub(crate) async fn hash_unused(
        &self,
        user: &User,
        new: &NewPassword,
    ) -> Result<PasswordHash, NewPasswordError> {
        self.refuse_breached(NEW_PASSWORD, new).await.map_err(NewPasswordError::Weak)?;
        let depth = self.policy.password_history;
        let history = self.ports.credentials.password_history(user.id, depth).await.map_err(Fault::from)?;
        for old in &history {
            let check = self.ports.passwords.verify(new.password(), Some(old)).await.map_err(Fault::from)?;
            if check.is_right() {
                return Err(NewPasswordError::Reused);
            }
        }
        Ok(self.ports.passwords.hash(new.password()).await.map_err(Fault::from)?)
    }

    /// Refuses a password that was made public, where the deployment looks that up.
    ///
    /// A look-up that fails refuses nobody: whoever can keep it from its answer must not keep users from
    /// setting passwords.
    pub(crate) async fn refuse_breached(
        &self,
        field: &'static str,
        new: &NewPassword,
    ) -> Result<(), Vec<FieldError>> {
        let Some(breached) = &self.ports.breached_passwords else { return Ok(()) };
        let looked_up = breached.contains(new.password()).await;
        let outcome = match &looked_up {
            Ok(true) => "found",
            Ok(false) => "not_found",
            Err(_) => "failed",
        };
        metrics::counter!("archon_breached_lookups_total", "outcome" => outcome).increment(1);
        match looked_up {
            Ok(true) => {
                let message = "was made public in a data breach; choose another one";
                Err(vec![FieldError::new(field, FieldErrorCode::WeakPassword, message)])
            }
            Ok(false) => Ok(()),
            Err(error) => {
                tracing::warn!(%error, "a new password was not looked up among breached ones, and is taken");
                Ok(())
            }
        }
    }
}

impl From<Fault> for NewPasswordError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
