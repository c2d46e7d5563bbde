use archon_domain::{Role, User, UserStatus};
use thiserror::Error;

use crate::{Auth, Caller, Fault};

/// A caller who has proved to be an administrator. Only [`Auth::administrator`] and
/// [`Auth::administrator_of_pages`] make one.
#[derive(Debug, Clone)]
pub struct Administrator(Box<Caller>);

/// Why a caller does not administer.
#[derive(Debug, Error)]
pub enum AdministratorError {
    /// The token or the account has not the role `admin`, or the account is shut.
    #[error("the caller is no administrator")]
    Forbidden,
    /// The service could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Administrator {
    /// Who it is.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.0
    }
}

impl Auth {
    /// Says that a caller with an access token administers: the token says so, and the account still does. The
    /// account is read each time, so that who was an administrator a moment ago is none any more.
    ///
    /// # Errors
    /// See [`AdministratorError`].
    pub async fn administrator(&self, caller: Caller) -> Result<Administrator, AdministratorError> {
        if !caller.roles.contains(&Role::admin()) {
            return Err(AdministratorError::Forbidden);
        }
        self.administrator_of_pages(caller).await
    }

    /// The same for a caller of the service's own pages, whose tokens say nothing of roles: the account decides.
    ///
    /// # Errors
    /// See [`AdministratorError`].
    pub async fn administrator_of_pages(&self, caller: Caller) -> Result<Administrator, AdministratorError> {
        let user = self.ports.users.find(caller.user).await.map_err(Fault::from)?;
        let administers = |user: &User| user.is_administrator() && user.status == UserStatus::Active;
        match user.filter(administers) {
            Some(_) => Ok(Administrator(Box::new(caller))),
            None => Err(AdministratorError::Forbidden),
        }
    }
}
