use archon_domain::{
    AccountOpening, Client, Email, EventKind, ExternalIdentity, IdentityLink, Instant, LinkRight,
    LinkedIdentity, Linking, MailMessage, Metadata, NewAccount, Notice, OauthPurpose, PersonName, Role,
    SessionId, StoreError, StoreErrorKind, TerminationReason, User, UserId, UserStatus,
};
use thiserror::Error;

use super::callback::Failure;
use super::{CallbackError, ProviderCallback};
use crate::log_in::Proof;
use crate::recorder::Happening;
use crate::register::Verification;
use crate::{Auth, Fault, LogInError, LoggedIn};

/// How often it is asked anew who the user is because something changed meanwhile.
const LOOKS: usize = 3;

/// Why nobody was logged in with a provider.
#[derive(Debug, Error)]
pub enum ProviderLogInError {
    /// The callback does not say who it is.
    #[error(transparent)]
    Callback(#[from] CallbackError),
    /// The provider tells no address, and nobody has linked this identity.
    #[error("the provider tells no address")]
    EmailRequired,
    /// An account has the address, and the provider does not vouch that it is this user's.
    #[error("an account has an address that the provider does not vouch for")]
    AccountExists,
    /// The account takes no log-in.
    #[error(transparent)]
    LogIn(#[from] LogInError),
}

/// How an identity came to its account.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// It was linked before.
    Known,
    /// It was linked to the account that has its address.
    Linked,
    /// So it was, and the account taken back from whoever had opened it without proving the address.
    Reclaimed,
    /// The account was opened for it.
    Opened,
}

impl Way {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Linked => "linked",
            Self::Reclaimed => "reclaimed",
            Self::Opened => "opened",
        }
    }
}

/// Why an identity opens no account, and whose that is.
struct Refused {
    error: ProviderLogInError,
    user: Option<UserId>,
}

impl Auth {
    /// Logs in the user whom a provider has sent back; opens an account for who has none.
    ///
    /// The lock of failed log-ins is about guessed passwords and does not stand in the way.
    ///
    /// # Errors
    /// See [`ProviderLogInError`]; no session is opened then.
    pub async fn log_in_with_provider(
        &self,
        callback: ProviderCallback,
    ) -> Result<LoggedIn, ProviderLogInError> {
        match self.try_log_in_with_provider(&callback).await {
            Ok((logged_in, way)) => {
                self.count_oauth(&callback.provider, way.as_str());
                let login = Happening::new(EventKind::OauthLogin)
                    .user(logged_in.user.id)
                    .session(&logged_in.session.id)
                    .client(&callback.client)
                    .detail("provider", callback.provider)
                    .detail("how", way.as_str());
                self.recorder.record(login).await;
                Ok(logged_in)
            }
            Err(Refused { error, user }) => {
                self.record_oauth_failure(&callback, failure_of(&error), user).await;
                Err(error)
            }
        }
    }

    async fn try_log_in_with_provider(
        &self,
        callback: &ProviderCallback,
    ) -> Result<(LoggedIn, Way), Refused> {
        let identity = self.identify(callback, OauthPurpose::LogIn).await?;
        let client = &callback.client;
        for _ in 0..LOOKS {
            let Some((user, way)) = self.account_of(&identity, client).await? else { continue };
            match self.start_session(&user, Proof::Identity(&identity), false, client).await {
                Ok(Some(logged_in)) => return Ok((logged_in, way)),
                Ok(None) => {}
                Err(error) => return Err(Refused { error: error.into(), user: Some(user.id) }),
            }
        }
        Err(StoreError::new(StoreErrorKind::Conflict, "log in with a provider").into())
    }

    /// Whose account an identity opens; `None` when somebody else was faster, so that it must be asked anew.
    async fn account_of(
        &self,
        identity: &ExternalIdentity,
        client: &Client,
    ) -> Result<Option<(User, Way)>, Refused> {
        if let Some(linked) = self.ports.identities.find(&identity.provider, &identity.subject).await? {
            let Some(user) = self.ports.users.find(linked.user).await? else { return Ok(None) };
            return match self.may_log_in(&user).await {
                Ok(()) => Ok(Some((user, Way::Known))),
                Err(error) => Err(Refused { error: error.into(), user: Some(user.id) }),
            };
        }
        let Some(email) = &identity.email else { return Err(ProviderLogInError::EmailRequired.into()) };
        match self.ports.users.find_by_email(email.key()).await? {
            Some(user) => self.link_by_address(identity, &user, client).await,
            None => self.open_with_identity(identity, email, client).await,
        }
    }

    /// Links an identity to the account that has its address, if the provider vouches for that.
    async fn link_by_address(
        &self,
        identity: &ExternalIdentity,
        user: &User,
        client: &Client,
    ) -> Result<Option<(User, Way)>, Refused> {
        let refused = |error| Err(Refused { error, user: Some(user.id) });
        if !identity.email_verified {
            return refused(ProviderLogInError::AccountExists);
        }
        if user.status == UserStatus::Disabled {
            return refused(LogInError::AccountDisabled.into());
        }
        let now = self.now();
        let link = IdentityLink {
            identity: linked(identity, user.id, now),
            right: LinkRight::ProvedAddress,
            mails: Vec::new(),
        };
        let reclaimed = match self.ports.identities.link(link, now).await? {
            Linking::Linked { reclaimed } => reclaimed,
            Linking::AlreadyLinked(_) | Linking::NoAccount => return Ok(None),
        };
        self.record_link(&identity.provider, user.id, client).await;
        let way = match reclaimed {
            Some(ended) => {
                self.record_reclaim(user.id, &ended, client).await;
                Way::Reclaimed
            }
            None => Way::Linked,
        };
        Ok(self.ports.users.find(user.id).await?.map(|user| (user, way)))
    }

    async fn record_reclaim(&self, user: UserId, ended: &[SessionId], client: &Client) {
        let verified = Happening::new(EventKind::EmailVerified).user(user).client(client);
        self.recorder.record(verified).await;
        self.record_terminations(ended, user, TerminationReason::PasswordChanged, Some(client)).await;
    }

    /// Opens an account that is logged in to with the identity only.
    async fn open_with_identity(
        &self,
        identity: &ExternalIdentity,
        email: &Email,
        client: &Client,
    ) -> Result<Option<(User, Way)>, Refused> {
        let now = self.now();
        let user = User {
            id: UserId::generate(now, &*self.ports.entropy),
            email: email.clone(),
            name: name_of(identity, email),
            password: None,
            email_verified_at: identity.email_verified.then_some(now),
            roles: [Role::user()].into(),
            status: UserStatus::Active,
            metadata: Metadata::default(),
            created_at: now,
            updated_at: now,
            last_login_at: None,
            attempts_void_before: now,
        };
        if !self.store_with_identity(&user, linked(identity, user.id, now)).await? {
            return Ok(None);
        }
        self.record_opening(&user, &identity.provider, client).await;
        if self.policy.require_verified_email && !user.email_verified() {
            // The mail with the link has just been queued with the account.
            let error = LogInError::EmailNotVerified { mail_sent: true }.into();
            return Err(Refused { error, user: Some(user.id) });
        }
        Ok(Some((user, Way::Opened)))
    }

    /// Stores the account with its identity and mails; false when the address or the identity is taken by now.
    async fn store_with_identity(&self, user: &User, identity: LinkedIdentity) -> Result<bool, StoreError> {
        let now = user.created_at;
        let welcome = self.mail_to(user, MailMessage::Welcome, now);
        let mut account = NewAccount {
            user: user.clone(),
            verification: None,
            identity: Some(identity),
            mails: vec![welcome],
        };
        let mut notice = None;
        if !user.email_verified() {
            let Verification { token, issued, mail } = self.verification_for(user, now);
            account.mails.insert(0, mail);
            account.verification = Some(issued.clone());
            notice = Some(Notice::TokenIssued { token, issued });
        }
        match self.ports.users.open_account(account).await? {
            AccountOpening::Opened => {
                self.mail_queued.notify_one();
                notice.into_iter().for_each(|notice| self.ports.notices.post(notice));
                Ok(true)
            }
            AccountOpening::EmailTaken | AccountOpening::IdentityTaken => Ok(false),
        }
    }

    async fn record_opening(&self, user: &User, provider: &str, client: &Client) {
        let registered = Happening::new(EventKind::Registered).user(user.id).client(client);
        self.recorder.record(registered.detail("provider", provider)).await;
        self.record_link(provider, user.id, client).await;
        if user.email_verified() {
            let verified = Happening::new(EventKind::EmailVerified).user(user.id).client(client);
            self.recorder.record(verified).await;
        }
    }

    /// Records that an identity was linked to an account.
    pub(super) async fn record_link(&self, provider: &str, user: UserId, client: &Client) {
        let linked = Happening::new(EventKind::IdentityLinked).user(user).client(client);
        self.recorder.record(linked.detail("provider", provider)).await;
    }
}

/// An identity as it is stored with an account.
pub(super) fn linked(identity: &ExternalIdentity, user: UserId, now: Instant) -> LinkedIdentity {
    LinkedIdentity {
        user,
        provider: identity.provider.clone(),
        subject: identity.subject.clone(),
        email: identity.email.as_ref().map(|email| email.as_typed().to_owned()),
        created_at: now,
    }
}

/// What the provider calls the user, or what stands before the address's `@`.
fn name_of(identity: &ExternalIdentity, email: &Email) -> PersonName {
    identity.name.clone().unwrap_or_else(|| PersonName::from_address(email))
}

fn failure_of(error: &ProviderLogInError) -> Failure {
    match error {
        ProviderLogInError::Callback(error) => error.into(),
        ProviderLogInError::EmailRequired => Failure::because("email_required"),
        ProviderLogInError::AccountExists => Failure::because("account_exists"),
        ProviderLogInError::LogIn(error) => Failure::because(error.word()),
    }
}

impl From<ProviderLogInError> for Refused {
    fn from(error: ProviderLogInError) -> Self {
        Self { error, user: None }
    }
}

impl From<CallbackError> for Refused {
    fn from(error: CallbackError) -> Self {
        ProviderLogInError::from(error).into()
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        ProviderLogInError::from(LogInError::from(Fault::from(error))).into()
    }
}
