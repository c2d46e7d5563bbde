use archon_domain::{Amended, Amendment, EventKind, Metadata, PersonName, User};
use thiserror::Error;

use crate::recorder::Happening;
use crate::{Auth, Caller, Fault};

/// Change the caller's profile; what is `None` stays.
#[derive(Debug)]
pub struct UpdateProfile {
    /// The new name.
    pub name: Option<PersonName>,
    /// The new metadata, in place of all of the old.
    pub metadata: Option<Metadata>,
}

/// Why there is no profile.
#[derive(Debug, Error)]
pub enum ProfileError {
    /// The account was deleted a moment ago.
    #[error("the account is gone")]
    AccountGone,
    /// The service could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Auth {
    /// The caller's own account.
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub(crate) async fn profile(&self, caller: &Caller) -> Result<User, ProfileError> {
        let user = self.ports.users.find(caller.user).await.map_err(Fault::from)?;
        user.ok_or(ProfileError::AccountGone)
    }

    /// Changes the caller's name and metadata.
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub async fn update_profile(&self, caller: &Caller, update: UpdateProfile) -> Result<User, ProfileError> {
        let UpdateProfile { name, metadata } = update;
        if name.is_none() && metadata.is_none() {
            return self.profile(caller).await;
        }
        let amendment = Amendment::Profile { name, metadata };
        let amended =
            self.ports.users.amend(caller.user, amendment, self.now()).await.map_err(Fault::from)?;
        let changed = Happening::new(EventKind::ProfileChanged).user(caller.user).session(&caller.session.id);
        self.recorder.record(changed.client(&caller.client)).await;
        match amended {
            Amended::Changed(user) => Ok(*user),
            // Nobody ceases to be an administrator by a new name.
            Amended::Unknown | Amended::LastAdministrator => Err(ProfileError::AccountGone),
        }
    }
}
