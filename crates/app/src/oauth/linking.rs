use archon_domain::{
    IdentityLink, LinkRight, LinkedIdentity, Linking, OauthPurpose, StoreError, StoreErrorKind, User,
};
use thiserror::Error;

use super::callback::Failure;
use super::who::linked;
use super::{BeginOauth, BeginOauthError, BegunOauth, CallbackError, ProviderCallback, RedirectTarget};
use crate::{Auth, Caller, Fault, ProfileError};

/// Why nobody can be sent to a provider to link it.
#[derive(Debug, Error)]
pub enum BeginLinkingError {
    /// The account's address must be verified first.
    #[error("the address is not verified")]
    EmailNotVerified,
    /// The account was deleted a moment ago.
    #[error("the account is gone")]
    AccountGone,
    /// The flow cannot begin.
    #[error(transparent)]
    Begin(#[from] BeginOauthError),
}

/// Why no provider was linked.
#[derive(Debug, Error)]
pub enum LinkProviderError {
    /// The callback does not say who the user is to the provider.
    #[error(transparent)]
    Callback(#[from] CallbackError),
    /// The account's address must be verified first.
    #[error("the address is not verified")]
    EmailNotVerified,
    /// The identity is another account's.
    #[error("the identity is another account's")]
    IdentityTaken,
    /// The account was deleted a moment ago.
    #[error("the account is gone")]
    AccountGone,
}

impl Auth {
    /// Begins to link a provider to the caller's account.
    ///
    /// Only who has proved the account's address can: whoever opened it with somebody else's must not leave
    /// a way in behind for when that person takes it over (the Trojan identifier attack; Sudhodanan and Paverd,
    /// "Pre-hijacked accounts", USENIX Security 2022).
    ///
    /// # Errors
    /// See [`BeginLinkingError`]; nothing is remembered then.
    pub async fn begin_linking(
        &self,
        caller: &Caller,
        provider: String,
        redirect: RedirectTarget,
    ) -> Result<BegunOauth, BeginLinkingError> {
        let user = self.profile(caller).await?;
        if !user.email_verified() {
            return Err(BeginLinkingError::EmailNotVerified);
        }
        let purpose = OauthPurpose::Link(user.id);
        let client = caller.client.clone();
        Ok(self.begin_oauth(BeginOauth { provider, redirect, purpose, client }).await?)
    }

    /// Links the identity that a callback brings to the caller's account; one that is linked to it already is
    /// named as it is.
    ///
    /// # Errors
    /// See [`LinkProviderError`]; nothing is linked then.
    pub async fn link_provider(
        &self,
        caller: &Caller,
        callback: ProviderCallback,
    ) -> Result<LinkedIdentity, LinkProviderError> {
        let outcome = self.try_link(caller, &callback).await;
        match &outcome {
            Ok((_, Linked::Anew)) => {
                self.count_oauth(&callback.provider, "linked_by_user");
                self.record_link(&callback.provider, caller.user, &callback.client).await;
            }
            Ok((_, Linked::Before)) => self.count_oauth(&callback.provider, "linked_before"),
            Err(error) => {
                self.record_oauth_failure(&callback, failure_of(error), Some(caller.user)).await;
            }
        }
        outcome.map(|(identity, _)| identity)
    }

    async fn try_link(
        &self,
        caller: &Caller,
        callback: &ProviderCallback,
    ) -> Result<(LinkedIdentity, Linked), LinkProviderError> {
        let identity = self.identify(callback, OauthPurpose::Link(caller.user)).await?;
        let user = self.profile(caller).await?;
        if !user.email_verified() {
            return Err(LinkProviderError::EmailNotVerified);
        }
        let now = self.now();
        let identity = linked(&identity, user.id, now);
        let link = IdentityLink { identity: identity.clone(), right: LinkRight::LoggedIn, mails: Vec::new() };
        match self.ports.identities.link(link, now).await? {
            Linking::Linked { .. } => Ok((identity, Linked::Anew)),
            Linking::AlreadyLinked(owner) if owner == user.id => self.linked_before(&user, &identity).await,
            Linking::AlreadyLinked(_) => Err(LinkProviderError::IdentityTaken),
            Linking::NoAccount => Err(LinkProviderError::AccountGone),
        }
    }

    async fn linked_before(
        &self,
        user: &User,
        identity: &LinkedIdentity,
    ) -> Result<(LinkedIdentity, Linked), LinkProviderError> {
        let found = self.ports.identities.find(&identity.provider, &identity.subject).await?;
        match found.filter(|found| found.user == user.id) {
            Some(found) => Ok((found, Linked::Before)),
            // It was unlinked a moment ago.
            None => Err(StoreError::new(StoreErrorKind::Conflict, "link a provider").into()),
        }
    }
}

/// Since when an identity is linked.
enum Linked {
    Anew,
    Before,
}

fn failure_of(error: &LinkProviderError) -> Failure {
    match error {
        LinkProviderError::Callback(error) => error.into(),
        LinkProviderError::EmailNotVerified => Failure::because("email_not_verified"),
        LinkProviderError::IdentityTaken => Failure::because("identity_taken"),
        LinkProviderError::AccountGone => Failure::because("account_gone"),
    }
}

impl From<ProfileError> for BeginLinkingError {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::AccountGone => Self::AccountGone,
            ProfileError::Fault(fault) => Self::Begin(fault.into()),
        }
    }
}

impl From<ProfileError> for LinkProviderError {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::AccountGone => Self::AccountGone,
            ProfileError::Fault(fault) => Self::Callback(fault.into()),
        }
    }
}

impl From<StoreError> for LinkProviderError {
    fn from(error: StoreError) -> Self {
        Self::Callback(Fault::from(error).into())
    }
}
