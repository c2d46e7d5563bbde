use archon_domain::{EventKind, LinkedIdentity, Unlinking};
use thiserror::Error;

use crate::recorder::Happening;
use crate::{Auth, Caller, Fault, ProfileError};

/// Why a provider was not unlinked.
#[derive(Debug, Error)]
pub enum UnlinkError {
    /// It is not linked to the account.
    #[error("the provider is not linked")]
    NotLinked,
    /// Nobody could log in to the account any more.
    #[error("the provider is the last way to log in")]
    LastWayIn,
    /// The service could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Auth {
    /// Who the caller is to providers, the first linked first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn identities(&self, caller: &Caller) -> Result<Vec<LinkedIdentity>, Fault> {
        Ok(self.ports.identities.list(caller.user).await?)
    }

    /// Whether the caller can log in with a password.
    ///
    /// # Errors
    /// See [`ProfileError`].
    pub async fn has_password(&self, caller: &Caller) -> Result<bool, ProfileError> {
        Ok(self.profile(caller).await?.password.is_some())
    }

    /// Removes every identity of a provider from the caller's account.
    ///
    /// # Errors
    /// See [`UnlinkError`]; nothing is changed then.
    pub async fn unlink_provider(&self, caller: &Caller, provider: &str) -> Result<(), UnlinkError> {
        let outcome = self.ports.identities.unlink(caller.user, provider).await.map_err(Fault::from)?;
        let gone = match outcome {
            Unlinking::Unlinked(gone) => gone,
            Unlinking::NotLinked => return Err(UnlinkError::NotLinked),
            Unlinking::LastWayIn => return Err(UnlinkError::LastWayIn),
        };
        for identity in gone {
            let unlinked = Happening::new(EventKind::IdentityUnlinked)
                .user(caller.user)
                .session(&caller.session.id)
                .client(&caller.client);
            self.recorder.record(unlinked.detail("provider", identity.provider)).await;
        }
        Ok(())
    }
}
